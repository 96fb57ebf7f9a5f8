from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from runtime.ended_sessions import EndedSessions
from runtime.errors import InvalidBody, Unauthenticated
from runtime.http.bearer import Caller
from runtime.storage.sealing import Sealer
from runtime.web import logs
from runtime.web.dashboard.session import TOKEN_CHARS, ForgedRequest, Sessions
from tests.web.conftest import REQUEST, SEED, token

if TYPE_CHECKING:
    from runtime.storage.logouts import Logouts

CALLER = Caller(tenant="acme", scopes=frozenset(), expires_at=2e9)
HOOKS = "/api/v2/hooks"
LOGOUT = "/dashboard/logout"
BODY = {"name": "my-hook", "script": SEED, "triggerId": "credentials-exchange"}
OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "", "Origin": "null"},
]


@pytest.fixture
def ended() -> EndedSessions:
    """Of a storage that is asked nothing."""
    return EndedSessions(cast("Logouts", None))


async def test_a_session_stands_in_for_a_token(browser):
    """The pages read and change hooks and read the log by the cookie alone."""
    await browser.log_in()

    status, hook, _ = await browser.call("POST", HOOKS, BODY)
    assert status == 201
    assert (await browser.call("GET", f"{HOOKS}/{hook['id']}"))[0] == 200
    assert (await browser.call("GET", f"/api/v1/hooks/{hook['id']}/versions"))[0] == 200
    assert (await browser.call("GET", "/api/v1/logs"))[0] == 200
    assert (await browser.call("PATCH", f"/api/v1/hooks/{hook['id']}/policy", {"order": 1}))[0] == 200
    assert (await browser.call("DELETE", f"{HOOKS}/{hook['id']}"))[0] == 204


async def test_no_hook_runs_for_a_session(browser):
    """A token request takes a bearer token, whatever cookie comes along; so does all that webtask's tools call."""
    await browser.log_in()

    assert (await browser.call("POST", "/api/v1/triggers/credentials-exchange/execute", REQUEST))[0] == 401
    assert (await browser.call("GET", "/api/webtask/acme"))[0] == 401


@pytest.mark.parametrize("others", OTHERS)
async def test_a_page_of_another_address_can_nothing(browser, others):
    """Not even with the CSRF secret, and not even read."""
    await browser.log_in()

    for method in ("GET", "POST"):
        status, body, _ = await browser.call(method, HOOKS, None if method == "GET" else BODY, headers=others)
        assert (status, body["errorCode"]) == (403, "invalid_csrf_token")


@pytest.mark.parametrize("given", ["", "0" * 32, "é"])
async def test_a_change_takes_the_secret_of_its_session(browser, given):
    """A page that can make the browser send the cookie does not know what stands in the header."""
    await browser.log_in()

    status, body, _ = await browser.call("POST", HOOKS, BODY, headers={"X-CSRF-Token": given})

    assert (status, body["errorCode"]) == (403, "invalid_csrf_token")
    assert (await browser.call("GET", HOOKS, headers={"X-CSRF-Token": given}))[0] == 200


async def test_a_browser_without_fetch_metadata_says_its_origin(browser):
    """It must be our own address where something is changed; reading names no origin."""
    await browser.log_in()
    old = {"Sec-Fetch-Site": ""}

    assert (await browser.call("GET", HOOKS, headers=old))[0] == 200
    assert (await browser.call("POST", HOOKS, BODY, headers=old))[0] == 403
    assert (await browser.call("POST", HOOKS, BODY, headers={**old, "Origin": browser.url}))[0] == 201


async def test_a_bearer_token_needs_none_of_this(browser):
    """Whoever sends a token of its own is no browser that somebody misleads."""
    body = await browser.log_in()
    bearer = {"Authorization": f"Bearer {token()}"}

    assert (await browser.call("GET", HOOKS, headers={**bearer, "Sec-Fetch-Site": "cross-site"}))[0] == 200
    assert body["tenant"] == "acme"


async def test_a_cookie_that_is_not_ours_is_refused(browser):
    """Damaged, of another key, or no cookie of ours at all: then one logs in again."""
    await browser.log_in()
    good = browser.cookie
    name = good.partition("=")[0]

    for bad in (good[:-2], f"{good[:-2]}xx", f"{name}=e30", f"{name}=%%%", f"{name}=a"):
        browser.cookie = bad
        status, body, _ = await browser.call("GET", HOOKS)
        assert (status, body["errorCode"]) == (401, "invalid_token")


async def test_a_session_that_was_ended_is_refused(browser):
    """A copy of its cookie, at once and wherever a session is taken; the page reads that nobody is logged in."""
    await browser.log_in()
    status, hook, _ = await browser.call("POST", HOOKS, BODY)
    assert status == 201
    assert (await browser.call("POST", LOGOUT))[0] == 204

    for path in (HOOKS, f"{HOOKS}/{hook['id']}", "/api/v1/logs", "/api/v1/logs/tail", "/dashboard/settings.json"):
        status, body, headers = await browser.call("GET", path)
        assert (status, body["errorCode"], body["message"]) == (
            401,
            "invalid_token",
            "The session has ended: log in again.",
        )
        assert headers["WWW-Authenticate"].startswith("Bearer ")
    assert (await browser.call("DELETE", f"{HOOKS}/{hook['id']}"))[0] == 401
    assert (await browser.call("GET", "/dashboard/session"))[:2] == (200, None)


async def test_another_session_goes_on(browser):
    """Also one of the same token, and one that is begun with it afterwards: the token is its issuer's to take back."""
    bearer = token()
    await browser.log_in(bearer)
    first = browser.cookie
    await browser.log_in(bearer)
    second, browser.cookie = browser.cookie, first
    assert (await browser.call("POST", LOGOUT))[0] == 204
    assert (await browser.call("GET", HOOKS))[0] == 401

    browser.cookie = second
    assert (await browser.call("GET", HOOKS))[0] == 200
    await browser.log_in(bearer)
    assert (await browser.call("GET", HOOKS))[0] == 200
    assert (await browser.call("GET", HOOKS, headers={"Cookie": first}))[0] == 401
    assert (await browser.call("GET", HOOKS, headers={"Cookie": "", "Authorization": f"Bearer {bearer}"}))[0] == 200


async def test_a_tail_ends_with_its_session(browser, monkeypatch):
    """It had begun before; the next thing that it would write is not written. That of a bearer token goes on."""
    monkeypatch.setattr(logs, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(logs, "SESSION_SECONDS", 0.02)
    await browser.log_in()
    headers = {**browser.headers, "Cookie": browser.cookie}
    bearer = {"Authorization": f"Bearer {token()}", "Cookie": browser.cookie}
    url = f"{browser.url}/api/v1/logs/tail"
    async with browser.client.get(url, headers=headers) as tail, browser.client.get(url, headers=bearer) as other:
        while await tail.content.readline() != logs.HEARTBEAT:
            assert not tail.content.at_eof()
        assert (await browser.call("POST", LOGOUT))[0] == 204
        async with asyncio.timeout(60):
            await tail.content.read()
            while await other.content.readline() != logs.HEARTBEAT:
                assert not other.content.at_eof()


async def test_no_token_request_asks_whether_a_session_has_ended(browser, monkeypatch):
    """Nor does who has a bearer token, whatever cookie comes with it."""

    async def asked(*_: object) -> bool:
        raise AssertionError

    await browser.log_in()
    monkeypatch.setattr(browser.runtime.storage, "is_logged_out", asked)
    bearer = {"Authorization": f"Bearer {token()}"}
    execute = "/api/v1/triggers/credentials-exchange/execute"

    assert (await browser.call("POST", execute, REQUEST, headers=bearer))[0] == 200
    assert (await browser.call("GET", HOOKS, headers=bearer))[0] == 200


def request(method: str = "GET", **headers: str):
    return make_mocked_request(method, "/", headers={name.replace("_", "-"): value for name, value in headers.items()})


def sessions_of(ended: EndedSessions, key: bytes = bytes(32)) -> Sessions:
    return Sessions(Sealer(key), ended)


def test_the_longest_token_fits_into_a_cookie(ended: EndedSessions):
    """Browsers give one 4,096 bytes, and drop a longer one without a word."""
    sessions, answer = sessions_of(ended), web.Response()
    sessions.begin(sessions.make("x" * TOKEN_CHARS), CALLER, request(Host="hookd.example:65535"), answer)
    (morsel,) = answer.cookies.values()

    assert len(morsel.key) + len(morsel.value) <= 4096
    with pytest.raises(InvalidBody, match="too long"):
        sessions.make("x" * (TOKEN_CHARS + 1))


def test_a_session_shows_nobody_its_token(ended: EndedSessions):
    """Not in a log line, not in a traceback."""
    assert "secret" not in repr(sessions_of(ended).make("secret"))


async def test_another_key_opens_nothing(ended: EndedSessions):
    """A cookie is good where it was made."""
    answer = web.Response()
    ours, theirs = sessions_of(ended), sessions_of(ended, b"x" * 32)
    theirs.begin(theirs.make("a.b.c"), CALLER, request(Host="localhost"), answer)

    sent = request("POST", Host="localhost", Cookie=f"hookd_session={answer.cookies['hookd_session'].value}")
    with pytest.raises(Unauthenticated, match="log in again"):
        ours.read(sent)
    with pytest.raises(ForgedRequest):
        await theirs.bearer(sent)
