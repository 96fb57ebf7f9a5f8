"""Waiting is not CPU: it holds a sandbox, and neither a thread nor any of a hook's CPU time."""

from __future__ import annotations

import asyncio
import resource
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from runtime.errors import Unavailable
from runtime.model import Answer, Failure
from runtime.sandbox.pool import open_sandbox
from runtime.settings import SandboxSettings
from tests.network.servers import serving, speaking
from tests.sandbox.operations.waiting import reaching
from tests.sandbox.running import AMPLE
from tests.waiting import until

FETCH = "module.exports = async (url) => (await fetch(url)).text();"
MANY = 1_000


class Gate:
    """Holds every answer back until it opens; `full` is set when so many wait."""

    def __init__(self, count: int) -> None:
        self.full, self.open = asyncio.Event(), asyncio.Event()
        self._left = count

    async def __call__(self, request: web.Request) -> web.Response:
        self._left -= 1
        if self._left <= 0:
            self.full.set()
        await self.open.wait()
        return web.Response(text="hi")


async def test_waiting_costs_no_cpu_time(engine_cache: Path):
    """A hook that waits twice as long as it may compute is done, with next to none of it."""
    gate = Gate(1)
    limits = replace(AMPLE, cpu_ms=500)
    async with serving(gate) as server, reaching(engine_cache, allow=(server.place,)) as engine:
        await engine.answer(
            "module.exports = async () => typeof fetch;"
        )  # the first large image of an engine takes its time
        running = asyncio.create_task(engine.run(FETCH, server.url(), limits=limits))
        async with asyncio.timeout(30):
            await gate.full.wait()
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < 1:
            await asyncio.sleep(0.1)
        gate.open.set()
        done = await running

    assert done.outcome == Answer("hi")
    assert done.wall_ms > 1_000
    assert done.cpu_ms < limits.cpu_ms
    assert [(note.host, note.status) for note in done.operations] == [(server.place, 200)]


async def test_a_thousand_wait_at_once(engine_cache: Path):
    """One tenant's, on one worker, as it is by default: no thread more than before, each answered."""
    gate = Gate(MANY + 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # both ends of each connection are in this process
    try:
        async with (
            serving(gate) as server,
            reaching(
                engine_cache, concurrency=SandboxSettings().concurrency, allow=(server.place,), timeout_ms=20_000
            ) as engine,
        ):
            program = engine.sandbox.load(await engine.sandbox.make_image(FETCH))
            arguments = f'["{server.url()}"]'.encode()
            gate.open.set()
            await engine.sandbox.run(program, arguments, AMPLE, owner="acme")
            gate.open.clear()
            before = threading.active_count()
            limits = replace(AMPLE, wall_ms=60_000)
            runs = [
                asyncio.create_task(engine.sandbox.run(program, arguments, limits, owner="acme")) for _ in range(MANY)
            ]
            async with asyncio.timeout(60):
                await gate.full.wait()
            assert engine.sandbox.busy == MANY
            assert threading.active_count() == before
            gate.open.set()
            done = await asyncio.gather(*runs)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert {one.outcome.value for one in done if isinstance(one.outcome, Answer)} == {"hi"}
    assert sum(one.cpu_ms for one in done) / MANY < 100


async def test_an_answer_ends_what_is_under_way(engine_cache: Path):
    """The server sees its client leave; the record says that it was cancelled."""
    reached, left = asyncio.Event(), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /reached"):
            await reached.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        reached.set()
        await reader.read()
        left.set()

    source = "module.exports = (url, cb) => { fetch(url); fetch(`${url}reached`).then((r) => cb(null, r.status)); };"
    async with speaking(speak) as server, reaching(engine_cache, allow=(server.place,)) as engine:
        done = await engine.run(source, server.url())
        async with asyncio.timeout(30):
            await left.wait()

    assert done.outcome == Answer(200)
    assert [(note.status, note.error) for note in done.operations] == [(0, "cancelled"), (200, "")]


async def test_time_is_up_while_it_waits(engine_cache: Path):
    """The hook's own limit, whatever the operation's is."""
    gate = Gate(1)
    async with serving(gate) as server, reaching(engine_cache, allow=(server.place,)) as engine:
        await engine.answer("module.exports = async () => typeof fetch;")
        done = await engine.run(FETCH, server.url(), limits=replace(AMPLE, wall_ms=300))
        gate.open.set()

    assert isinstance(done.outcome, Failure)
    assert done.outcome.code == "wall_limit"
    assert [note.error for note in done.operations] == ["cancelled"]


async def test_memory_of_those_that_wait_is_bounded(engine_cache: Path):
    """All together: one more than there is memory for finds the service full, and the others go on."""
    settings = SandboxSettings(cache_directory=str(engine_cache), concurrency=8, threads=1, waiting_bytes=20 << 20)
    sandbox = await open_sandbox(settings)
    program = sandbox.load(
        await sandbox.make_image(
            "module.exports = (ms, cb) => { const much = new Uint8Array(8 << 20).fill(1); setTimeout(() => cb(null, much.length), ms); };"
        )
    )
    waiting = [asyncio.create_task(sandbox.run(program, b"[500]", AMPLE)) for _ in range(2)]
    await until(lambda: sandbox._held >= 16 << 20)
    with pytest.raises(Unavailable, match="too much memory together"):
        await sandbox.run(program, b"[1]", AMPLE)
    assert [one.outcome for one in await asyncio.gather(*waiting)] == [Answer(8 << 20)] * 2
    assert sandbox._held == 0
    assert (await sandbox.run(program, b"[1]", AMPLE)).outcome == Answer(8 << 20)
    await sandbox.close()
