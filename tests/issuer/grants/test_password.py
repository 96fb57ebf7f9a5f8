"""The password grant: who signs in, what the runtime is asked, which tokens come back."""

from __future__ import annotations

import pytest

from runtime.issuer.records import PASSWORD_REALM

API = "https://api.example.com/"
WRONG = {"error": "invalid_grant", "error_description": "Wrong email or password."}


@pytest.mark.parametrize("username", ["ada", "ADA", "ada@example.com", " ada "])
async def test_a_user_signs_in_by_name_or_address(tokens, username):
    """Neither of the two has case."""
    body = await tokens.password(username=username)
    claims = await tokens.claims(body["access_token"])

    assert claims["sub"].startswith("auth0|")
    assert (claims["azp"], claims["gty"], claims["aud"]) == ("app", "password", API)
    assert "id_token" not in body
    assert "refresh_token" not in body


@pytest.mark.parametrize("fields", [{"username": "nobody"}, {"password": "wrong"}, {"username": "eve@example.com"}])
async def test_a_wrong_password_and_an_unknown_user_look_the_same(tokens, decider, fields):
    """invalid_grant (RFC 6749 section 5.2) in Auth0's words, and no hook is run."""
    assert await tokens.password(status=400, **fields) == WRONG
    assert decider.asked == []


async def test_the_realm_spelling_is_the_same_grant(tokens):
    """auth0-python's login() uses it, with a realm or null."""
    for realm in (None, "Username-Password-Authentication"):
        assert await tokens.password(grant_type=PASSWORD_REALM, realm=realm)

    body = await tokens.password(grant_type=PASSWORD_REALM, realm="ldap", status=400)
    assert body["error"] == "invalid_request"
    assert "'ldap' does not exist" in body["error_description"]


async def test_the_runtime_is_asked_as_the_contract_says(tokens, decider):
    """User, client, scope, audience and context; password and secret are nowhere in it."""
    await tokens.password(scope="read:orders", headers={"User-Agent": "curl/8"})

    path, _, payload = decider.asked[0]
    user_id = payload["user"].pop("id")
    assert path == "/api/v1/triggers/password-exchange/execute"
    assert user_id.startswith("auth0|")
    assert payload == {
        "user": {
            "tenant": "demo",
            "displayName": "Ada Lovelace",
            "email": "ada@example.com",
            "user_metadata": {"hobby": "engines"},
            "app_metadata": {"roles": ["admin"]},
        },
        "client": {"id": "app", "name": "App", "tenant": "demo", "metadata": {}},
        "scope": ["read:orders"],
        "audience": API,
        "context": {
            "ip": "127.0.0.1",
            "userAgent": "curl/8",
            "connection": {"name": "Username-Password-Authentication", "tenant": "demo"},
            "body": {
                "grant_type": "password",
                "client_id": "app",
                "audience": API,
                "username": "ada",
                "scope": "read:orders",
            },
        },
    }


async def test_openid_gives_an_id_token(tokens, decider):
    """Its issuer is discovery's as a string, its audience the client; the hook's idToken claims are in it."""
    decider.decision = {
        "decision": "allow",
        "scope": ["openid", "profile", "email"],
        "claims": {"https://foo.com/a": 1},
        "id_token_claims": {"https://foo.com/id": 2, "sub": "somebody else"},
    }

    body = await tokens.password(scope="openid profile email")
    access, identity = await tokens.claims(body["access_token"]), await tokens.claims(body["id_token"])

    assert identity["sub"] == access["sub"]
    assert identity["exp"] - identity["iat"] == 36_000
    assert {name: identity[name] for name in ("iss", "aud", "name", "email", "email_verified")} == {
        "iss": f"{tokens.url}/",
        "aud": "app",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": False,
    }
    assert identity["https://foo.com/id"] == 2
    assert "https://foo.com/a" not in identity
    assert "https://foo.com/id" not in access


@pytest.mark.parametrize(
    "client_id, audience, scope, has_refresh",
    [
        ("app", API, "offline_access read:orders", True),
        ("app", API, "read:orders", False),
        ("app", "urn:strict", "offline_access read", False),
    ],
)
async def test_offline_access_gives_a_refresh_token(tokens, client_id, audience, scope, has_refresh):
    """Only when it is asked for and the API allows it."""
    body = await tokens.password(client_id=client_id, audience=audience, scope=scope)

    assert ("refresh_token" in body) is has_refresh
    assert ("offline_access" in body["scope"].split()) is has_refresh


async def test_a_hook_can_take_offline_access_away_and_not_give_it(tokens, decider):
    """The refresh token follows the scope that is issued, within what the client may have."""
    decider.decision = {"decision": "allow", "scope": ["read:orders"]}
    taken = await tokens.password(scope="offline_access read:orders")
    decider.decision = {"decision": "allow", "scope": ["offline_access", "read"]}
    given = await tokens.password(audience="urn:strict")

    assert "refresh_token" not in taken
    assert "refresh_token" not in given


async def test_a_public_client_needs_no_secret_and_must_have_none(tokens):
    """token_endpoint_auth_method none (contract-full 4)."""
    assert (await tokens.password(client_id="spa", client_secret=None))["scope"]
    assert (await tokens.password(client_id="spa", client_secret="x" * 20, status=401))["error"] == "invalid_client"


async def test_users_get_no_management_token(tokens):
    """A user has no client grant; the API's every scope would be a present to anybody with a password."""
    body = await tokens.password(audience=f"{tokens.url}/api/v2/", status=403)

    assert body["error"] == "access_denied"


async def test_a_blocked_user_is_told_so_only_with_the_password(tokens):
    """Blocking is nobody's business who does not know the password."""
    user = await tokens.issuer.store.users.find(username="ada")
    await tokens.manage("PATCH", f"users/{user.user_id}", {"blocked": True})

    assert (await tokens.password(status=403))["error_description"] == "user is blocked"
    assert await tokens.password(status=400, password="wrong") == WRONG


@pytest.mark.parametrize("name", ["username", "password"])
async def test_a_missing_parameter_is_named(tokens, name):
    """invalid_request names it."""
    body = await tokens.password(status=400, **{name: None})

    assert body == {"error": "invalid_request", "error_description": f"The parameter {name} is missing."}


async def test_who_guesses_passwords_is_refused_for_ten_minutes(opened):
    """By whichever of the user's names, and also with the right one; users who do not exist are treated alike."""
    now = [1_800_000_000.0]
    tokens = await opened(clock=lambda: now[0])
    for number in range(10):
        name = "ada" if number % 2 else "ADA@example.com"
        assert await tokens.password(status=400, username=name, password="wrong") == WRONG
        assert await tokens.password(status=400, username="nobody") == WRONG

    blocked = {
        "error": "too_many_attempts",
        "error_description": "Your account has been blocked after multiple consecutive login attempts.",
    }
    assert await tokens.password(status=429) == blocked
    assert await tokens.password(status=429, username="nobody") == blocked
    assert await tokens.password(username="grace@example.com")
    now[0] += 600
    assert await tokens.password()


async def test_clients_and_users_do_not_queue_together(tokens):
    """A client that hashes without end keeps no user out."""
    assert await tokens.password()
    tokens.issuer.secrets._passwords.close()

    assert await tokens.password()
