"""The Node engine as the use cases see it: limits, room, leaving, closing, deploying."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.errors import SettingsError, Unavailable
from runtime.model import Answer, Failure
from runtime.node.engine import OWNERS_SHARE, NodeSandbox, build_walls, open_node
from runtime.sandbox.base import Run, SourceRejected
from runtime.sandbox.evaluation import MOST_WAITING
from runtime.settings import LimitSettings, NodeSettings
from tests.node.waiting import until_ready
from tests.sandbox.running import AMPLE, ECHO, LIMITS
from tests.waiting import until

SETTINGS = NodeSettings(enabled=True, processes=1, concurrency=4)
TIGHT = replace(LIMITS, cpu_ms=50, wall_ms=20_000, memory_bytes=8 << 20, output_bytes=2_000, operations=5)
WAITING = "module.exports = function (ms, cb) { setTimeout(cb, ms, null, 'waited'); };"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def own() -> AsyncIterator[NodeSandbox]:
    """An engine that a test may close."""
    sandbox = await open_node(SETTINGS, LimitSettings().limits())
    yield sandbox
    await sandbox.close()


async def run(sandbox: NodeSandbox, source: str, *arguments: object, limits=AMPLE, owner: str = "") -> Run:
    program = sandbox.load(await sandbox.make_image(source))
    await until_ready(sandbox)
    return await sandbox.run(program, orjson.dumps(arguments), limits, owner=owner)


async def until_busy(sandbox: NodeSandbox, count: int) -> None:
    """Returns when so many runs have a place."""
    await until(lambda: sandbox.busy == count, pause=0)


WALL_MS = {"wall_limit": 1_000}
LIMITED = {
    "cpu_limit": ("for (;;);", "The hook ran longer than its CPU limit of 50 ms."),
    "wall_limit": ("setTimeout(cb, 99999);", "The hook was not done after its time limit of 1000 ms."),
    "memory_limit": (
        "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));",
        "The hook needs more than its memory limit of 8388608 bytes.",
    ),
    "stack_limit": ("(function f() { f(); })();", "The hook's calls were nested too deeply."),
    "output_limit": ("cb(null, 'x'.repeat(2000));", "The hook's answer is larger than its limit of 2000 bytes."),
    "operation_limit": (
        "for (let i = 0; i < 6; i++) setTimeout(() => {}, 1);",
        "The hook started more than its limit of 5 operations.",
    ),
}


@pytest.mark.parametrize("code", LIMITED)
async def test_each_limit_has_the_error_that_it_has_in_wasm(node: NodeSandbox, code: str):
    """In the same words; what was printed is kept where the process could still be asked, or was asked before it waited."""
    body, message = LIMITED[code]
    limits = TIGHT if code == "cpu_limit" else replace(TIGHT, cpu_ms=10_000, wall_ms=WALL_MS.get(code, 20_000))
    done = await run(node, f"module.exports = function (cb) {{ console.log('before'); {body} }};", limits=limits)

    assert isinstance(done.outcome, Failure)
    assert (done.outcome.code, done.outcome.message) == (code, message)
    kept = [] if code in ("cpu_limit", "memory_limit") else ["before"]
    assert [line.text for line in done.console] == kept


async def test_the_javascript_heap_has_a_limit_too(node: NodeSandbox):
    """Objects, not bytes: V8 gives up, and says so."""
    source = "module.exports = function (cb) { const all = []; for (;;) all.push({ a: [all.length] }); };"
    done = await run(node, source, limits=replace(AMPLE, memory_bytes=16 << 20))

    assert isinstance(done.outcome, Failure)
    assert done.outcome.code == "memory_limit"


async def test_what_was_used_is_told(node: NodeSandbox):
    """CPU time without waiting, and memory beside what Node had before."""
    source = """module.exports = function (cb) {
      const kept = Buffer.alloc(8 << 20, 1);
      const end = process.cpuUsage().user + 30e3;
      while (process.cpuUsage().user < end);
      setTimeout(() => cb(null, kept.length), 100); };"""
    done = await run(node, source)

    assert done.outcome == Answer(8 << 20)
    assert 30 <= done.cpu_ms < done.wall_ms
    assert done.wall_ms >= 100
    assert 8 << 20 <= done.memory_bytes < 32 << 20


async def test_a_refusal_before_a_limit_is_a_refusal(node: NodeSandbox):
    """As for wasm: no policy lets the token out."""
    done = await run(node, "module.exports = (cb) => { cb(new Error('no')); for (;;); };", limits=TIGHT)

    assert isinstance(done.outcome, Failure)
    assert (done.outcome.code, done.outcome.refused) == ("cpu_limit", True)


async def test_nothing_is_left_for_the_next(node: NodeSandbox):
    """Each run has a process that had none before."""
    source = "let n = 0; module.exports = (cb) => { globalThis.n = (globalThis.n || 0) + 1; cb(null, [++n, globalThis.n]); };"
    program = node.load(await node.make_image(source))

    assert [(await node.run(program, b"[]", AMPLE)).outcome for _ in range(3)] == [Answer([1, 1])] * 3


async def test_the_source_is_evaluated_by_the_request(node: NodeSandbox):
    """A source that no longer loads is a failure; its limits are the request's."""
    program = node.load(
        (await node.make_image("if (false) throw new Error('now'); module.exports = (cb) => cb();")).replace(
            b"false", b"true "
        )
    )
    assert (await node.run(program, b"[]", AMPLE)).outcome == Failure(code="source_rejected", message="Error: now")
    endless = node.load(
        (await node.make_image("for (;false;); module.exports = (cb) => cb();")).replace(b"false", b"true ")
    )
    await until_ready(node)
    outcome = (await node.run(endless, b"[]", TIGHT)).outcome
    assert isinstance(outcome, Failure)
    assert outcome.code == "cpu_limit"


@pytest.mark.parametrize(
    "source, code, message, place",
    [
        ("\nfoo bar", "syntax_error", "SyntaxError: Unexpected identifier 'bar'", (2, 5)),
        ("const a = {", "syntax_error", "SyntaxError: Unexpected end of input", (1, 0)),
        ("\n\nthrow new TypeError('no');", "threw", "TypeError: no", (3, 7)),
        ("module.exports = 1;", "not_a_function", "Error: module.exports is not a function.", (0, 0)),
        ("require('lodash');", "threw", None, (1, 1)),
        (
            "process.exit(0);",
            "sandbox_crashed",
            "While it loads: The sandbox stopped: the process ended with the exit status 0.",
            (0, 0),
        ),
    ],
)
async def test_what_does_not_load_is_rejected(
    node: NodeSandbox, source: str, code: str, message: str | None, place: tuple[int, int]
):
    """When it is deployed, with the place in the user's source."""
    with pytest.raises(SourceRejected) as rejected:
        await node.make_image(source)

    assert rejected.value.code == code
    assert message in (None, rejected.value.message)
    assert (rejected.value.line, rejected.value.column) == place


async def test_no_more_than_there_is_room_for(own: NodeSandbox):
    """Of all, and of one owner; then room again."""
    program = own.load(await own.make_image(WAITING))
    share = SETTINGS.concurrency // OWNERS_SHARE
    waiting = [asyncio.create_task(own.run(program, b"[100000]", AMPLE, owner="a")) for _ in range(share)]
    await until_busy(own, share)
    with pytest.raises(Unavailable):
        await own.run(program, b"[1]", AMPLE, owner="a")
    assert (await own.run(program, b"[1]", AMPLE, owner="b")).outcome == Answer("waited")
    waiting += [asyncio.create_task(own.run(program, b"[100000]", AMPLE)) for _ in range(SETTINGS.concurrency - share)]
    await until_busy(own, SETTINGS.concurrency)
    with pytest.raises(Unavailable):
        await own.run(program, b"[1]", AMPLE, owner="c")
    await own.close()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert own.busy == 0


async def test_an_owner_can_not_fill_the_deploys(own: NodeSandbox):
    """Others' sources are evaluated in turn with its own."""
    mine = [asyncio.create_task(own.make_image(ECHO, owner="a")) for _ in range(MOST_WAITING + 1)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await own.make_image(ECHO, owner="a")
    assert await own.make_image(ECHO, owner="b")
    assert not all(task.done() for task in mine)
    await asyncio.gather(*mine)


async def test_closing_ends_what_runs(own: NodeSandbox):
    """At once, with an error that says why; afterwards nothing runs."""
    program = own.load(await own.make_image(WAITING))
    waiting = asyncio.create_task(own.run(program, b"[100000]", AMPLE))
    await until_busy(own, 1)
    await until_ready(own)
    await own.close()
    await own.close()
    outcome = (await waiting).outcome

    assert isinstance(outcome, Failure)
    assert (outcome.code, outcome.message) == ("sandbox_crashed", "The sandbox stopped: the service is stopping.")
    with pytest.raises(Unavailable):
        await own.run(program, b"[1]", AMPLE)
    with pytest.raises(Unavailable):
        await own.make_image(ECHO)


async def test_a_jailer_that_dies_ends_a_run_and_no_more(own: NodeSandbox):
    """The run has crashed; the next has a jailer of its own."""
    program = own.load(await own.make_image(WAITING))
    waiting = asyncio.create_task(own.run(program, b"[100000]", AMPLE))
    await until_busy(own, 1)
    await until_ready(own)
    os.kill(own._pool._processes._jailer.pid, signal.SIGKILL)
    outcome = (await waiting).outcome

    assert isinstance(outcome, Failure)
    assert outcome.code == "sandbox_crashed"
    assert (await own.run(program, b"[1]", AMPLE)).outcome == Answer("waited")


@pytest.mark.parametrize(
    "settings, walls, says",
    [
        (NodeSettings(enabled=True), [], "can not keep Node in: .* It takes Linux with"),
        (NodeSettings(enabled=True, path="/nowhere"), ["landlock"], "/nowhere is no program"),
    ],
)
async def test_an_engine_that_can_not_be_had_says_what_is_missing(settings: NodeSettings, walls: list[str], says: str):
    """The service does not start with less than it was asked for."""
    with pytest.raises(SettingsError, match=says):
        await build_walls(settings, LIMITS, walls=walls)


async def test_a_node_that_does_not_run_in_jail_is_refused(tmp_path: Path):
    """Before any hook needs it."""
    fake = tmp_path / "node"
    fake.write_text("#!/bin/sh\necho v20.0.0\n")
    fake.chmod(0o755)
    with pytest.raises(SettingsError, match="does not run in its jail"):
        await open_node(NodeSettings(enabled=True, path=str(fake)), LIMITS)
