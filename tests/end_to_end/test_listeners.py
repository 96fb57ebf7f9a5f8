"""The tail, read by clients that this project did not write: npm `eventsource`, and `httpx-sse`. Both lose nothing by coming back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse

from runtime.settings import Settings
from tests.installed import NODE, npm_packages
from tests.waiting import until
from tests.web.conftest import REQUEST, SEED, Api, opened, settings_in

TAIL = "/api/v1/logs/tail"


@pytest.fixture
def settings(tmp_path: Path, engine_cache: Path) -> Settings:
    return settings_in(tmp_path, engine_cache)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with opened(settings) as api:
        await api.create(SEED)
        yield api


async def run(api: Api, client_id: str) -> str:
    """One execution; its id."""
    execution_id: str = (await api.execute(client={**REQUEST["client"], "id": client_id}))["execution"]["id"]
    return execution_id


async def cut(api: Api) -> None:
    """End all tails that there are, as a server does that stops."""
    for subscription in list(api.runtime.tail._subscriptions["acme"]):
        subscription.close()
    await until(lambda: not api.runtime.tail.listeners)


@asynccontextmanager
async def eventsource(api: Api, query: str = "") -> AsyncIterator[asyncio.StreamReader]:
    """npm `eventsource` in a process of its own; what it says, line by line."""
    modules = npm_packages(Path(__file__).parent)
    process = await asyncio.create_subprocess_exec(
        NODE,
        Path(__file__).with_name("follow.mjs"),
        stdout=asyncio.subprocess.PIPE,
        env={"URL": f"{api.url}{TAIL}{query}", "TOKEN": api.bearer or "", "MODULES": str(modules)},
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def said(lines: asyncio.StreamReader) -> Any:
    """The next thing that it says."""
    async with asyncio.timeout(20):
        return json.loads(await lines.readline())


async def test_a_browsers_event_source(api: Api):
    """It follows, is cut off, comes back by itself with the last id, and has everything once, in order."""
    async with eventsource(api) as lines:
        assert await said(lines) == {"open": True}
        first = await run(api, "a")
        assert await said(lines) == {"id": first, "client": "a"}

        await cut(api)
        missed = [await run(api, f"away-{number}") for number in range(3)]
        assert "closed" in await said(lines)
        assert await said(lines) == {"open": True}
        assert [await said(lines) for _ in missed] == [
            {"id": execution_id, "client": f"away-{number}"} for number, execution_id in enumerate(missed)
        ]

        live = await run(api, "b")
        assert await said(lines) == {"id": live, "client": "b"}


async def test_a_browsers_event_source_with_a_filter(api: Api):
    """Only what it wants, also of what it missed."""
    async with eventsource(api, "?client=wanted") as lines:
        assert await said(lines) == {"open": True}
        ids = [await run(api, client_id) for client_id in ("other", "wanted")]
        assert await said(lines) == {"id": ids[1], "client": "wanted"}


async def test_a_reader_in_python(api: Api):
    """`httpx-sse` reads ids and data; with `Last-Event-ID` it goes on where it was."""
    seen: Queue[tuple[str, str]] = Queue()
    opened = threading.Event()

    def follow(after: str | None, count: int) -> None:
        headers = api.headers | ({} if after is None else {"Last-Event-ID": after})
        with httpx.Client(timeout=20) as client, connect_sse(client, "GET", api.url + TAIL, headers=headers) as source:
            source.response.raise_for_status()
            opened.set()
            for _, event in zip(range(count), source.iter_sse(), strict=False):
                seen.put((event.id, event.json()["client"]))

    following = asyncio.create_task(asyncio.to_thread(follow, None, 2))
    await asyncio.to_thread(opened.wait, 20)
    ids = [await run(api, "a"), await run(api, "b")]
    await following
    ids += [await run(api, "c"), await run(api, "d")]
    await asyncio.to_thread(follow, ids[1], 2)

    assert [seen.get_nowait() for _ in range(4)] == list(zip(ids, "abcd", strict=True))
