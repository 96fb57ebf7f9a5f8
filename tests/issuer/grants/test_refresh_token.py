"""The refresh token grant: rotation, reuse, and whatever ends it."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from tests.waiting import until

API = "https://api.example.com/"
UNKNOWN = {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}
SCOPE = "openid offline_access read:orders write:orders"


async def sign_in(tokens, **fields):
    return (await tokens.password(scope=SCOPE, **fields))["refresh_token"]


async def test_refreshing_gives_the_hooks_claims_again_without_running_it(tokens, decider):
    """There is no extensibility point for it: what the hook set at the sign-in stays."""
    decider.decision = {
        "decision": "allow",
        "scope": ["offline_access", "openid", "extra"],
        "claims": {"https://foo.com/a": 1},
        "id_token_claims": {"https://foo.com/i": 2},
    }
    token = await sign_in(tokens)
    decider.decision = {"decision": "deny", "error": "access_denied", "error_description": "no"}

    body = await tokens.refresh(token)
    access, identity = await tokens.claims(body["access_token"]), await tokens.claims(body["id_token"])

    assert body["scope"] == access["scope"] == "offline_access openid extra"
    assert (access["https://foo.com/a"], identity["https://foo.com/i"]) == (1, 2)
    assert (access["azp"], access["aud"]) == ("app", API)
    assert len(decider.asked) == 1


async def test_each_refresh_token_is_good_for_one_use(tokens):
    """Rotation: the answer has the next one."""
    first = await sign_in(tokens)
    second = (await tokens.refresh(first))["refresh_token"]
    third = (await tokens.refresh(second))["refresh_token"]

    assert len({first, second, third}) == 3


async def test_a_second_use_ends_the_family(tokens):
    """Nobody can tell the thief from the owner (RFC 9700 section 4.14.2); other sign-ins are not touched."""
    first, other = await sign_in(tokens), await sign_in(tokens)
    second = (await tokens.refresh(first))["refresh_token"]

    assert await tokens.refresh(first, status=400) == UNKNOWN
    assert await tokens.refresh(second, status=400) == UNKNOWN
    assert (await tokens.refresh(other))["access_token"]


async def test_of_two_uses_at_once_one_wins_at_most(tokens):
    """Rotation is one step in the store."""
    token = await sign_in(tokens)

    async def use():
        fields = {"grant_type": "refresh_token", "client_id": "app", "client_secret": "m2m-secret-0123456789"}
        async with tokens.http.post(f"{tokens.url}/oauth/token", json=fields | {"refresh_token": token}) as answer:
            return answer.status

    statuses = await asyncio.gather(*(use() for _ in range(8)))

    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 400}


@pytest.mark.parametrize(
    "fields, status, error",
    [
        ({"refresh_token": "nonsense"}, 400, "invalid_grant"),
        ({"refresh_token": None}, 400, "invalid_request"),
        ({"client_id": "other-app"}, 400, "invalid_grant"),
        ({"client_id": "m2m"}, 400, "unauthorized_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"scope": "openid read:clients"}, 400, "invalid_scope"),
    ],
)
async def test_who_may_not_refresh_is_refused_and_uses_nothing_up(tokens, fields, status, error):
    """The token of another client is unknown to this one; a refused request leaves the token good."""
    token = await sign_in(tokens)

    body = await tokens.refresh(status=status, **({"refresh_token": token} | fields))

    assert body["error"] == error
    assert (await tokens.refresh(token))["access_token"]


async def test_a_refresh_may_ask_for_less(tokens):
    """RFC 6749 section 6; the next refresh has everything again."""
    body = await tokens.refresh(await sign_in(tokens), scope="read:orders")
    again = await tokens.refresh(body["refresh_token"])

    assert body["scope"] == "read:orders"
    assert "id_token" not in body
    assert again["scope"] == SCOPE


async def test_a_family_ends_with_its_time(opened):
    """`refresh_token_lifetime` after the sign-in, however often it was used."""
    now = [1_800_000_000.0]
    tokens = await opened(clock=lambda: now[0], refresh_token_lifetime=100)
    token = await sign_in(tokens)
    now[0] += 99
    token = (await tokens.refresh(token))["refresh_token"]
    now[0] += 1

    assert await tokens.refresh(token, status=400) == UNKNOWN


@pytest.mark.parametrize("change", [{"password": "a new password"}, {"blocked": True}, None])
async def test_a_changed_user_signs_in_again(tokens, change):
    """A new password, being blocked and being removed end what was granted."""
    token = await sign_in(tokens)
    user = await tokens.issuer.store.users.find(username="ada")
    if change is None:
        await tokens.manage("DELETE", f"users/{user.user_id}", status=204)
    else:
        await tokens.manage("PATCH", f"users/{user.user_id}", change)

    assert await tokens.refresh(token, status=400) == UNKNOWN


async def test_an_api_can_end_offline_access(tokens):
    """What the API does not allow any more is not refreshed."""
    token = await sign_in(tokens)
    api = await tokens.issuer.store.resource_servers.find(identifier=API)
    await tokens.manage("PATCH", f"resource-servers/{api.id}", {"allow_offline_access": False})

    assert await tokens.refresh(token, status=400) == UNKNOWN


@pytest.mark.parametrize("change", [{"password": "a new password"}, {"blocked": True}, None])
async def test_a_sign_in_in_progress_ends_with_the_password(tokens, decider, change):
    """While the hook runs the user changes: the old password gives no refresh token any more."""
    user = await tokens.issuer.store.users.find(username="ada")
    token = await tokens.management_token()
    asked, decider.blocked = len(decider.asked), asyncio.Event()
    signing_in = asyncio.create_task(tokens.password(scope=SCOPE, status=400))
    await until(lambda: len(decider.asked) != asked)
    if change is None:
        await tokens.manage("DELETE", f"users/{user.user_id}", status=204, token=token)
    else:
        await tokens.manage("PATCH", f"users/{user.user_id}", change, token=token)
    decider.blocked.set()

    assert (await signing_in)["error"] == "invalid_grant"


async def test_a_scope_that_the_api_lost_is_not_refreshed(tokens, decider):
    """It is gone from the API, so it is gone from the tokens; what the hook added stays."""
    manager = await tokens.management_token()
    decider.decision = {"decision": "allow", "scope": ["offline_access", "read:orders", "write:orders", "extra"]}
    token = await sign_in(tokens)
    api = await tokens.issuer.store.resource_servers.find(identifier=API)
    await tokens.manage("PATCH", f"resource-servers/{api.id}", {"scopes": [{"value": "read:orders"}]}, token=manager)

    assert (await tokens.refresh(token))["scope"] == "offline_access read:orders extra"


async def test_a_locked_database_is_answered_as_the_rfc_says(tokens, database):
    """503 temporarily_unavailable, and the refresh token is good for another try."""
    token = await sign_in(tokens)
    await tokens.issuer.store._database.write(lambda db: db.execute("PRAGMA busy_timeout = 50").fetchall())
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert (await tokens.refresh(token, status=503))["error"] == "temporarily_unavailable"
    other.close()
    assert (await tokens.refresh(token))["access_token"]
