"""Which scopes a request gets."""

from __future__ import annotations

import pytest

from runtime.issuer.oauth_errors import AccessDenied, InvalidScope
from runtime.issuer.records import ClientGrant, RefreshToken, ResourceServer
from runtime.issuer.scopes import (
    parse_scope,
    scopes_of_client,
    scopes_of_code,
    scopes_of_hook,
    scopes_of_manager,
    scopes_of_refresh,
    scopes_of_user,
)
from runtime.issuer.system import system_api

API = ResourceServer(id="1", identifier="urn:api", name="", scopes={"a": "", "b": ""})
GRANT = ClientGrant(id="2", client_id="c", audience="urn:api", scope=("b", "a", "gone"))


def refreshable(*, scope, api_scope):
    """A refresh token of this scope."""
    return RefreshToken(
        token_hash="t",
        family="f",
        client_id="c",
        user_id="u",
        audience="urn:api",
        scope=scope,
        claims={},
        id_token_claims={},
        auth_time=1.0,
        expires_at=2.0,
        api_scope=api_scope,
    )


@pytest.mark.parametrize("value", ["", " ", []])
def test_none_is_none(value):
    """An empty parameter asks for nothing in particular."""
    assert parse_scope(value) == ()


@pytest.mark.parametrize("value", ['a"', "a\\", "a\nb", "ä", "a\u00a0b", ["a b"], [""], [1], [None], 1, {"a": 1}])
def test_a_malformed_scope_is_refused(value):
    """RFC 6749 section 3.3."""
    with pytest.raises(InvalidScope):
        parse_scope(value)


def test_a_client_gets_its_grant_or_less():
    """What the API does not know any more is not granted; asking for more is refused by name."""
    assert scopes_of_client(API, GRANT, ()) == ("b", "a")
    assert scopes_of_client(API, GRANT, ("a",)) == ("a",)
    with pytest.raises(AccessDenied, match="Client has not been granted scopes: gone, x"):
        scopes_of_client(API, GRANT, ("a", "gone", "x"))


@pytest.mark.parametrize(
    "asked, may_refresh, expected",
    [
        ((), True, "a b"),
        (("a",), True, "a"),
        (("a", "unknown"), True, "a"),
        (("openid",), False, "openid profile email address phone a b"),
        (("openid", "email"), False, "openid email a b"),
        (("openid", "a"), False, "openid a"),
        (("offline_access",), True, "offline_access a b"),
        (("offline_access", "a"), True, "offline_access a"),
        (("offline_access", "a"), False, "a"),
    ],
)
def test_a_user_gets_what_contract_full_4_says(asked, may_refresh, expected):
    """No API scopes asked for: all of them. Only openid: all of OpenID Connect's too."""
    assert " ".join(scopes_of_user(API, asked, may_refresh=may_refresh)) == expected


def test_a_refresh_gets_what_was_granted_or_less():
    """In the order of the grant; more is an error (RFC 6749 section 6)."""
    given = refreshable(scope=("a", "b"), api_scope=("a", "b"))

    assert scopes_of_refresh(API, given, ()) == ("a", "b")
    assert scopes_of_refresh(API, given, ("b",)) == ("b",)
    with pytest.raises(InvalidScope, match="'c' was not granted"):
        scopes_of_refresh(API, given, ("c",))


def test_a_refresh_gives_no_scope_that_the_api_lost():
    """What the hook had added, and OpenID Connect's, never were the API's: they stay."""
    given = refreshable(scope=("openid", "a", "gone", "extra"), api_scope=("a", "gone"))

    assert scopes_of_refresh(API, given, ()) == ("openid", "a", "extra")
    assert scopes_of_refresh(API, given, ("gone", "extra")) == ("extra",)
    assert scopes_of_refresh(API, given, ("gone",)) == ()


def test_a_hooks_scope_is_final_but_for_the_management_api():
    """There it can not give what was not granted."""
    system = system_api("http://x")

    assert scopes_of_hook(API, ("a",), ("b", "extra")) == ("b", "extra")
    assert scopes_of_hook(system, ("read:hooks",), ("read:hooks", "delete:hooks", "x")) == ("read:hooks", "x")


def test_the_code_flow_gives_what_is_asked_for():
    """As far as there is such a scope; offline_access where it can be had; nothing by default."""
    asked = ("openid", "b", "gone", "offline_access")

    assert scopes_of_code(API, asked, may_refresh=False) == ("openid", "b")
    assert scopes_of_code(API, asked, may_refresh=True) == ("openid", "b", "offline_access")
    assert scopes_of_code(API, (), may_refresh=True) == ()


def test_users_manage_what_both_they_and_the_client_may():
    """A permission that the client has no grant for is none, and the other way round."""
    api = system_api("https://issuer.example")
    grant = ClientGrant(id="g", client_id="c", audience=api.identifier, scope=("read:hooks", "read:logs"))
    asked = ("openid", "read:hooks", "read:logs", "create:hooks", "offline_access")

    assert scopes_of_manager(api, grant, ("read:hooks", "create:hooks"), asked) == ("openid", "read:hooks")
    assert scopes_of_manager(api, grant, ("read:hooks",), ("openid",)) == ("openid",)
    for permissions in ((), ("create:hooks",), ("nonsense",)):
        with pytest.raises(AccessDenied):
            scopes_of_manager(api, grant, permissions, asked)
