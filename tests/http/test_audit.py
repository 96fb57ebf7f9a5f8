from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import jwt
import pytest
from aiohttp import web
from multidict import CIMultiDict

from runtime.errors import Conflict, Unavailable
from runtime.http import audit
from runtime.http.audit import CHANGE, MOST_MEMBERS, REFUSALS, REFUSALS_A_SECOND, Refusals
from runtime.http.bearer import Authenticator
from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route, Scopes
from runtime.settings import TrustedIssuer

SECRET = "a shared secret of more than 32 characters"
TRUSTED = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="HS256", secret=SECRET)


def bearer(scope: str = "update:things") -> dict[str, str]:
    claims = {"iss": "urn:a", "aud": "urn:hookd", "exp": int(time.time()) + 60, "ten": "acme", "scope": scope}
    return {"Authorization": "Bearer " + jwt.encode({**claims, "sub": "ada", "jti": "t-1"}, SECRET, algorithm="HS256")}


async def make(call: Call) -> web.Response:
    await call.json()
    return json_response({"id": "i-1", "secret": "hunter2"}, 201)


async def remove(call: Call) -> web.Response:
    await call.json()
    raise Conflict("The thing hunter2 is in use.")


async def crash(call: Call) -> web.Response:
    raise RuntimeError("hunter2")


async def read(call: Call) -> web.Response:
    call.sent = {"secrets": None}
    return json_response({"id": "i-1", "secret": "hunter2"})


async def stream(call: Call) -> web.StreamResponse:
    answer = web.StreamResponse()
    call.goes_on(answer)
    await answer.prepare(call.request)
    await answer.write(b"first")
    await call.request.content.read()  # the client goes on to send
    raise RuntimeError("hunter2")


ROUTES = [
    Route(method="POST", path="/things", handler=make, access=Scopes("update:things")),
    Route(method="DELETE", path="/things/{id}", handler=remove, access=Scopes("update:things")),
    Route(method="PUT", path="/things/{id}", handler=crash, access=Scopes("update:things")),
    Route(method="GET", path="/things", handler=make, access=Scopes("update:things")),
    Route(method="POST", path="/open", handler=make, access=Public("a test")),
    Route(method="POST", path="/busy", handler=make, access=Scopes("update:things"), audit=""),
    Route(method="GET", path="/things/{id}", handler=read, access=Scopes("update:things")),
    Route(method="GET", path="/stream", handler=stream, access=Scopes("update:things")),
    Route(method="GET", path="/enter", handler=read, access=Scopes("update:things"), audit=CHANGE),
]


@pytest.fixture
async def url(served) -> str:
    address: str = await served(*ROUTES, authenticator=Authenticator([TRUSTED]))
    return address


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """What the audit log has: message and fields of each line."""
    monkeypatch.setattr(audit, "_REFUSALS", Refusals())
    caplog.set_level(logging.INFO, "hookd.audit")

    def lines() -> list[tuple[str, dict[str, Any]]]:
        found = [
            (record.getMessage(), record.__dict__["fields"]) for record in caplog.records if "audit" in record.name
        ]
        assert "hunter2" not in str(found)
        return found

    return lines


async def test_a_change_is_told_by_names(url, client, told):
    """Who, from where, what, how it ended, and the request's id; of the body its members' names, never what they are."""
    sent = {"name": "a-hook", "enabled": True, "secrets": {"KEY": "hunter2"}, "script": "hunter2"}
    headers = {**bearer(), "X-Request-Id": "r-1"}
    async with client.post(f"{url}/things?key=hunter2", json=sent, headers=headers) as answer:
        assert answer.status == 201

    assert told() == [
        (
            "change",
            {
                "tenant": "acme",
                "subject": "ada",
                "token": "t-1",
                "action": "change",
                "peer": "127.0.0.1",
                "method": "POST",
                "route": "/things",
                "sent": ["name", "enabled", "secrets", "script"],
                "hook": "a-hook",
                "enabled": True,
                "made": "i-1",
                "status": 201,
                "request_id": "r-1",
            },
        )
    ]


async def test_a_change_that_failed_is_told(url, client, told):
    """With the error's code, not its words; one that broke off, too. An array names what is to go."""
    async with client.delete(f"{url}/things/i-1", json=["A", 7, "B" * 500], headers=bearer()) as answer:
        assert answer.status == 409
    async with client.put(f"{url}/things/{'x' * 500}", headers=bearer()) as answer:
        assert answer.status == 500
    (_, removed), (_, broken) = told()

    assert (removed["id"], removed["sent"], removed["status"]) == ("i-1", ["A", "B" * 128], 409)
    assert removed["error"] == Conflict("").code
    assert (broken["id"], broken["status"], broken["tenant"]) == ("x" * 128, 500, "acme")


async def test_a_read_is_told(url, client, told):
    """By another message and `action` than a change, so that one can be had without the other; an error is, too."""
    async with client.get(f"{url}/things/i-1?key=hunter2", headers={**bearer(), "X-Request-Id": "r-1"}) as answer:
        assert answer.status == 200
    async with client.get(f"{url}/enter", headers=bearer()) as answer:
        assert answer.status == 200
    (message, fields), (entered, about) = told()

    assert message == "read"
    assert fields == {
        "tenant": "acme",
        "subject": "ada",
        "token": "t-1",
        "action": "read",
        "peer": "127.0.0.1",
        "method": "GET",
        "route": "/things/{id}",
        "id": "i-1",
        "sent": ["secrets"],
        "status": 200,
        "request_id": "r-1",
    }
    assert (entered, about["action"], about["method"]) == ("change", "change", "GET")


async def test_an_answer_that_goes_on_is_told_when_it_begins(url, client, told):
    """Once, whatever becomes of it."""
    more, told_first = asyncio.Event(), []

    async def body():
        yield b"x"
        await more.wait()

    async with client.get(f"{url}/stream", data=body(), headers=bearer()) as answer:
        assert await answer.content.readexactly(5) == b"first"
        told_first += told()
        more.set()
        with pytest.raises(aiohttp.ClientError):
            await answer.content.read()

    assert told() == told_first
    ((message, fields),) = told()
    assert (message, fields["route"], fields["status"]) == ("read", "/stream", 200)


async def test_what_is_nobody_s_or_runs_hooks_has_no_line(url, client, told):
    """What anybody may call, and what says that it is called too often."""
    await client.post(f"{url}/open", json={})
    await client.post(f"{url}/busy", json={}, headers=bearer())

    assert told() == []


async def test_refused_callers_are_told(url, client, told):
    """On every route; who is known by a good token is named, who is not is not: anybody can write anything into a bad one."""
    good = bearer("other")
    for headers in ({}, {"Authorization": "Bearer hunter2"}, good):
        async with client.get(f"{url}/things", headers=headers) as answer:
            assert answer.status in (401, 403)
    async with client.post(f"{url}/things", json={}, headers=good) as answer:
        assert answer.status == 403

    assert [message for message, _ in told()] == ["refused"] * 4
    assert [fields.get("subject") for _, fields in told()] == [None, None, "ada", "ada"]
    assert [fields["action"] for _, fields in told()] == ["read"] * 3 + ["change"]
    assert [(fields["status"], fields["error"]) for _, fields in told()] == [
        *[(401, "invalid_token")] * 2,
        *[(403, "insufficient_scope")] * 2,
    ]


def test_refusals_can_not_flood_the_log():
    """A burst is written, then a few each second; the next line says how many were left out."""
    now = 0.0
    refusals = Refusals(lambda: now)
    written = [refusals.left_out("") for _ in range(REFUSALS + 900)]
    now += 1 / REFUSALS_A_SECOND

    assert written == [0] * REFUSALS + [None] * 900
    assert (refusals.left_out(""), refusals.left_out("")) == (900, None)


def test_a_flood_hides_nobody_who_is_known(monkeypatch):
    """Who tries with a good token what it may not has lines of its tenant's; how many tenants there are takes no memory."""
    refusals = Refusals(lambda: 0.0)
    written = [refusals.left_out("") for _ in range(2 * REFUSALS)]

    assert written[-1] is None
    assert refusals.left_out("acme") == 0
    monkeypatch.setattr(audit, "MOST_NAMES", 3)
    for tenant in ("a", "b", "c", "d"):
        assert [refusals.left_out(tenant) for _ in range(REFUSALS + 1)][-1] is None
    assert len(refusals._left_out) == 3


async def test_a_call_that_does_not_come_to_its_handler_is_told(url, client, told, monkeypatch):
    """For whatever reason nobody could be let in; not on a route whose calls have no line."""
    two = CIMultiDict([("Authorization", "Bearer hunter2"), ("Authorization", "Bearer hunter2")])
    for path, status in (("/things", 400), ("/busy", 400)):
        async with client.post(f"{url}{path}", json={}, headers=two) as answer:
            assert answer.status == status

    for error, status in ((Unavailable("The keys hunter2 are away."), 503), (RuntimeError("hunter2"), 500)):
        monkeypatch.setattr(Authenticator, "identify", AsyncMock(side_effect=error))
        async with client.post(f"{url}/things", json={}, headers={"Authorization": "Bearer hunter2"}) as answer:
            assert answer.status == status

    assert [(message, fields["action"], fields["route"]) for message, fields in told()] == [
        ("refused", "change", "/things")
    ] * 3
    assert [(fields["status"], fields.get("error")) for _, fields in told()] == [
        (400, "invalid_request"),
        (503, "temporarily_unavailable"),
        (500, None),
    ]


def test_a_body_of_many_names_is_cut():
    """A line stays a line."""
    assert len(audit._sent({str(number): 1 for number in range(1_000)})["sent"]) == MOST_MEMBERS  # type: ignore[arg-type]
    assert audit._sent("hunter2") == {}


async def test_nothing_is_gathered_where_the_log_is_off(url, client, caplog):
    """And nothing fails."""
    caplog.set_level(logging.CRITICAL, "hookd.audit")
    async with client.post(f"{url}/things", json={}, headers=bearer()) as answer:
        assert answer.status == 201
    async with client.get(f"{url}/things") as answer:
        assert answer.status == 401
    assert not [record for record in caplog.records if record.name == "hookd.audit"]
