"""Nothing of one request is there in the next: no state, no prototype, no byte, however the one before it ended."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.model import Answer, Failure, Limits, Refusal
from runtime.sandbox import abi
from runtime.sandbox.base import Run
from runtime.sandbox.invocation import Invocation, Stopped, time_of
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import WasmProgram, load_program
from runtime.settings import SandboxSettings

LIMITS = Limits(
    cpu_ms=40,
    wall_ms=60,
    memory_bytes=8 << 20,
    output_bytes=16_384,
    console_lines=8,
    console_bytes=2_048,
    operations=10,
    operation_bytes=65_536,
)
AT = {"cpu": replace(LIMITS, wall_ms=8_000), "wait": LIMITS}
WIDE = replace(LIMITS, cpu_ms=4_000, wall_ms=8_000, output_bytes=65_536)
# Every place in which a program can keep something. `look` must always report what it reports in a fresh sandbox.
KEEPER = """
let closure = 0;
var hoisted = 0;
const map = new Map([['kept', 0]]), set = new Set(), list = [], object = {}, weak = new WeakMap([[object, 0]]);
const bytes = new Uint8Array(64), expression = /a/g, bound = function () { return ++this.n; }.bind({ n: 0 });
const counter = (function* () { for (let n = 0;; n++) yield n; })();
const symbol = Symbol.for('kept');
let promise = Promise.resolve(0);
class Kept { static n = 0; static #secret = 0; static get secret() { return Kept.#secret; } static leave() { Kept.n = ++Kept.#secret; } }

function leave(secret) {
  closure = hoisted = secret;
  globalThis.leaked = secret;
  alsoLeaked = secret;
  map.set(secret, secret).set('kept', secret);
  set.add(secret), list.push(secret), object[secret] = secret, weak.set(object, secret);
  bytes.fill(7), expression.exec('aaa'), bound(), counter.next(), counter.next(), Kept.leave();
  promise = Promise.reject(secret), promise.catch(() => {});
  Object.prototype.polluted = Array.prototype.polluted = Function.prototype.polluted = secret;
  Array.prototype[3] = secret;
  String.prototype.trim = () => secret;
  JSON.stringify = Math.random = Date.now = () => secret;
  Error.stackTraceLimit = 1, Error.prepareStackTrace = () => secret;
  Promise.prototype.then = Symbol.for = () => secret;
  module.exports.kept = exports.kept = module.kept = require.kept = secret;
  console.log = () => {};
  console.kept = secret;
  console.count('kept'), console.time(secret), console.group('kept'), clearTimeout(setTimeout(() => {}, 0));
  Object.defineProperty(globalThis, 'getter', { get: () => secret });
  Object.setPrototypeOf(globalThis, { inherited: secret });
  delete globalThis.setImmediate, delete globalThis.btoa;
  eval('var evaluated = secret'), (0, eval)('var indirect = 1; let lexical = 1');
  symbol.description, new FinalizationRegistry(() => { leaked = secret; }).register({});
}

function look() {
  console.count('kept'), console.dir(promise);
  return {
    closure, hoisted, leaked: typeof leaked, alsoLeaked: typeof alsoLeaked, map: [...map], set: [...set], list,
    object, weak: weak.get(object), bytes: bytes.join(''), index: expression.lastIndex, bound: bound(), kept: Kept.n,
    generator: counter.next().value, secret: Kept.secret, hole: [0, , , ,][3],
    polluted: [typeof {}.polluted, typeof [].polluted, typeof (() => 0).polluted],
    builtIn: [' x '.trim(), JSON.stringify([1]), Math.random() < 1, Date.now() > 1e12, Error.stackTraceLimit],
    prepare: typeof Error.prepareStackTrace, then: Promise.prototype.then.length, symbol: Symbol.for('kept') === symbol,
    module: [typeof module.exports.kept, typeof exports.kept, typeof module.kept, typeof require.kept],
    console: [typeof console.kept, Object.keys(console).length], getter: typeof getter, inherited: typeof inherited,
    gone: [typeof setImmediate, typeof btoa], evaluated: [typeof evaluated, typeof indirect, typeof lexical],
    names: Object.getOwnPropertyNames(globalThis).length, timer: +setTimeout(() => {}, 0),
  };
}

const ends = {
  look: cb => cb(null, look()),
  answer: cb => cb(null, {}),
  refusal: cb => cb(new Error('no')),
  throw: () => { throw new Error('x'); },
  nothing: () => {},
  twice: cb => { cb(null, {}); cb(null, {}); },
  cpu: () => { for (;;); },
  memory: () => { const all = []; for (;;) all.push(new Uint8Array(1e5).fill(0xA5)); },
  stack: () => { (function f() { f(); })(); },
  wait: () => { setTimeout(() => {}, 1e6); },
  operations: () => { for (;;) setTimeout(() => {}, 0); },
  output: cb => cb(null, { a: 'x'.repeat(1e5) }),
  malformed: cb => cb(null, { a: 1n }),
};

module.exports = function (client, scope, audience, context, cb) {
  if (client.end !== 'clean') leave(context.secret);
  ends[client.end === 'clean' ? 'look' : client.end](cb);
};
"""
ENDS = {
    "answer": "answered",
    "refusal": "refused",
    "throw": "threw",
    "nothing": "no_answer",
    "twice": "answered_twice",
    "cpu": "cpu_limit",
    "memory": "memory_limit",
    "stack": "stack_limit",
    "wait": "wall_limit",
    "operations": "operation_limit",
    "output": "output_limit",
    "malformed": "malformed_answer",
}
MARKER = "marker-4f1d-secret"
# Holds the marker in every way it can: as text, as bytes, in a closure, in names, all over the memory.
HOARDER = """
module.exports = (client, scope, audience, context, cb) => {
  const secret = context.secret, bytes = Uint8Array.from(secret, c => c.charCodeAt(0)), hoard = globalThis.hoard = [];
  const whole = new Uint8Array(4e6);
  for (let i = 0; i + bytes.length <= whole.length; i += bytes.length) whole.set(bytes, i);
  for (let i = 0; i < 500; i++) hoard.push(secret + i, { [secret + i]: () => secret }, secret.repeat(10) + i, Symbol(secret + i));
  (function deep(n, text) { if (n) deep(n - 1, text + secret); else console.log(text); })(100, '');
  cb(null, { secret });
};
"""
# Takes all the memory there is but a little to go on with, and reports each block in it that is not all zeros.
FINDER = """
module.exports = (client, scope, audience, context, cb) => {
  const found = [], blocks = Array(300).fill(null);
  let spare = Array.from({ length: 500 }, (_, i) => [{ i }, new Uint8Array(200), () => i, `${i}`.repeat(20)]);
  for (let size = 4194304, n = 0; size >= 8192; size >>= 1) {
    try {
      for (;;) blocks[n++] = new Uint32Array(size / 4);
    } catch (e) { if (e.name !== 'InternalError') throw e; }
  }
  spare = null;
  let total = 0;
  for (const block of blocks) {
    if (block === null) continue;
    total += block.byteLength;
    const most = block.sort()[block.length - 1]; // sorted by C: a loop over megabytes takes too long
    if (most !== 0) found.push([block.length, most]);
  }
  cb(null, { found, much: total > 5e6 });
};
"""
ORDINARY = "module.exports = (client, scope, audience, context, cb) => cb(null, { size: new Uint8Array(6e6).length });"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """One engine for all of it, so that each request gets what others used before."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=2, concurrency=4))
    yield sandbox
    await sandbox.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def keeper(sandbox: WasmSandbox) -> bytes:
    """The image of the program that leaves traces."""
    return await sandbox.make_image(KEEPER)


def arguments(end: str = "", secret: str = MARKER) -> bytes:
    return orjson.dumps([{"id": "c", "end": end}, [], "a", {"secret": secret}])


async def run(sandbox: WasmSandbox, program: WasmProgram, end: str = "", limits: Limits = WIDE) -> Run:
    return await sandbox.run(program, arguments(end), limits)


async def look(sandbox: WasmSandbox, program: WasmProgram, end: str = "clean") -> tuple[dict[str, object], object]:
    """What the program finds of those before it, and what it printed."""
    done = await run(sandbox, program, end)
    assert isinstance(done.outcome, Answer), done.outcome
    assert isinstance(done.outcome.value, dict)
    return done.outcome.value, [line.text for line in done.console]


def program_of(image: bytes, *, slow: bool) -> WasmProgram:
    program = load_program(image)
    program.slow = program.slow or slow
    return program


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("slow", [False, True], ids=["inline", "thread"])
@pytest.mark.parametrize("end", ENDS)
async def test_a_request_finds_nothing_of_the_one_before_it(sandbox: WasmSandbox, keeper: bytes, end: str, slow: bool):
    """Of the same program, in the same sandbox's place, on the same thread: as if it were the first."""
    clean = await look(sandbox, load_program(keeper))
    program = program_of(keeper, slow=slow)

    for _ in range(2):  # what ends at a limit has little of it
        done = await run(sandbox, program, end, AT.get(end, replace(LIMITS, cpu_ms=2_000, wall_ms=8_000)))
        program.slow = slow
        assert code_of(done) == ENDS[end], done.outcome
        assert await look(sandbox, program) == clean
    assert sandbox.busy == 0


def code_of(done: Run) -> str:
    """What the outcome is called in `ENDS`."""
    if isinstance(done.outcome, Failure):
        return done.outcome.code
    return "refused" if isinstance(done.outcome, Refusal) else "answered"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_fresh_sandbox_looks_as_its_source_says(sandbox: WasmSandbox, keeper: bytes):
    """What the tests above compare with is not dirty itself."""
    found, console = await look(sandbox, load_program(keeper))

    assert {
        name: found[name] for name in ("closure", "hoisted", "map", "list", "bound", "generator", "kept", "timer")
    } == {
        "closure": 0,
        "hoisted": 0,
        "map": [["kept", 0]],
        "list": [],
        "bound": 1,
        "generator": 0,
        "kept": 0,
        "timer": 1,
    }
    assert found["polluted"] == ["undefined"] * 3
    assert found["module"] == ["undefined"] * 4
    assert console == ["kept: 1", "Promise { 0 }"]


@pytest.mark.asyncio(loop_scope="module")
async def test_every_trace_is_seen_by_who_looks_for_it(sandbox: WasmSandbox, keeper: bytes):
    """The tests above are no blinder than this one: in the request that left them, each is there."""
    clean, console = await look(sandbox, load_program(keeper))
    dirty, printed = await look(sandbox, load_program(keeper), "look")

    assert {name for name in clean if dirty[name] == clean[name]} == set()
    assert printed != console


@pytest.mark.asyncio(loop_scope="module")
async def test_a_program_that_is_evaluated_in_each_request_keeps_nothing_either(sandbox: WasmSandbox):
    """It has no image: its top level runs anew."""
    program = load_program(await sandbox.make_image("setTimeout(() => {}, 0);" + KEEPER))
    assert program.evaluates
    clean = await look(sandbox, program)

    for end in ("answer", "throw", "cpu", "memory"):
        await run(sandbox, program, end, LIMITS)
        assert await look(sandbox, program) == clean


@pytest.mark.asyncio(loop_scope="module")
async def test_requests_beside_each_other_share_nothing(sandbox: WasmSandbox, keeper: bytes):
    """While requests that have left their traces wait, others of the same program find none."""
    clean = await look(sandbox, load_program(keeper))
    program = opened(sandbox, keeper)
    waiting = [asyncio.create_task(run(sandbox, program, "wait", LIMITS)) for _ in range(3)]
    await asyncio.sleep(0)

    assert sandbox.busy == 3
    for slow in (False, True):
        assert await look(sandbox, program_of(keeper, slow=slow)) == clean
    assert [code_of(done) for done in await asyncio.gather(*waiting)] == ["wall_limit"] * 3


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("slow", [False, True], ids=["inline", "thread"])
async def test_a_hook_finds_only_zeros_in_new_memory(sandbox: WasmSandbox, slow: bool):
    """All that it can allocate, after another program has filled all of its own with a secret."""
    hoarder, finder = [load_program(await sandbox.make_image(source)) for source in (HOARDER, FINDER)]
    hoarder.slow = finder.slow = slow

    for _ in range(2):
        assert (await run(sandbox, hoarder)).outcome == Answer({"secret": MARKER})
        assert (await run(sandbox, finder)).outcome == Answer({"found": [], "much": True})


def opened(sandbox: WasmSandbox, kept: bytes) -> WasmProgram:
    """A program, with the memory that it begins with."""
    program = load_program(kept)
    sandbox._evaluation.open(program)
    return program


def memory_after_boot(sandbox: WasmSandbox, program: WasmProgram) -> bytes:
    """Before the first request of this test."""
    fresh = Invocation(sandbox._engine, program.mapped)
    try:
        return fresh.memory()
    finally:
        fresh.close()


def frame(program: WasmProgram, secret: str) -> bytes:
    payload = arguments("", secret)
    return abi.frame(now_ms=0, seed=bytes(32), limits=WIDE, image=program.image, payload=payload)


def invoke(sandbox: WasmSandbox, invocation: Invocation, program: WasmProgram, secret: str) -> abi.Reply:
    """One request to a sandbox that stays open afterwards, so that its memory can be read."""
    export, longest = sandbox._engine.invoke, abi.longest_reply(WIDE)
    said = invocation.call(export, frame(program, secret), pages=program.pages, time=time_of(6000), longest=longest)
    return abi.decode(said)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_secret_is_in_no_byte_of_the_next_sandbox(sandbox: WasmSandbox):
    """The next one lies in the same place, which is exactly as it was after boot; also what it grows into is empty."""
    hoarder, ordinary = [
        opened(sandbox, await sandbox.make_image(f"// globalThis\n{source}")) for source in (HOARDER, ORDINARY)
    ]
    places, base = set(), memory_after_boot(sandbox, hoarder)
    for _ in range(3):
        first = Invocation(sandbox._engine, hoarder.mapped)
        places.add(first.start)
        assert invoke(sandbox, first, hoarder, MARKER).value == {"secret": MARKER}
        assert first.memory().count(MARKER.encode()) > 100_000, "the test sees what it must not find"
        first.close()

        second = Invocation(sandbox._engine, ordinary.mapped)
        places.add(second.start)
        try:
            assert second.memory() == base
            assert invoke(sandbox, second, ordinary, "other").value == {"size": 6_000_000}
            assert second.size() > 6_000_000
            assert MARKER.encode() not in second.memory()
        finally:
            second.close()
    assert len(places) == 1, "each had the place of the one before"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("end", ["cpu", "memory", "stack"])
async def test_a_sandbox_that_was_stopped_leaves_no_byte(sandbox: WasmSandbox, keeper: bytes, end: str):
    """However abruptly."""
    program = opened(sandbox, keeper)
    base = memory_after_boot(sandbox, program)
    first = Invocation(sandbox._engine, program.mapped)
    payload = arguments(end)
    request = abi.frame(now_ms=0, seed=bytes(32), limits=LIMITS, image=program.image, payload=payload)
    try:
        reply = first.call(sandbox._engine.invoke, request, pages=program.pages, time=time_of(75), longest=100_000)
        code = abi.decode(reply).code
    except Stopped as stopped:
        code = stopped.code
    assert code == ENDS[end]
    assert MARKER.encode() in first.memory()
    place = first.start
    first.close()

    second = Invocation(sandbox._engine, program.mapped)
    assert second.start == place
    assert second.memory() == base
    second.close()


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_service_does_not_grow_by_hostile_requests(sandbox: WasmSandbox, keeper: bytes):
    """Hundreds that end in every way there is: neither the process nor Python's heap is larger for it."""

    async def all_ends(rounds: int) -> tuple[int, int]:
        tight = replace(LIMITS, cpu_ms=4, wall_ms=6)
        for _ in range(rounds):
            for end in ENDS:
                for slow in (False, True):
                    await run(sandbox, program_of(keeper, slow=slow), end, tight)
        gc.collect()
        return resident(), len(gc.get_objects())

    size, objects = await all_ends(4)
    later, more = await all_ends(16)

    assert later - size < 4 << 20
    assert more - objects < 100


@pytest.mark.asyncio(loop_scope="module")
async def test_no_secret_becomes_part_of_an_image(sandbox: WasmSandbox):
    """An image is made before any request, and a request does not change it."""
    program = load_program(await sandbox.make_image(HOARDER))
    before = bytes(program.image)
    await run(sandbox, program)

    assert program.image == before
    assert MARKER.encode() not in program.image
