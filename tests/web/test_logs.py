from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from runtime.bootstrap import open_runtime
from runtime.http import app as http_app
from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import install
from runtime.storage.base import ExecutionFilter
from runtime.ulid import Ulids
from runtime.web import logs
from runtime.web.app import web_routes
from tests.waiting import until
from tests.web.conftest import REQUEST, SEED, Api, hook_of, token

LOGS = "/api/v1/logs"
TAIL = "/api/v1/logs/tail"
MIXED = hook_of(
    "if (client.id === 'bad') cb(new Error('no ' + client.id)); else { console.warn('hi', client.id); cb(null, {sub: 1}); }"
)


class Stream:
    """A tail as a client reads it: events by their raw text."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def line(self) -> str:
        """The next one."""
        async with asyncio.timeout(60):
            return (await self.answer.content.readuntil(b"\n")).decode()

    async def raw(self) -> str:
        """The next block, up to its empty line; comments are passed over."""
        lines = []
        while (line := await self.line()) != "\n":
            if not line.startswith(":"):
                lines.append(line)
        return "".join([*lines, "\n"])

    async def event(self) -> dict[str, Any]:
        """The next execution."""
        lines = dict(line.split(": ", 1) for line in (await self.raw()).strip().split("\n"))
        data: dict[str, Any] = json.loads(lines["data"])
        assert lines.get("id", data.get("id")) == data.get("id")
        return data


@asynccontextmanager
async def tail(api: Api, headers: dict[str, str] | None = None, **query: str) -> AsyncIterator[Stream]:
    """A tail that has begun: what runs from here on is heard."""
    async with api.client.get(api.url + TAIL, params=query, headers={**api.headers, **(headers or {})}) as answer:
        assert answer.status == 200, await answer.text()
        stream = Stream(answer)
        assert [await stream.line(), await stream.line()] == [": connected\n", "retry: 2000\n"]
        yield stream


async def run(api: Api, client_id: str = "good") -> str:
    """One execution; its id."""
    execution_id: str = (await api.execute(client={**REQUEST["client"], "id": client_id}))["execution"]["id"]
    return execution_id


async def stored(api: Api, count: int) -> list[dict[str, Any]]:
    """The list, when it has as many."""
    async with asyncio.timeout(60):
        while True:
            answer = await api.call("GET", LOGS)
            found: list[dict[str, Any]] = answer.body["executions"]
            if len(found) == count:
                return found
            await asyncio.sleep(0.02)


async def test_a_record_has_what_a_developer_needs(api: Api):
    """Who, when, what came of it, what it printed and what it cost; never the token request itself."""
    hook = await api.create(MIXED)
    before = time.time()
    allowed, denied = await run(api), await run(api, "bad")
    newest, oldest = await stored(api, 2)
    assert [newest["id"], oldest["id"]] == [denied, allowed]
    assert oldest["at"].endswith("Z")
    assert abs(time.time() - before) < 60
    cost = {name: oldest[name] for name in ("duration_ms", "cpu_ms", "memory_bytes")}
    assert all(value > 0 for value in cost.values())
    assert oldest == {
        "id": allowed,
        "at": oldest["at"],
        "trigger": "credentials-exchange",
        "hook_id": hook["id"],
        "hook": "a-hook",
        "version": oldest["version"],
        "client": "good",
        "decision": "allow",
        "outcome": "answer",
        "level": "warn",
        "error": None,
        "error_description": None,
        "hook_error": None,
        "dropped": [{"name": "sub", "token": "access_token", "reason": "protected"}],
        "answer": None,
        "console": [{"level": "warn", "text": "hi good"}],
        "operations": [],
        **cost,
        "request_id": oldest["request_id"],
        "trace_id": None,
        "request": None,
    }
    assert (newest["error"], newest["error_description"]) == ("access_denied", "no bad")
    assert newest["hook_error"]["message"] == "no bad"


async def test_the_list_is_filtered_and_paged(api: Api):
    """By hook, client and decision; `next` leads through all pages and ends."""
    hook = await api.create(MIXED)
    ids = [await run(api, client_id) for client_id in ("a", "bad", "a", "b", "a")]
    await stored(api, 5)

    async def found(**query: str) -> list[str]:
        return [record["id"] for record in (await api.call("GET", LOGS, **query)).body["executions"]]

    assert await found() == ids[::-1]
    assert await found(client="a") == [ids[4], ids[2], ids[0]]
    assert await found(decision="deny") == [ids[1]]
    assert await found(hook=hook["id"], decision="allow", client="b") == [ids[3]]
    assert await found(hook=Ulids().new(0)) == []
    assert await found(outcome="refusal") == await found(trigger="credentials-exchange", decision="deny") == [ids[1]]
    assert await found(level="warn") == [ids[4], ids[3], ids[2], ids[0]]
    assert await found(outcome="failure") == await found(trigger="webtask") == []
    third = (await api.call("GET", LOGS)).body["executions"][2]
    assert await found(request_id=third["request_id"]) == [ids[2]]
    assert await found(since="2026-01-01T00:00:00Z", until="2100-01-01T00:00:00+01:00") == ids[::-1]
    assert await found(since="2100-01-01T00:00:00Z") == await found(until="2026-01-01T00:00:00Z") == []

    first = (await api.call("GET", LOGS, limit="3")).body
    assert ([record["id"] for record in first["executions"]], first["next"]) == (ids[:1:-1], ids[2])
    second = (await api.call("GET", LOGS, limit="3", before=first["next"])).body
    assert ([record["id"] for record in second["executions"]], second["next"]) == (ids[1::-1], None)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"before": "x"},
        {"decision": "maybe"},
        {"outcome": "bad"},
        {"level": "fatal"},
        {"since": "yesterday"},
        {"until": "2026-11-21T07:00:00"},
        {"hook": "a"},
        {"client": ""},
        {"cliant": "a"},
    ],
    ids=str,
)
async def test_a_wrong_query_is_a_400(api: Api, query):
    """For the list, and for the tail before it begins."""
    for path in (LOGS, TAIL):
        answer = await api.call("GET", path, **query)
        assert (answer.status, answer.body["errorCode"]) == (400, "invalid_query_string")


async def test_the_tail_has_an_execution_as_it_happens(api: Api):
    """Live, in the form that poor parsers read too (contract 4): LF, `id:` and one `data:` line, no `event:`."""
    await api.create(MIXED)
    async with tail(api) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["X-Request-Id"]
        execution_id = await run(api)
        block = await stream.raw()
    assert block.startswith(f"id: {execution_id}\ndata: {{")
    assert block.count("\n") == 3
    record = json.loads(block.split("data: ")[1])
    assert (record["id"], record["client"], record["console"]) == (
        execution_id,
        "good",
        [{"level": "warn", "text": "hi good"}],
    )
    assert record == (await stored(api, 1))[0]


async def test_the_tail_is_filtered(api: Api):
    """By client and decision, as the list is."""
    await api.create(MIXED)
    async with tail(api, decision="deny") as denials, tail(api, client="a") as client_a:
        for client_id in ("b", "bad", "a"):
            await run(api, client_id)
        assert (await denials.event())["client"] == "bad"
        assert (await client_a.event())["client"] == "a"


async def test_tenants_hear_their_own_executions_only(api: Api):
    """Live, replayed and listed."""
    other = api.with_token(token("globex"))
    for one in (api, other):
        await one.create(SEED)
    async with tail(other) as stream:
        mine, others = await run(api), await run(other)
        assert (await stream.event())["id"] == others
    assert await stored(api, 1)
    assert [record["id"] for record in await stored(other, 1)] == [others]
    async with tail(other, {"Last-Event-ID": Ulids().new(0)}) as stream:
        assert (await stream.event())["id"] == others
    assert mine != others


async def test_last_event_id_replays_what_was_missed(api: Api):
    """What storage has and what is not stored yet, each once and in order, then what comes."""
    await api.create(MIXED)
    ids = [await run(api, f"client-{number}") for number in range(4)]
    await stored(api, 4)
    ids += [await run(api, "late") for _ in range(3)]
    async with tail(api, {"Last-Event-ID": ids[1]}) as stream:
        ids.append(await run(api, "live"))
        assert [(await stream.event())["id"] for _ in ids[2:]] == ids[2:]
    async with tail(api, {"Last-Event-ID": ids[1]}, client="late") as stream:
        assert [(await stream.event())["id"] for _ in range(3)] == ids[4:7]


async def test_what_was_missed_is_replayed_though_the_clock_was_set_back(api: Api, monkeypatch):
    """Ids keep rising, and are ahead of the clock then."""
    await api.create(SEED)
    ids = [await run(api) for _ in range(3)]
    await stored(api, 3)
    monkeypatch.setattr(logs, "time", SimpleNamespace(time=lambda: time.time() - 3600))
    async with tail(api, {"Last-Event-ID": ids[0]}) as stream:
        assert [(await stream.event())["id"] for _ in range(2)] == ids[1:]


async def test_a_long_absence_is_replayed_in_part_and_says_so(api: Api, monkeypatch):
    """The newest ones, after a notice that some are missing; pages of the storage are put together."""
    monkeypatch.setattr(logs, "REPLAYED_MOST", 5)
    monkeypatch.setattr(logs, "LIST_MOST", 2)
    await api.create(SEED)
    ids = [await run(api) for _ in range(8)]
    await stored(api, 8)
    async with tail(api, {"Last-Event-ID": ids[0]}) as stream:
        assert await stream.raw() == 'event: missed\ndata: {"missed":null}\n\n'
        assert [(await stream.event())["id"] for _ in range(5)] == ids[3:]
    async with tail(api, {"Last-Event-ID": ids[2]}) as stream:
        assert [(await stream.event())["id"] for _ in range(5)] == ids[3:]


async def test_a_slow_listener_is_told_what_it_missed(api: Api):
    """Its queue is bounded; the notice has the number."""
    api.runtime.tail._queue_bytes = 3000
    await api.create(SEED)
    async with tail(api) as stream:
        (subscription,) = api.runtime.tail._subscriptions["acme"]
        record = (await asyncio.gather(stream.event(), run(api)))[0]
        assert record["client"] == "good"
        await api.runtime.recorder.flush("acme")
        for execution in await api.runtime.storage.list_executions("acme", ExecutionFilter(), limit=9) * 5:
            subscription.offer(execution)
        assert await stream.raw() == 'event: missed\ndata: {"missed":3}\n\n'


async def test_a_listener_who_does_not_read_is_cut_off(api: Api, monkeypatch):
    """Once its connection takes nothing any more: its place is free, and no answer has waited for it."""
    monkeypatch.setattr(logs, "SLOW_SECONDS", 0.05)
    await api.create(hook_of("console.log('x'.repeat(30000)); cb(null, {});"))
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    lines = [f"GET {TAIL} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in api.headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await reader.readuntil(b": connected")

    async with asyncio.timeout(200):  # until buffers of megabytes are full
        while api.runtime.tail._subscriptions:
            await run(api)
    writer.transport.abort()


async def test_a_quiet_tail_has_a_heartbeat(api: Api, monkeypatch):
    """A comment, which no client takes for an event; proxies keep the connection for it."""
    monkeypatch.setattr(logs, "HEARTBEAT_SECONDS", 0.02)
    async with tail(api) as stream:
        assert [await stream.line() for _ in range(3)] == [":\n"] * 3


async def test_a_wrong_last_event_id_is_a_400(api: Api):
    """In the usual shape, before the stream begins."""
    headers = {**api.headers, "Last-Event-ID": "yesterday"}
    async with api.client.get(api.url + TAIL, headers=headers) as answer:
        assert (answer.status, (await answer.json())["errorCode"]) == (400, "invalid_query_string")


async def test_a_tail_ends_with_its_token(api: Api, monkeypatch):
    """No longer than the token and the leeway; the client comes back with a new one."""
    end = int(time.time()) + 600
    monkeypatch.setattr(logs, "time", SimpleNamespace(time=lambda: end + 5 - 0.2))
    async with tail(api.with_token(token(exp=end))) as stream, asyncio.timeout(60):
        assert await stream.answer.content.read() == b""


async def test_a_client_that_left_is_forgotten(api: Api, monkeypatch):
    """The next heartbeat finds out, and its place is free."""
    monkeypatch.setattr(logs, "HEARTBEAT_SECONDS", 0.02)
    async with tail(api) as stream:
        assert len(api.runtime.tail._subscriptions["acme"]) == 1
        stream.answer.close()
    await until(lambda: not api.runtime.tail._subscriptions)


async def test_a_client_that_leaves_before_the_first_byte_breaks_nothing(api: Api, monkeypatch, caplog):
    """No error in the log, for nobody made one; and its place is free."""
    asked, left = asyncio.Event(), asyncio.Event()
    stored_after = logs._Logs._stored_after

    async def slowly(self, *given):  # as where there is much to replay
        asked.set()
        await left.wait()
        return await stored_after(self, *given)

    monkeypatch.setattr(logs._Logs, "_stored_after", slowly)
    host, port = api.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    headers = {**api.headers, "Host": host, "Last-Event-ID": Ulids().new(0)}
    lines = [f"GET {TAIL} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(60):
        await asked.wait()
        writer.close()
        await writer.wait_closed()
        await api.call("GET", "/livez")
        left.set()
        while api.runtime.tail._subscriptions:
            await asyncio.sleep(0.02)

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_tenant_has_a_bounded_number_of_tails(api: Api):
    """The next one is a 503 that says so."""
    api.runtime.tail._most = 1
    async with tail(api):
        answer = await api.call("GET", TAIL)
        assert (answer.status, answer.body["errorCode"]) == (503, "temporarily_unavailable")


async def test_a_tail_ends_when_the_server_stops(settings, monkeypatch):
    """At once, and not only after the time that requests in progress are given."""
    monkeypatch.setattr(http_app, "SHUTDOWN_SECONDS", 600)
    async with open_runtime(settings) as runtime, aiohttp.ClientSession() as client:
        authenticator, app = Authenticator(settings.auth.trusted), create_app()
        install(app, web_routes(runtime), authenticator)
        async with asyncio.timeout(60), serve(app, "127.0.0.1", 0) as address:
            answer = await client.get(address.url + TAIL, headers={"Authorization": f"Bearer {token()}"})
            assert await answer.content.readline() == b": connected\n"
        assert (await answer.content.read()).strip() in (b"retry: 2000", b"retry: 2000\n:")


async def test_one_execution_is_read_by_its_id(api: Api):
    """The same record as in the list; another tenant's is not there, and what is no id is said to be none."""
    await api.create(SEED)
    decision = await api.execute()
    path = f"{LOGS}/{decision['execution']['id']}"

    answer = await api.call("GET", path)

    assert answer.body == (await api.call("GET", LOGS)).body["executions"][0]
    assert (await api.with_token(token(tenant="other")).call("GET", path)).status == 404
    assert (await api.call("GET", f"{LOGS}/{'0' * 26}")).status == 404
    assert (await api.call("GET", f"{LOGS}/nonsense")).body["errorCode"] == "invalid_uri"
