"""The authorization code grant: whose code it is, how often, how long, and what comes of it."""

from __future__ import annotations

import asyncio
import sqlite3
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest

API, CALLBACK = "https://api.example.com/", "https://app.example.com/cb"
UNKNOWN = {"error": "invalid_grant", "error_description": "Invalid authorization code."}
OFFLINE = "openid offline_access read:orders"


async def test_a_code_gives_both_tokens(tokens, decider):
    """Of the user who logged in, for the client that asked; the ID token has the nonce and the access token's hash."""
    body = await tokens.redeem(await tokens.code(nonce="the-nonce", scope="openid profile email read:orders unknown"))
    access, identity = await tokens.claims(body["access_token"]), await tokens.claims(body["id_token"])

    assert body["scope"] == access["scope"] == "openid profile email read:orders"
    assert (access["aud"], access["azp"], access["gty"]) == (API, "web", "authorization_code")
    assert {name: identity[name] for name in ("iss", "aud", "nonce", "name", "email")} == {
        "iss": f"{tokens.url}/",
        "aud": "web",
        "nonce": "the-nonce",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
    }
    assert identity["sub"] == access["sub"]
    assert identity["auth_time"] <= identity["iat"] < identity["exp"]
    half = sha256(body["access_token"].encode()).digest()[:16]
    assert identity["at_hash"] == urlsafe_b64encode(half).rstrip(b"=").decode()
    assert "refresh_token" not in body
    assert decider.asked == [], "no extensibility point is for this grant"


async def test_only_what_is_asked_for_is_given(tokens):
    """No nonce that nobody sent, no ID token without openid, no scope that was not named."""
    plain = await tokens.redeem(await tokens.code(scope="read:orders"))
    identity = await tokens.redeem(await tokens.code(scope="openid"))
    nothing = await tokens.redeem(await tokens.code(scope=None))

    assert "id_token" not in plain
    assert identity["scope"] == "openid"
    assert "nonce" not in await tokens.claims(identity["id_token"])
    assert "scope" not in nothing


async def test_a_public_client_proves_itself_by_the_verifier_alone(tokens):
    """RFC 7636; an app's own scheme is a redirection URI like others."""
    page = await tokens.log_in(await tokens.authorize(client_id="native", redirect_uri="com.example.app:/cb"))
    fields = {"client_id": "native", "redirect_uri": "com.example.app:/cb"}

    assert page.location == "com.example.app:/cb"
    assert (await tokens.redeem(page.sent_back["code"], client_secret="x" * 20, status=401, **fields))["error"]
    assert (await tokens.redeem(page.sent_back["code"], client_secret=None, **fields))["access_token"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"code_verifier": None}, "invalid_request"),
    ({"code_verifier": "x" * 42}, "invalid_request"),
    ({"code_verifier": "x" * 129}, "invalid_request"),
    ({"code_verifier": "x" * 42 + "\n"}, "invalid_request"),
    ({"code_verifier": "x" * 43}, "invalid_grant"),
    ({"code_verifier": ["a"]}, "invalid_request"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant"),
    ({"redirect_uri": f"{CALLBACK}?tenant=1"}, "invalid_grant"),
    ({"client_id": "other-web"}, "invalid_grant"),
    ({"client_id": "native", "client_secret": None}, "invalid_grant"),
    ({"client_id": "m2m"}, "unauthorized_client"),
    ({"client_secret": "wrong"}, "invalid_client"),
    ({"client_secret": None}, "invalid_client"),
    ({"code": "nonsense"}, "invalid_grant"),
    ({"code": None}, "invalid_request"),
    ({"code": {"a": 1}}, "invalid_request"),
]


async def test_who_may_not_redeem_a_code_is_refused_and_uses_nothing_up(tokens):
    """Another client's, without the proof, with another redirection URI; the challenge itself is no verifier."""
    code = await tokens.code()
    challenge = tokens.asking()["code_challenge"]
    for fields, error in [*REFUSED, ({"code_verifier": challenge}, "invalid_grant")]:
        status = 401 if error == "invalid_client" else 400
        assert (await tokens.redeem(status=status, **({"code": code} | fields)))["error"] == error, fields

    assert (await tokens.redeem(code))["access_token"]


async def test_a_code_is_good_once_and_a_second_use_ends_what_came_of_the_first(tokens):
    """RFC 6749 section 4.1.2: the refresh tokens, rotated or not; those of another login are not touched."""
    code = await tokens.code(scope=OFFLINE)
    own = {"client_id": "web"}
    first = await tokens.redeem(code)
    other = await tokens.redeem(await tokens.code(scope=OFFLINE))
    second = await tokens.refresh(first["refresh_token"], **own)

    assert (await tokens.claims(second["access_token"]))["gty"] == "authorization_code"
    # Whoever has no more than the code, from a log say, ends nothing.
    assert await tokens.redeem(code, code_verifier="x" * 43, status=400)
    assert await tokens.redeem(code, client_id="other-web", status=400)
    second = await tokens.refresh(second["refresh_token"], **own)
    assert await tokens.redeem(code, status=400) == UNKNOWN
    assert (await tokens.refresh(second["refresh_token"], status=400, **own))["error"] == "invalid_grant"
    assert (await tokens.refresh(other["refresh_token"], **own))["access_token"]


async def test_of_two_uses_at_once_one_wins(tokens):
    """And its refresh token is gone: nobody can tell the thief from the owner."""
    code = await tokens.code(scope=OFFLINE)

    async def use():
        fields = {"grant_type": "authorization_code", "client_id": "web", "client_secret": "m2m-secret-0123456789"}
        fields |= {
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": "a-verifier.of_43~characters-or-more-0123456789",
        }
        async with tokens.http.post(f"{tokens.url}/oauth/token", json=fields) as answer:
            return answer.status, await answer.json()

    answers = await asyncio.gather(*(use() for _ in range(6)))
    won = [body for status, body in answers if status == 200]

    assert len(won) == 1
    assert (await tokens.refresh(won[0]["refresh_token"], client_id="web", status=400))["error"] == "invalid_grant"


async def test_a_code_is_good_for_a_minute(opened):
    """Used after it and again: refused both times; long after it nothing of it is kept."""
    now = [1_800_000_000.0]
    tokens = await opened(clock=lambda: now[0])
    codes = [await tokens.code() for _ in range(2)]
    now[0] += 59
    assert (await tokens.redeem(codes[0]))["access_token"]
    now[0] += 1
    assert await tokens.redeem(codes[1], status=400) == UNKNOWN
    now[0] += 601
    await tokens.code()

    with sqlite3.connect(tokens.issuer.settings.database) as connection:
        assert connection.execute("SELECT count(*) FROM authorization_codes").fetchone() == (1,)


async def test_what_changed_since_the_login_counts(tokens):
    """Another password, a block, an API or a user that is gone: the code gives nothing."""
    user = await tokens.issuer.store.users.find(username="ada")
    token = await tokens.management_token()

    async def after(method, path, body=None, status=200):
        code = await tokens.code()
        await tokens.manage(method, path, body, status=status, token=token)
        return await tokens.redeem(code, status=400)

    path = f"users/{user.user_id}"
    assert await after("PATCH", path, {"password": "another"}) == UNKNOWN
    await tokens.manage("PATCH", path, {"password": "correct horse battery staple"}, token=token)
    assert await after("PATCH", path, {"blocked": True}) == UNKNOWN
    await tokens.manage("PATCH", path, {"blocked": False}, token=token)
    assert await after("DELETE", path, status=204) == UNKNOWN


async def test_a_code_is_kept_as_a_hash(tokens):
    """Who reads the file has no code, and no verifier either."""
    code = await tokens.code(scope=OFFLINE)

    with sqlite3.connect(tokens.issuer.settings.database) as connection:
        kept = "\n".join(connection.iterdump())
    assert sha256(code.encode()).hexdigest() in kept
    assert code not in kept


@pytest.mark.parametrize(
    "asked, given",
    [
        ("openid read:hooks create:hooks update:hooks read:logs read:clients", "openid read:hooks read:logs"),
        ("openid read:hooks offline_access", "openid read:hooks"),
        ("create:hooks", None),
    ],
)
async def test_hookds_own_api_is_for_who_is_permitted(tokens, asked, given):
    """The scopes that the client has a grant for and the user has among the permissions; the tenant is in the token."""
    body = await tokens.redeem(await tokens.code(audience=f"{tokens.url}/api/v2/", scope=asked))
    claims = await tokens.claims(body["access_token"])

    assert body.get("scope") == given
    assert claims["ten"] == "demo"


async def test_other_users_have_nothing_there(tokens):
    """The client is told at once; so is one whose client grant went meanwhile."""
    audience = f"{tokens.url}/api/v2/"
    page = await tokens.authorize(audience=audience, scope="read:hooks")
    told = (await tokens.log_in(page, username="grace@example.com")).sent_back
    code = (await tokens.log_in(page)).sent_back["code"]
    (grant,) = await tokens.manage("GET", "client-grants?client_id=web")
    await tokens.manage("DELETE", f"client-grants/{grant['id']}", status=204)

    assert (told["error"], told["error_description"]) == ("access_denied", "The user has no permission for this API.")
    assert (await tokens.redeem(code, status=403))["error"] == "access_denied"
