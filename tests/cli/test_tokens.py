from __future__ import annotations

from typing import Any

import jwt
import pytest

from runtime.cli import demo
from runtime.cli.tokens import TokenChoice, demo_token, mint
from runtime.errors import SettingsError
from runtime.http.bearer import Authenticator
from runtime.settings import TrustedIssuer

SECRET = "0123456789abcdef0123456789abcdef"


def choose(**more: Any) -> TokenChoice:
    """A choice with the command's defaults."""
    return TokenChoice(subject="me", lifetime=60, **more)


async def test_a_minted_token_is_what_the_runtime_accepts(tmp_path):
    """Tenant and scopes arrive at the route."""
    choice = choose(
        secret=SECRET, issuer="urn:me", audience="urn:hookd", tenant="acme", scope=("read:hooks", "read:logs")
    )
    row = TrustedIssuer(issuer="urn:me", audience="urn:hookd", algorithm="HS256", secret=SECRET)

    caller = await Authenticator([row]).identify(f"Bearer {mint(choice, tmp_path, {})}")

    assert caller.tenant == "acme"
    assert caller.scopes == {"read:hooks", "read:logs"}


def test_a_configuration_gives_issuer_audience_secret_and_tenant(tmp_path):
    """The first HS256 row is taken, whatever stands before it."""
    config = tmp_path / "config.toml"
    config.write_text(f"""
[[auth.trusted]]
issuer = "https://other.example/"
[[auth.trusted]]
issuer = "urn:me"
audience = "urn:hookd"
algorithm = "HS256"
secret = "{SECRET}"
tenant = "acme"
""")

    claims = jwt.decode(mint(choose(config=config), tmp_path, {}), SECRET, ["HS256"], audience="urn:hookd")

    assert (claims["iss"], claims["ten"]) == ("urn:me", "acme")
    assert claims["exp"] - claims["iat"] == 60


def test_a_token_says_what_it_is(tmp_path):
    """RFC 9068: typ, and the claims that it wants. wt-cli goes by the type: JWT would be a server of another kind."""
    token = demo_token(demo.open_demo(tmp_path))

    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= claims.keys()
    assert claims["jti"] != jwt.decode(demo_token(demo.open_demo(tmp_path)), options={"verify_signature": False})["jti"]


def test_the_demo_signs_where_nothing_else_is_given(tmp_path):
    """After `hookd dev` there is nothing to configure."""
    kept = demo.open_demo(tmp_path)

    claims = jwt.decode(mint(choose(), tmp_path, {}), kept.token_secret, ["HS256"], audience=demo.RUNTIME_AUDIENCE)

    assert claims["ten"] == demo.TENANT


@pytest.mark.parametrize(
    "choice, remedy",
    [
        ({}, "hookd dev"),
        ({"secret": SECRET}, "--issuer and --audience"),
        ({"secret": SECRET, "issuer": "urn:me", "audience": "urn:hookd"}, "--tenant"),
        ({"secret": "short", "issuer": "urn:me", "audience": "urn:hookd", "tenant": "acme"}, "32 characters"),
        ({"secret": SECRET, "issuer": "urn:me", "audience": "urn:hookd", "tenant": "a/b"}, "tenant must be"),
    ],
)
def test_what_is_missing_is_said(choice, remedy, tmp_path):
    """The message names the option that helps."""
    with pytest.raises(SettingsError, match=remedy):
        mint(choose(**choice), tmp_path, {})


def test_a_tenant_that_the_configuration_forbids_is_refused(tmp_path):
    """A token for another tenant than the row's would be refused by the runtime: better now than then."""
    demo.open_demo(tmp_path)

    with pytest.raises(SettingsError, match="belong to the tenant demo"):
        mint(choose(tenant="acme"), tmp_path, {})


def test_a_configuration_without_a_shared_secret_can_not_sign(tmp_path):
    """An RS256 issuer's private key is not ours."""
    config = tmp_path / "config.toml"
    config.write_text('[[auth.trusted]]\nissuer = "https://other.example/"\n')

    with pytest.raises(SettingsError, match="HS256"):
        mint(choose(config=config), tmp_path, {})
