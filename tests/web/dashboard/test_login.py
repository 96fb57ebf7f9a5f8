from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import Any

import pytest
from yarl import URL

from runtime.errors import Unauthenticated, Unavailable
from runtime.http.bearer import Authenticator
from runtime.web.dashboard.login import MOST_FAILURES, WINDOW_SECONDS, Failures, TooManyLogins
from runtime.web.dashboard.session import CLOCKS_SECONDS
from tests.web.conftest import token

LOGIN, LOGOUT = "/dashboard/login", "/dashboard/logout"
WRONG = Unauthenticated("The token is not good.")


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of the audit log."""
    return [record.__dict__["fields"] for record in caplog.records if record.name == "hookd.audit"]


async def test_a_login_answers_who_one_is(browser):
    """Tenant, subject, scopes and the end, and the secret for changes; the page can ask again. The token is in no answer."""
    bearer = token(sub="ada", scope="read:hooks update:hooks")

    body = await browser.log_in(bearer)

    assert {**body, "csrf": "", "expires_at": ""} == {
        "tenant": "acme",
        "subject": "ada",
        "scopes": ["read:hooks", "update:hooks"],
        "expires_at": "",
        "csrf": "",
    }
    assert len(body["csrf"]) == 32
    assert (await browser.call("GET", "/dashboard/session"))[1] == body
    assert bearer.split(".")[2] not in str(body)


async def test_the_cookie_is_out_of_reach_of_scripts_and_others(browser):
    """HttpOnly, strict, and gone with the token; on this very machine it needs no https."""
    _, _, headers = await browser.call("POST", LOGIN, {"token": token(exp=int(time.time()) + 600)})
    name, *attributes = headers["Set-Cookie"].split("; ")

    assert name.startswith(f"hookd_session_{URL(browser.url).port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    (age,) = [int(text.removeprefix("Max-Age=")) for text in attributes if text.startswith("Max-Age=")]
    assert 590 <= age <= 605
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token": "nonsense"}, 401, "invalid_token"),
        ({"token": ""}, 400, "invalid_body"),
        ({"token": 1}, 400, "invalid_body"),
        ({"token": "a", "more": 1}, 400, "invalid_body"),
        ([], 400, "invalid_body"),
        ({"token": token(exp=1)}, 401, "invalid_token"),
        ({"token": token(scope="execute:hooks")}, 403, "insufficient_scope"),
        ({"token": token(claim="x" * 3000)}, 400, "invalid_body"),
    ],
)
async def test_what_is_no_token_of_ours_begins_nothing(browser, body, status, code):
    """Each with its own reason, and no cookie."""
    answered, said, headers = await browser.call("POST", LOGIN, body)

    assert (answered, said["errorCode"]) == (status, code)
    assert "Set-Cookie" not in headers


async def test_a_login_comes_from_our_own_page(browser):
    """Otherwise somebody could log a person in as somebody else."""
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": ""}):
        status, body, _ = await browser.call("POST", LOGIN, {"token": token()}, headers=headers)
        assert (status, body["errorCode"]) == (403, "invalid_csrf_token")


async def test_over_a_network_a_login_takes_https(browser):
    """A page that came in the clear from elsewhere says so in its origin."""
    elsewhere = {"Host": "hookd.example", "Origin": "http://hookd.example"}

    status, body, _ = await browser.call("POST", LOGIN, {"token": token()}, headers=elsewhere)
    assert (status, body["errorCode"]) == (400, "insecure_address")
    secure = {**elsewhere, "Origin": "https://hookd.example"}
    status, _, headers = await browser.call("POST", LOGIN, {"token": token()}, headers=secure)
    assert status == 200
    assert headers["Set-Cookie"].startswith("__Host-hookd_session=")
    assert "; Secure" in headers["Set-Cookie"]


async def test_logging_out_takes_the_cookie_back(browser):
    """A page of another address can not do it."""
    await browser.log_in()

    assert (await browser.call("POST", "/dashboard/logout", headers={"Sec-Fetch-Site": "cross-site"}))[0] == 403
    status, _, headers = await browser.call("POST", "/dashboard/logout")
    assert status == 204
    assert headers["Set-Cookie"].startswith(f'hookd_session_{URL(browser.url).port}="";')
    assert "Max-Age=0" in headers["Set-Cookie"]


async def test_logging_out_ends_the_session(browser, caplog):
    """For whoever has the cookie; the audit log says whose it was, once. What has ended, or never was, is no harm and no line."""
    caplog.set_level(logging.INFO, "hookd.audit")
    await browser.log_in(token(sub="ada", jti="t-1"))
    for _ in range(2):
        status, _, headers = await browser.call("POST", LOGOUT)
        assert (status, "Max-Age=0" in headers["Set-Cookie"]) == (204, True)
    for cookie in ("", f"{browser.cookie[:-2]}xx", f"{browser.cookie.partition('=')[0]}=e30"):
        assert (await browser.call("POST", LOGOUT, headers={"Cookie": cookie}))[0] == 204
    lines = audited(caplog)

    assert [(line["route"], line["status"]) for line in lines] == [(LOGIN, 200), (LOGOUT, 204)]
    for line in lines:
        assert (line["tenant"], line["subject"], line["token"]) == ("acme", "ada", "t-1")
        assert (line["peer"], line["method"], bool(line["request_id"])) == ("127.0.0.1", "POST", True)
    assert browser.headers["X-CSRF-Token"] not in str(lines)


async def test_a_login_or_logout_that_is_refused_has_a_line(browser, caplog):
    """Of nobody."""
    caplog.set_level(logging.INFO, "hookd.audit")
    await browser.log_in()
    await browser.call("POST", LOGIN, {"token": "nonsense"})
    assert (await browser.call("POST", LOGOUT, headers={"Sec-Fetch-Site": "cross-site"}))[0] == 403

    lines = [(line["route"], line["status"], line.get("tenant")) for line in audited(caplog)]
    assert lines == [(LOGIN, 200, "acme"), (LOGIN, 401, None), (LOGOUT, 403, None)]
    assert (await browser.call("GET", "/dashboard/session"))[1] is not None


async def test_who_can_not_be_verified_any_more_logs_out_all_the_same(browser, caplog, monkeypatch):
    """Where the issuer's keys can not be had just now: the cookie is ours, and says whose it is."""

    async def away(*_: object) -> None:
        raise Unavailable("The issuer does not answer.")

    caplog.set_level(logging.INFO, "hookd.audit")
    await browser.log_in(token(sub="ada"))
    with monkeypatch.context() as patch:
        patch.setattr(Authenticator, "identify", away)
        patch.setattr(Authenticator, "recall", lambda *_: None)
        assert (await browser.call("POST", LOGOUT))[0] == 204

    assert (await browser.call("GET", "/dashboard/hooks.json"))[0] == 401
    (line,) = [line for line in audited(caplog) if line["route"] == LOGOUT]
    assert (line["route"], line["status"], line["tenant"], line["subject"]) == (LOGOUT, 204, "acme", "ada")


async def test_what_is_kept_of_a_session_goes_with_it(browser):
    """After its token has ended for all clocks there are, and not before."""
    end = int(time.time()) + 60
    await browser.log_in(token(exp=end))
    await browser.call("POST", LOGOUT)
    storage = browser.runtime.storage
    (name,) = await storage.logged_out_tokens(0)

    assert list((await storage.logouts(name, 0)).values()) == [(end + CLOCKS_SECONDS) * 1000]
    assert CLOCKS_SECONDS > 300, "of the clock difference that [auth] leeway forgives"
    await browser.log_in(token(exp=10**15))
    await browser.call("POST", LOGOUT)
    assert (await browser.call("GET", "/dashboard/hooks.json"))[0] == 401
    assert len(await storage.logged_out_tokens(0)) == 2


async def test_logging_out_without_the_storage_says_what_it_could_not_do(browser, caplog, monkeypatch):
    """The browser forgets the cookie, this process refuses it, the line says so; others are told when the storage is back."""

    async def away(*_: object) -> None:
        raise Unavailable("The storage is not available.", debug="taken away")

    caplog.set_level(logging.INFO, "hookd")
    await browser.log_in()
    storage = browser.runtime.storage
    with monkeypatch.context() as patch:
        patch.setattr(storage, "log_out", away)
        patch.setattr(storage, "is_logged_out", away)
        assert (await browser.call("GET", "/dashboard/settings.json"))[0] == 200
        status, body, headers = await browser.call("POST", LOGOUT)
        assert (status, body["errorCode"]) == (503, "session_not_ended")
        assert body["message"].startswith("You are logged out in this browser.")
        assert "Max-Age=0" in headers["Set-Cookie"]
        assert (await browser.call("GET", "/dashboard/settings.json"))[0] == 401

    (line,) = [line for line in audited(caplog) if line["route"] == LOGOUT]
    assert (line["route"], line["status"], line["error"], line["tenant"]) == (LOGOUT, 503, "session_not_ended", "acme")
    async with asyncio.timeout(60):
        while not await storage.logged_out_tokens(0):
            await asyncio.sleep(0.02)


async def test_without_a_session_there_is_none(browser):
    """The page reads null as: show the login. Whatever else it asks for is a 401."""
    assert (await browser.call("GET", "/dashboard/session"))[:2] == (200, None)
    assert (await browser.call("GET", "/dashboard/hooks.json"))[0] == 401


async def test_a_bearer_token_may_ask_too(browser):
    """For tools: who am I. There is no session then, and so no secret of one."""
    status, body, _ = await browser.call("GET", "/dashboard/session", headers={"Authorization": f"Bearer {token()}"})

    assert (status, body["tenant"], body["csrf"]) == (200, "acme", None)


async def test_a_token_that_has_ended_ends_its_session(browser):
    """The cookie holds no rights of its own: its token is verified each time."""
    # It is good for five seconds more; whole seconds, and the login must not come too late.
    await browser.log_in(token(exp=math.ceil(time.time() + 0.8) - 5))

    async with asyncio.timeout(60):
        while (await browser.call("GET", "/dashboard/session"))[1] is not None:
            await asyncio.sleep(0.05)


async def test_who_fails_often_waits(browser):
    """Even a good token is not looked at then."""
    for _ in range(MOST_FAILURES):
        assert (await browser.call("POST", LOGIN, {"token": "nonsense"}))[0] == 401

    status, body, headers = await browser.call("POST", LOGIN, {"token": token()})
    assert (status, body["errorCode"]) == (429, "too_many_attempts")
    assert 1 <= int(headers["Retry-After"]) <= WINDOW_SECONDS


def test_another_address_of_the_same_network_fails_no_less():
    """Who has one IPv6 address has 2^64 of them."""
    failures = Failures(lambda: 0.0)
    for number in range(MOST_FAILURES):
        failures.count(f"2001:db8::{number:x}", WRONG)

    with pytest.raises(TooManyLogins):
        failures.check("2001:db8::ffff:1")
    failures.check("2001:db8:0:1::1")


def test_who_could_not_even_try_has_not_failed():
    """While the issuer does not answer, the owner of a good token asks again and again."""
    failures = Failures(lambda: 0.0)
    for _ in range(MOST_FAILURES):
        failures.count("a", Unavailable("The issuer does not answer."))

    failures.check("a")


def test_failures_are_forgotten_after_a_while():
    """Of each address on its own, and no more addresses are kept than there is room for."""
    now = [0.0]
    failures = Failures(lambda: now[0])
    for _ in range(MOST_FAILURES):
        failures.count("a", WRONG)

    failures.check("b")
    now[0] = 20.0
    with pytest.raises(TooManyLogins) as refused:
        failures.check("a")
    assert refused.value.seconds == WINDOW_SECONDS - 20
    now[0] = WINDOW_SECONDS
    failures.check("a")
    for number in range(5000):
        failures.count(str(number), WRONG)
    assert len(failures._failed) == 1000
