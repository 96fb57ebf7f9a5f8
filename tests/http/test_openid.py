from __future__ import annotations

from runtime.http.openid import base64url, challenge_of, half_hash


def test_the_examples_of_the_specifications():
    """RFC 7515 appendix C, RFC 7636 appendix B, and OpenID Connect Core appendix A.3 (an ID token of code and token)."""
    assert base64url(bytes([3, 236, 255, 224, 193])) == "A-z_4ME"
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"
