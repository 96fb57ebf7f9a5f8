"""What both sides of OpenID Connect compute alike: base64url, a PKCE challenge, an `at_hash`."""

from __future__ import annotations

import base64
import hashlib


def base64url(data: bytes) -> str:
    """RFC 7515 section 2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """The S256 `code_challenge` of a `code_verifier` (RFC 7636 section 4.2)."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def half_hash(token: str) -> str:
    """The `at_hash` of an access token: the left half of its SHA-256, for RS256 and ES256 (OpenID Connect Core section 3.1.3.6)."""
    return base64url(hashlib.sha256(token.encode()).digest()[:16])
