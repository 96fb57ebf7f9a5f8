"""Deployment: one evaluation at a time, owners in turn, and requests untouched. What is rejected: test_sources.py."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from runtime.errors import Unavailable
from runtime.model import Answer
from runtime.sandbox import evaluation
from runtime.sandbox.base import Run, SourceRejected
from runtime.sandbox.evaluation import LOAD_LIMITS, MOST_WAITING
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.wrapping import wrapped
from tests.sandbox.clocks import Told
from tests.sandbox.conftest import LIMITS

ENDLESS = "for (;;);"
GOOD = "module.exports = (cb) => cb(null, 1);"
SLOW = "module.exports = (cb) => setTimeout(cb, 1, null, 1);"


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless deployment is stopped sooner than after its two seconds."""
    monkeypatch.setattr(evaluation, "LOAD_LIMITS", replace(LOAD_LIMITS, cpu_ms=300))


@pytest.mark.usefixtures("_hasty")
async def test_endless_deployments_delay_another_owners_by_one(sandbox: WasmSandbox):
    """Whoever waits longest among the owners is next, however many one of them has."""
    done: list[str] = []

    async def deploy(owner: str, source: str) -> None:
        with contextlib.suppress(SourceRejected):
            await sandbox.make_image(source, owner=owner)
        done.append(owner)

    endless = [asyncio.create_task(deploy("a", ENDLESS)) for _ in range(3)]
    await asyncio.sleep(0)
    await deploy("b", GOOD)

    assert done == ["a", "b"]
    await asyncio.gather(*endless)


@pytest.mark.usefixtures("_hasty")
async def test_an_endless_deployment_takes_no_thread_of_requests(sandbox: WasmSandbox):
    """A hook that waits is resumed while it runs."""
    program = sandbox.load(await sandbox.make_image(SLOW))
    endless = asyncio.create_task(sandbox.make_image(ENDLESS, owner="a"))
    await asyncio.sleep(0)
    for _ in range(5):
        assert (await sandbox.run(program, b"[]", LIMITS)).outcome == Answer(1)

    assert not endless.done()
    with pytest.raises(SourceRejected):
        await endless


async def test_an_owner_may_have_so_many_waiting(sandbox: WasmSandbox):
    """Then a clean error at once; others deploy."""
    sources = [f"{GOOD} // {number}" for number in range(MOST_WAITING + 1)]
    waiting = [asyncio.create_task(sandbox.make_image(source, owner="a")) for source in sources]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await sandbox.make_image(GOOD, owner="a")

    assert await sandbox.make_image(GOOD, owner="b")
    assert all(await asyncio.gather(*waiting))


DEEP = "const f = (n) => n && 1 + f(n - 1); module.exports = (n, cb) => cb(null, f(n));"


async def test_a_program_of_the_services_own_has_a_larger_stack(sandbox: WasmSandbox):
    """Six times as deep as a hook may go; where it ends it ends as a hook's does, and the next run is as ever."""
    program = sandbox.load(await sandbox.make_image(DEEP))

    async def depths(run: Callable[..., Awaitable[Run]]) -> list[object]:
        outcomes = [(await run(program, str([depth]).encode(), LIMITS)).outcome for depth in (100, 1200, 100_000, 100)]
        return [outcome.value if isinstance(outcome, Answer) else getattr(outcome, "code", "") for outcome in outcomes]

    assert await depths(sandbox.run) == [100, "stack_limit", "stack_limit", 100]
    assert await depths(sandbox.run_aside) == [100, 1200, "stack_limit", 100]


async def test_what_is_run_aside_has_no_time_to_wait(sandbox: WasmSandbox):
    """A timer is the end of it; a throw and a limit are failures as of any run."""
    sources = {
        SLOW: "wall_limit",
        "module.exports = () => { throw 1; }": "threw",
        "module.exports = () => { for (;;); }": "cpu_limit",
    }
    for source, code in sources.items():
        program = sandbox.load(await sandbox.make_image(source))
        run = await sandbox.run_aside(program, b"[]", replace(LIMITS, cpu_ms=20 if code == "cpu_limit" else 2_000))
        assert getattr(run.outcome, "code", "") == code
        assert run.cpu_ms > 0


async def test_a_machine_that_is_busy_refuses_no_hook(sandbox: WasmSandbox, monkeypatch: pytest.MonkeyPatch):
    """Seconds pass while it loads, but its thread has none of them."""
    monkeypatch.setattr(evaluation, "LOAD_LIMITS", replace(LOAD_LIMITS, cpu_ms=9))
    told = Told(sandbox._engine, cpu=lambda _: 1.0, wall=float)
    image = await sandbox.make_image("for (let i = 0; i < 1e7; i++); module.exports = (cb) => cb(null, 1);")

    assert told.looks[sandbox._engine._host.wall_clock] > 2
    assert (await sandbox.run(sandbox.load(image), b"[]", LIMITS)).outcome == Answer(1)


@pytest.mark.usefixtures("_hasty")
async def test_who_leaves_keeps_the_turn_until_the_thread_is_free(sandbox: WasmSandbox):
    """Two evaluations never run at once, and the next comes in any case."""
    first = asyncio.create_task(sandbox.make_image(ENDLESS, owner="a"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert await sandbox.make_image(GOOD, owner="b")


def test_a_first_line_for_shells_is_a_comment():
    """As in Node; the lines below keep their numbers."""
    assert wrapped("#!/usr/bin/env node\nmodule").split(b"\n")[1:3] == [b"///usr/bin/env node", b"module"]


def test_the_sources_first_line_is_the_second_of_the_wrapper():
    """The wrapper's own line counts as line 0."""
    assert wrapped("one\ntwo").split(b"\n")[1:3] == [b"one", b"two"]
