"""Deno in place of Node: what says that it is Deno is started as one, and the contract holds, walls, limits and answers.

Deno knows no descriptor but the standard ones, so its channel to the host is there; the guest is the same. A part of what is
tried in Node is tried here, one row in so many; all rows of the catalogue with HOOKD_ALL_ROWS=1.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.model import Answer, Failure, Operation
from runtime.node.engine import NodeSandbox, open_node
from runtime.sandbox.asked import Asked, Fetch
from runtime.sandbox.operations.base import Place, nothing
from runtime.settings import LimitSettings, NodeSettings
from tests.installed import pip_packages
from tests.node.test_contract import DIFFERENT, EITHER, IN_DENO, NAMED, ends, hold
from tests.node.test_engine import LIMITED, TIGHT, WALL_MS, run
from tests.node.test_hostile import ATTEMPT, ATTEMPTS, ENDS, end_of, hold_good, outcome_of
from tests.sandbox.hostile.world import REACHABLE, World, opened
from tests.sandbox.running import AMPLE

# Not what is listed of QuickJS and of Node by itself. Those of `memory` take most of a limit's time; what is under SOME_ENDS fills
# the memory, too.
TRIED = [name for name in NAMED if not name.startswith(("engine", "escapes"))]
ROWS = TRIED if os.environ.get("HOOKD_ALL_ROWS") else [name for name in TRIED if not name.startswith("memory")][::40]
SOME_ENDS = [
    "exit",
    "abort",
    "objects without end",
    "buffers without end",
    "half a frame",
    "a frame of a gigabyte",
    "bytes without end",
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def perform(place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
    """One site, and nothing else."""
    if not (isinstance(asked, Fetch) and asked.url.startswith("http://x/")):
        return await nothing(place, asked, notes)
    notes.append(Operation(kind="fetch", method=asked.method, host=place.owner))
    body = base64.b64encode(asked.body or b"nothing").decode()
    return {"status": 200, "reason": "OK", "url": asked.url, "redirected": False, "headers": [], "body": body}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world() -> AsyncIterator[World]:
    """The network of the rows."""
    async with opened() as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def deno(world: World) -> AsyncIterator[NodeSandbox]:
    """Deno from PyPI, behind all walls of the machine."""
    program = pip_packages(Path(__file__).with_name("deno.lock")) / "bin" / "deno"
    settings = NodeSettings(enabled=True, path=str(program), processes=2, concurrency=12)

    async def either(place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
        return await (world.perform if place.owner == REACHABLE else perform)(place, asked, notes)

    sandbox = await open_node(settings, LimitSettings().limits(), either)
    yield sandbox
    assert sandbox.busy == 0
    await sandbox.close()


async def test_it_looks_like_node(deno: NodeSandbox):
    """Nothing that would print to its channel is there; neither is an environment, or an argument."""
    done = await run(
        deno,
        """module.exports = (cb) => cb(null, [typeof process.versions.deno, typeof alert, typeof prompt, typeof Buffer, typeof require('fs').readFileSync,
          Object.keys(process.env), process.env.HOME === undefined, process.argv.slice(1), process.execArgv]);""",
    )

    assert done.outcome == Answer(["string", "undefined", "undefined", "function", "function", [], True, [], []])


async def test_nothing_is_to_be_had_outside(deno: NodeSandbox):
    """Every attempt throws. A process of Deno takes half a second of CPU time: the good hook comes once, after all."""
    for name, attempt in ATTEMPTS.items():
        outcome = await end_of(deno, f"{ATTEMPT} {attempt} return succeeded;")
        refused = isinstance(outcome, Failure) and outcome.name == "NotCapable"  # some are thrown where nobody catches
        assert outcome == Answer([]) or refused, (name, outcome)
    await hold_good(deno)


@pytest.mark.parametrize("code", LIMITED)
async def test_each_limit_has_its_error(deno: NodeSandbox, code: str):
    """In the words that it has in Node and in wasm."""
    body, message = LIMITED[code]
    limits = TIGHT if code == "cpu_limit" else replace(TIGHT, cpu_ms=10_000, wall_ms=WALL_MS.get(code, 20_000))
    done = await run(deno, f"module.exports = function (cb) {{ {body} }};", limits=limits)

    assert isinstance(done.outcome, Failure)
    assert (done.outcome.code, done.outcome.message) == (code, message)


@pytest.mark.parametrize("name", SOME_ENDS)
async def test_every_end_is_clean(deno: NodeSandbox, name: str):
    """A forged frame goes to Deno's own descriptor here."""
    body, code, message = ENDS[name]
    outcome = await outcome_of(deno, body.replace("Sync(3", "Sync(1"))

    assert isinstance(outcome, Failure), outcome
    assert code in (None, outcome.code), outcome
    assert outcome.message.startswith(message)


async def test_operations(deno: NodeSandbox):
    """fetch and http are the host's; a refusal is told at once, an error has the hook's own frames only."""
    body = """const answer = await fetch('http://x/y', { method: 'POST', body: 'h\\u00e9' });
      const http = await new Promise((done) => require('http').get('http://x/z', (r) => r.on('data', (d) => done(`${d}`))));
      return [answer.status, await answer.text(), http];"""
    program = deno.load(await deno.make_image(f"module.exports = async (cb) => {{ {body} }};"))
    done = await deno.run(program, b"[]", AMPLE, owner="acme")
    assert done.outcome == Answer([200, "h\u00e9", "nothing"])
    assert [operation.method for operation in done.operations] == ["POST", "GET"]

    refused = await run(deno, "module.exports = (cb) => { cb(new Error('no')); for (;;); };", limits=TIGHT)
    assert isinstance(refused.outcome, Failure)
    assert (refused.outcome.code, refused.outcome.refused) == ("cpu_limit", True)

    threw = await run(
        deno, "module.exports = (cb) => {\n  setTimeout(function mine() { throw new Error('x'); }, 1);\n};"
    )
    assert isinstance(threw.outcome, Failure)
    assert threw.outcome.stack == "Error: x\n    at Timeout.mine (hook.js:2:38)"


@pytest.mark.parametrize("name", ROWS)
async def test_a_row_ends_as_elsewhere(deno: NodeSandbox, world: World, name: str):
    """As in wasm, or otherwise, where that is listed for Node, or for Deno, but not for both."""
    ended = await ends(deno, world, NAMED[name])
    if name in EITHER:
        with suppress(AssertionError):
            hold(NAMED[name], ended)
        return
    if (name in DIFFERENT) == (name in IN_DENO):
        hold(NAMED[name], ended)
        return
    with pytest.raises(AssertionError):
        hold(NAMED[name], ended)


async def test_concurrent_hooks_have_nothing_in_common(deno: NodeSandbox):
    """Each has a process of its own."""
    program = deno.load(
        await deno.make_image(
            "module.exports = (cb) => { globalThis.n = (globalThis.n || 0) + 1; cb(null, globalThis.n); };"
        )
    )
    done = await asyncio.gather(*[deno.run(program, b"[]", AMPLE, owner=str(n)) for n in range(3)])

    assert [run.outcome for run in done] == [Answer(1)] * 3
