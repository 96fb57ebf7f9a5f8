"""The way to the runtime: no decision, no token."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from runtime.http.app import serve
from runtime.issuer.tokens import RESERVED_CLAIMS
from tests.ports import free_port

ALLOW = {"decision": "allow", "scope": [], "claims": {}}
NO_DECISION = {
    "error": "temporarily_unavailable",
    "error_description": "The hook runtime gave no decision, so no token is issued. Try again later.",
}


@pytest.mark.parametrize(
    "error, status, expected",
    [
        ("access_denied", 403, "access_denied"),
        ("invalid_scope", 400, "invalid_scope"),
        ("invalid_request", 400, "invalid_request"),
        ("server_error", 500, "server_error"),
        ("whatever", 403, "access_denied"),
        (None, 403, "access_denied"),
        (["x"], 403, "access_denied"),
    ],
)
async def test_a_denial_becomes_an_oauth_error(tokens, decider, error, status, expected):
    """The hook's message is the description (contract 2, contract-full 4)."""
    decider.decision = {"decision": "deny", "error": error, "error_description": "Access denied for EU plans."}

    body = await tokens.m2m(status=status)

    assert body == {"error": expected, "error_description": "Access denied for EU plans."}


async def test_a_denial_without_words_is_one_too(tokens, decider):
    """An OAuth error always has a description here."""
    decider.decision = {"decision": "deny", "error": "access_denied", "error_description": ""}

    assert (await tokens.m2m(status=403))["error_description"] == "The hook denied the request."


async def test_a_description_has_only_the_characters_it_may_have(tokens, decider):
    """RFC 6749 section 5.2 knows neither quotes nor line ends nor letters beyond ASCII."""
    decider.decision = {"decision": "deny", "error": "access_denied", "error_description": 'say "no"\n\\ to Zoë'}

    assert (await tokens.m2m(status=403))["error_description"] == "say 'no' ' to Zo?"


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"decision": "maybe"},
        {"decision": None},
        {"decision": ["allow"]},
        {"decision": "allow"},
        {"decision": "allow", "scope": None},
        {"decision": "allow", "scope": "a b"},
        {"decision": "allow", "scope": [1]},
        {"decision": "allow", "scope": ["a b"]},
        {"decision": "allow", "scope": [""]},
        {"decision": "allow", "scope": [], "claims": None},
        {"decision": "allow", "scope": [], "claims": []},
        {"decision": "allow", "scope": [], "id_token_claims": 1},
    ],
)
async def test_a_malformed_decision_gives_no_token(tokens, decider, decision):
    """Whatever is not a decision is no decision."""
    decider.decision = decision

    assert await tokens.m2m(status=503) == NO_DECISION


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"allow"', b"\xff", b"[" * 100_000])
async def test_what_is_no_json_object_gives_no_token(tokens, decider, body):
    """A proxy's error page with status 200, for one."""
    decider.body = body

    assert await tokens.m2m(status=503) == NO_DECISION


@pytest.mark.parametrize("status", [201, 204, 302, 408, 429, 500, 503])
async def test_another_status_gives_no_token(tokens, decider, status):
    """Even with a body that allows."""
    decider.status, decider.decision = status, ALLOW

    assert await tokens.m2m(status=503) == NO_DECISION
    assert len(decider.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
async def test_a_question_that_is_refused_gives_no_token(tokens, decider, status):
    """It would be refused again: nobody is told to try again."""
    decider.status, decider.decision = status, ALLOW

    assert await tokens.m2m(status=500) == {
        "error": "server_error",
        "error_description": "The hook runtime refused to decide on this request, so no token is issued.",
    }
    assert len(decider.asked) == 1


async def test_an_endless_answer_gives_no_token(tokens, decider):
    """The answer is read up to a cap only."""
    decider.body = b" " * 5_000_000

    assert await tokens.m2m(status=503) == NO_DECISION


async def test_no_runtime_no_token(opened, caplog):
    """Fail closed, and not only when its time is up; the operator's log says where it was looked for."""
    tokens = await opened(runtime_url="http://127.0.0.1:1", runtime_timeout=600.0)

    async with asyncio.timeout(30):
        assert await tokens.m2m(status=503) == NO_DECISION
    assert "the runtime at http://127.0.0.1:1 gave no decision" in caplog.text


async def test_a_runtime_that_is_just_starting_is_waited_for(opened, decider):
    """No connection, no hook: then asking again is safe. A restart is not seen by anybody's client."""
    port = free_port()
    tokens = await opened(runtime_url=f"http://127.0.0.1:{port}")
    asking = asyncio.create_task(tokens.m2m())
    await asyncio.sleep(0)
    app = web.Application()
    app.router.add_post("/api/v1/triggers/{trigger}/execute", decider.answer)
    async with serve(app, "127.0.0.1", port):
        assert (await asking)["token_type"] == "Bearer"

    assert len(decider.asked) == 1


async def test_a_slow_runtime_gives_no_token_and_is_asked_once(opened, decider):
    """After `runtime_timeout`; asking again might run the hook twice."""
    tokens = await opened(runtime_timeout=1.0)
    decider.blocked = asyncio.Event()

    assert await tokens.m2m(status=503) == NO_DECISION
    assert len(decider.asked) == 1
    decider.blocked.set()


@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS))
async def test_no_decision_sets_a_reserved_claim(tokens, decider, name, caplog):
    """Ours are written by us, whatever the runtime answers; the log has what was left out."""
    decider.decision = ALLOW | {"scope": ["read"], "claims": {name: "forged", "https://foo.com/ok": 1}}

    claims = await tokens.claims((await tokens.m2m())["access_token"])

    assert claims.get(name) != "forged"
    assert claims["https://foo.com/ok"] == 1
    assert claims["scope"] == "read"
    assert f"reserved claims, left out: {name}" in caplog.text


async def test_the_configured_token_is_shown(opened, decider):
    """`runtime_token`, where the runtime trusts another issuer than this one."""
    tokens = await opened(runtime_token="opaque-token")
    await tokens.m2m()

    assert [authorization for _, authorization, _ in decider.asked] == ["Bearer opaque-token"]


async def test_otherwise_it_signs_its_own_for_a_few_minutes(opened, decider):
    """Audience, tenant and scope are the runtime's; the token is used again until a minute before its end."""
    now = [1_800_000_000.0]
    tokens = await opened(clock=lambda: now[0], runtime_token="")
    await tokens.m2m()
    now[0] += 239
    await tokens.m2m()
    now[0] += 1
    await tokens.m2m()

    shown = [authorization.removeprefix("Bearer ") for _, authorization, _ in decider.asked]
    assert await tokens.claims(shown[0]) == {
        "iss": f"{tokens.url}/",
        "sub": "hookd-issuer",
        "aud": "urn:hookd",
        "ten": "demo",
        "scope": "execute:hooks",
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
    }
    assert shown[0] == shown[1] != shown[2]


async def test_a_rotated_key_signs_the_next_own_token(tokens, decider):
    """A key that is revoked after the rotation can not have signed a token that is still shown."""
    await tokens.m2m()
    await tokens.manage("POST", "keys/signing/rotate", status=201)
    await tokens.m2m()

    assert decider.asked[0][1] != decider.asked[-1][1]


async def test_connections_are_kept(tokens, decider):
    """One after the other needs one only; a connection per token request would cost more than the hook."""
    for _ in range(3):
        await tokens.m2m()

    assert len(decider.connections) == 1


async def test_the_request_id_goes_along(tokens, decider):
    """One id finds a request in both logs."""
    async with tokens.http.post(
        f"{tokens.url}/oauth/token",
        json={"grant_type": "client_credentials", "client_id": "m2m", "client_secret": "m2m-secret-0123456789"}
        | {"audience": "https://api.example.com/"},
        headers={"X-Request-Id": "abc-123"},
    ) as answer:
        assert answer.status == 200

    assert decider.request_ids == ["abc-123"]
