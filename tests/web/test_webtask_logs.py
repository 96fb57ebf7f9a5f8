from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from runtime.web import webtask_logs
from tests.waiting import until
from tests.web.conftest import REQUEST, Api, hook_of, token

PATH = "/api/logs/tenant/acme"
EVENTS = {"Accept": "text/event-stream"}
MIXED = hook_of("if (client.id === 'bad') cb(new Error('no\\nway')); else { console.warn('hi\\n', client.id); cb(); }")


@asynccontextmanager
async def stream(api: Api, *, accept: dict[str, str] | None = None) -> AsyncIterator[aiohttp.StreamReader]:
    """A stream that has begun, with the token as `key` and no header of ours."""
    async with api.client.get(api.url + PATH, params={"key": str(api.bearer)}, headers=accept) as answer:
        assert answer.status == 200, await answer.text()
        kind = "text/event-stream" if accept else "application/x-ndjson"
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        yield answer.content


async def read(content: aiohttp.StreamReader, end: bytes) -> bytes:
    async with asyncio.timeout(60):
        return await content.readuntil(end)


async def run(api: Api, client_id: str = "good") -> str:
    """The id of an execution."""
    execution_id: str = (await api.execute(client={**REQUEST["client"], "id": client_id}))["execution"]["id"]
    return execution_id


async def test_events_are_what_the_command_line_can_read(api: Api):
    """Contract 4: LF, one data line in each event, no event line, and the stream begins with a comment."""
    await api.create(MIXED)
    async with stream(api, accept=EVENTS) as content:
        assert await read(content, b"\n\n") == b": connected\n\n"
        request = await run(api)
        events = [await read(content, b"\n\n") for _ in range(3)]
    assert all(re.fullmatch(rb"data: \{[^\r\n]*\}\n\n", event) for event in events)
    records: list[dict[str, Any]] = [json.loads(event.removeprefix(b"data: ")) for event in events]
    ended = re.fullmatch(rf"finished webtask request {request} with HTTP 200 in \d+ms", records[2]["msg"])
    assert ended is not None
    assert [record["msg"] for record in records] == [f"new webtask request {request}", "hi\n good", ended[0]]
    assert [record["level"] for record in records] == [30, 40, 30]
    for record in records:
        assert (record["v"], record["name"], record["webtask"], record["container"]) == (0, "hookd", "a-hook", "acme")
        assert record["hostname"]
        assert record["pid"] > 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])


async def test_lines_for_everybody_else(api: Api):
    """`curl ... | bunyan`: one record a line, nothing else; an error with its stack, at its level."""
    await api.create(MIXED)
    async with stream(api) as content:
        await run(api, "bad")
        begun, error, ended = [json.loads(await read(content, b"\n")) for _ in range(3)]
    assert begun["msg"].startswith("new webtask request ")
    assert error["level"] == 50
    assert error["msg"].startswith("Error: no\nway\n    at ")
    assert " with HTTP 200 in " in ended["msg"]


async def test_a_hook_that_broke(api: Api):
    """webtask answered 500 then."""
    await api.create(hook_of("throw new TypeError('oh')"))
    async with stream(api) as content:
        await run(api)
        _, error, ended = [json.loads(await read(content, b"\n")) for _ in range(3)]
    assert error["msg"].startswith("TypeError: oh")
    assert " with HTTP 500 in " in ended["msg"]


async def test_an_idle_stream_is_kept_alive(api: Api, monkeypatch):
    """Events with a comment that prints nothing; lines with nothing at all."""
    monkeypatch.setattr(webtask_logs, "HEARTBEAT_SECONDS", 0.01)
    await api.create(MIXED)
    async with stream(api, accept=EVENTS) as content:
        assert await read(content, b"\n\n") == b": connected\n\n"
        assert [await read(content, b"\n\n") for _ in range(3)] == [b":\n\n"] * 3
    async with stream(api) as content:
        await asyncio.sleep(0.05)
        await run(api)
        assert (await read(content, b"\n")).startswith(b'{"name":"hookd"')


async def test_a_client_that_left_is_forgotten(api: Api, monkeypatch):
    """A stream of lines has no keep-alive that would tell."""
    monkeypatch.setattr(webtask_logs, "HEARTBEAT_SECONDS", 0.01)
    async with aiohttp.ClientSession() as leaving, leaving.get(api.url + PATH, headers=api.headers) as answer:
        assert answer.status == 200
        assert api.runtime.tail._subscriptions
    await until(lambda: not api.runtime.tail._subscriptions)


@pytest.mark.parametrize(
    "key, status", [("nonsense", 401), ("", 401), (token(scope="read:hooks"), 403), (token("other"), 403)]
)
async def test_keys_that_are_not_enough(api: Api, key, status):
    """The usual answers: 401, 403."""
    assert (await api.with_token(None).call("GET", PATH, key=key)).status == status
    for name in ("key", ""):
        assert (await api.with_token(None).call("GET", "/api/v1/logs", **{name: token()})).status == 401
    assert (await api.call("GET", PATH, other="x")).status == 400
