"""Opening the token server: its address, its settings, whom it makes others trust."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import SettingsError
from runtime.issuer.issuer import issuer_url, local_jwks_url, open_issuer, own_trust
from runtime.issuer_settings import Issuer as IssuerSettings


@pytest.mark.parametrize(
    "settings, url",
    [
        (IssuerSettings(), "http://127.0.0.1:8081"),
        (IssuerSettings(host="::1", port=9), "http://[::1]:9"),
        (IssuerSettings(url="https://login.example.com/"), "https://login.example.com"),
        (IssuerSettings(url="https://example.com/tenant", port=0), "https://example.com/tenant"),
    ],
)
def test_the_address_has_no_slash(settings, url):
    """`iss` adds the one that the contract wants."""
    assert issuer_url(settings) == url


@pytest.mark.parametrize(
    "settings, message",
    [
        (IssuerSettings(port=0), "'issuer.url' must be given when 'issuer.port' is 0"),
        (IssuerSettings(url="login.example.com"), "must be an http or https address"),
        (IssuerSettings(url="ftp://example.com"), "must be an http or https address"),
        (IssuerSettings(url="https://example.com/?a=b"), "without query or fragment"),
        (IssuerSettings(runtime_url=""), "'issuer.runtime_url' must be an http or https address"),
        (IssuerSettings(runtime_timeout=0.0), "'issuer.runtime_timeout' must be more than 0"),
    ],
)
async def test_a_wrong_address_is_a_settings_error(settings, message, tmp_path):
    """Before anything is opened."""
    with pytest.raises(SettingsError, match=message):
        async with open_issuer(replace(settings, database=str(tmp_path / "issuer.db"))):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "host, url",
    [
        ("127.0.0.1", "http://127.0.0.1:8081/.well-known/jwks.json"),
        ("0.0.0.0", "http://127.0.0.1:8081/.well-known/jwks.json"),
        ("::", "http://127.0.0.1:8081/.well-known/jwks.json"),
        ("::1", "http://[::1]:8081/.well-known/jwks.json"),
    ],
)
def test_the_jwks_nearby(host, url):
    """Who listens everywhere is found at the loopback address."""
    assert local_jwks_url(host, 8081) == url


def test_its_own_tokens_are_trusted_for_two_audiences():
    """What it signs for the runtime, and what its management API's clients get; for its own tenant only."""
    rows = own_trust(IssuerSettings(url="https://x", tenant="acme"), "http://127.0.0.1:1/jwks")

    assert [row.audience for row in rows] == ["urn:hookd", "https://x/api/v2/"]
    assert {(row.issuer, row.algorithm, row.jwks_url, row.tenant) for row in rows} == {
        ("https://x/", "RS256", "http://127.0.0.1:1/jwks", "acme")
    }
