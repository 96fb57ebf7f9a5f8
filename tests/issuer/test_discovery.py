"""The well-known documents."""

from __future__ import annotations

from base64 import b64decode

import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata  # type: ignore[import-untyped]  # authlib ships no types
from cryptography import x509
from joserfc.jwk import RSAKey

from runtime.issuer.keys import thumbprint


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
async def test_authlib_accepts_the_metadata(tokens, name):
    """Its validation asks for https only because the test's address is http; everything else is as it wants it."""
    async with tokens.http.get(f"{tokens.url}/.well-known/{name}") as answer:
        document = await answer.json()
        headers = answer.headers

    secure = {
        key: value.replace("http://", "https://") if isinstance(value, str) else value
        for key, value in document.items()
    }
    OpenIDProviderMetadata(secure).validate()
    assert document["issuer"] == f"{tokens.url}/"
    assert document["token_endpoint"] == f"{tokens.url}/oauth/token"
    assert document["jwks_uri"] == f"{tokens.url}/.well-known/jwks.json"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=60"


async def test_the_metadata_names_what_there_is(tokens):
    """Every claim that an ID token can have, and no scope that would put nothing into it."""
    async with tokens.http.get(f"{tokens.url}/.well-known/openid-configuration") as answer:
        document = await answer.json()
    code = await tokens.code(scope="openid profile email address phone", nonce="n")
    claims = await tokens.claims((await tokens.redeem(code))["id_token"])

    assert set(claims) == set(document["claims_supported"])
    assert {"name", "preferred_username", "updated_at", "email", "email_verified"} <= set(claims)
    assert document["scopes_supported"] == ["openid", "profile", "email", "offline_access"]


@pytest.mark.parametrize("accept", ["*/*", "application/json, application/jwk-set+json"])
async def test_the_jwks_has_public_halves_only(tokens, accept):
    """Each key has an id that is its RFC 7638 thumbprint, a use and an algorithm."""
    async with tokens.http.get(f"{tokens.url}/.well-known/jwks.json", headers={"Accept": accept}) as answer:
        keys = (await answer.json())["keys"]

    assert len(keys) == 2
    for key in keys:
        assert key.keys() == {"kty", "n", "e", "alg", "use", "kid", "x5t", "x5c"}
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
        assert key["kid"] == thumbprint(key)
        certificate = x509.load_der_x509_certificate(b64decode(key["x5c"][0]))
        assert certificate.public_key() == RSAKey.import_key({"kty": "RSA", "n": key["n"], "e": key["e"]}).raw_value


async def test_the_metadata_tells_of_the_code_flow(tokens):
    """What clients look for before they begin it: RFC 8414, RFC 7636, RFC 9207, OpenID Connect Discovery."""
    async with tokens.http.get(f"{tokens.url}/.well-known/openid-configuration") as answer:
        document = await answer.json()

    assert document["authorization_endpoint"] == f"{tokens.url}/authorize"
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["query"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert "authorization_code" in document["grant_types_supported"]
