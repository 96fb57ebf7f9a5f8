"""What stands in a token."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.issuer.records import Client, ResourceServer, User
from runtime.issuer.tokens import RESERVED_CLAIMS, Issuance, answer

CLIENT = Client(client_id="c", name="C")
API = ResourceServer(id="1", identifier="urn:api", name="", token_lifetime=60)
USER = User(user_id="u", password_hash="h", email="a@x", email_verified=True, created_at=1.0, updated_at=7.9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def issuance(**fields):
    own: dict[str, Any] = {"client": CLIENT, "api": API, "gty": "password", "subject": "u", "scope": ("a",)}
    return Issuance(**(own | fields))


async def test_only_what_was_asked_for_is_said_of_the_user(tokens):
    """Profile and e-mail are scopes of their own (OpenID Connect Core section 5.4)."""
    bare = await answer(tokens.issuer, issuance(user=USER, scope=("openid",), auth_time=5.5))
    full = await answer(tokens.issuer, issuance(user=USER, scope=("openid", "email", "profile"), auth_time=5.5))
    bare_claims, full_claims = await tokens.claims(bare["id_token"]), await tokens.claims(full["id_token"])

    assert bare_claims.keys() == {"iss", "sub", "aud", "iat", "exp", "auth_time", "at_hash"}
    assert bare_claims["auth_time"] == 5
    assert {name: full_claims[name] for name in full_claims.keys() - bare_claims.keys()} == {
        "name": "a@x",
        "updated_at": 7,
        "email": "a@x",
        "email_verified": True,
    }


async def test_no_scope_is_no_member(tokens):
    """An empty string is not in the grammar (RFC 6749 section 3.3); no hook can put one in its place."""
    body = await answer(tokens.issuer, issuance(scope=(), claims={"scope": "delete:everything"}))

    assert "scope" not in body
    assert "scope" not in await tokens.claims(body["access_token"])


async def test_every_token_has_an_id_of_its_own(tokens):
    """RFC 7519 section 4.1.7."""
    bodies = [await answer(tokens.issuer, issuance()) for _ in range(2)]
    first, second = [(await tokens.claims(body["access_token"]))["jti"] for body in bodies]

    assert first != second


async def test_the_tenant_is_in_management_tokens_only(tokens):
    """The runtime and this server believe `ten`; what goes to others does not need it."""
    system = await tokens.issuer.store.resource_servers.find(identifier=f"{tokens.url}/api/v2/")
    ours = await answer(tokens.issuer, issuance(api=system))
    others = await answer(tokens.issuer, issuance())

    assert (await tokens.claims(ours["access_token"]))["ten"] == "demo"
    assert "ten" not in await tokens.claims(others["access_token"])


@pytest.mark.parametrize("name", ["email", "name", "updated_at"])
async def test_a_hook_does_not_replace_the_users_own_claims(tokens, name):
    """What the ID token says of the user is ours to say."""
    fields = issuance(user=USER, scope=("openid", "email", "profile"), id_token_claims={name: "forged"})
    body = await answer(tokens.issuer, fields)

    assert (await tokens.claims(body["id_token"]))[name] != "forged"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims=st.dictionaries(st.sampled_from(sorted(RESERVED_CLAIMS)) | st.text(max_size=8), JSON, max_size=5))
async def test_whatever_the_claims_are_the_token_is_ours(tokens, claims):
    """Reserved claims have our values, all others arrive as they are."""
    body = await answer(tokens.issuer, issuance(claims=claims))
    found = await tokens.claims(body["access_token"])

    own = {"iss": f"{tokens.url}/", "sub": "u", "aud": "urn:api", "scope": "a", "azp": "c", "gty": "password"}
    assert {name: found[name] for name in own} == own
    assert {name: value for name, value in found.items() if name not in {*own, "iat", "exp", "jti"}} == {
        name: value for name, value in claims.items() if name not in RESERVED_CLAIMS
    }
