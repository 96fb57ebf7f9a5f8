"""Memory that ends anywhere: in the middle of whatever JavaScript can do, the error is one of ours and harms nothing.

The rows of hostile/memory.toml use all memory up; here it is used up beforehand but for a rest, and the rest grows from
run to run by less than what one value takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.model import Answer, Failure, Limits, Refusal
from runtime.sandbox.base import Run
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import WasmProgram, load_program
from runtime.settings import SandboxSettings

LIMITS = Limits(
    cpu_ms=500,
    wall_ms=2_000,
    memory_bytes=1_300_000,
    output_bytes=16_384,
    console_lines=8,
    console_bytes=2_048,
    operations=10,
    operation_bytes=65_536,
)
# Fills the memory, does the work thrice whatever comes of it, frees the memory, and says whether JavaScript still works.
SOURCE = """
const hog = [];
for (let i = 0; i < 3000; i++) hog.push(null);
const sound = '[[1,2,3],{"a":"x"},"axc",[1,2],"1180591620717411303424",["a","b"]]';
function check() {
  return JSON.stringify([
    [3, 1, 2].sort(), new Map([[1, { a: 'x' }]]).get(1), 'abc'.replace(/b/, 'x'), [...new Set([1, 1, 2])],
    `${1n << 70n}`, Object.keys({ a: 1, b: 2 }),
  ]);
}
module.exports = function (client, scope, audience, context, cb) {
  let n = 0, failed = 0;
  for (let i = 0; i < context.thousands; i++) hog[n++] = new Uint8Array(1000);
  for (let i = 0; i < context.hundreds; i++) hog[n++] = new Uint8Array(8);
  const work = () => { WORK };
  for (let i = 0; i < 3; i++) try { work(); } catch { failed++; }
  for (let i = 0; i < n; i++) hog[i] = null;
  cb(null, { sound: check() === sound, failed });
};
"""
WORK = {
    "objects": "({ a: 1, b: [1, 2, 3], get c() { return 1; }, ['d' + 1]: 2 });",
    "strings": "('x'.repeat(3000) + 'y'.repeat(3000)).split('y').join('z').padEnd(9000);",
    "json": """JSON.parse('{"a":[1,2,{"b":3}],"c":"' + 'x'.repeat(500) + '"}'); JSON.stringify({ a: [1, { b: 'x'.repeat(300) }] });""",
    "console": "console.log('%s %o', 'x', { a: [1, new Map([[1, 2]])] });",
    "regexp": "/(a+)(b)?(?<n>c)/g.exec('aaabc'.repeat(50)); 'abc'.replace(/b/g, x => x + x); new RegExp('[a-z]+(x|y)*');",
    "classes": "class A { #x = 1; static y = 2; get z() { return this.#x; } } class B extends A {} new B().z;",
    "eval": "eval('function f(a, b) { return a + b } f(1, 2); let x = `${f(2, 3)}`;'); new Function('a', 'return a * 2')(4);",
    "generators": "[...(function* () { for (let i = 0; i < 20; i++) yield { i }; })()];",
    "promises": "(async () => { await 0; await new Promise(r => r({})); })(); Promise.all([1, Promise.reject(3)]).catch(() => {});",
    "maps": "const m = new Map(); for (let i = 0; i < 60; i++) m.set('k' + i, { i }); new WeakMap([[new Set(m.keys()), 1]]);",
    "arrays": "const a = []; for (let i = 0; i < 200; i++) a.push({ i }); a.sort((x, y) => y.i - x.i).splice(5, 50, 1); a.concat(a);",
    "proxies": "const p = new Proxy({ a: 1 }, { get: (t, k) => t[k], ownKeys: t => Reflect.ownKeys(t) }); Object.keys(p); ({ ...p });",
    "errors": "try { null.x; } catch (e) { e.stack; throw new TypeError('x'.repeat(200), { cause: e }); }",
    "timers": "clearTimeout(setTimeout((...a) => a, 1, { a: 1 }, 'x'.repeat(100)));",
    "buffers": "const b = new ArrayBuffer(9, { maxByteLength: 5000 }); b.resize(4000); new Uint8Array(b).map(x => x); b.transfer(5000);",
    "numbers": "(3n ** 500n).toString(); BigInt('9'.repeat(300)) * 7n; (0.1).toFixed(50); new Date().toString();",
    "names": "for (let i = 0; i < 40; i++) { globalThis['name' + i] = Symbol('s' + i); Symbol.for('t' + i); }",
    "patterns": "const { a, ...rest } = { a: 1, b: 2 }; const [x, ...y] = new Set([1, 2, 3]); ((...args) => args)(...y, ...[1, 2]);",
    "iterators": "Iterator.from([1, 2, 3]).map(x => x).filter(Boolean).take(2).toArray(); Object.groupBy([1, 2], x => x);",
    "weak": "const r = new FinalizationRegistry(() => {}); for (let i = 0; i < 20; i++) { r.register({}, i); new WeakRef({}); }",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """One engine for all of it."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=2, concurrency=4))
    yield sandbox
    await sandbox.close()


async def run(sandbox: WasmSandbox, program: WasmProgram, thousands: int, hundreds: int = 0) -> Run:
    """With so much of the memory taken. On the event loop: each is a millisecond."""
    program.slow = False
    context = {"thousands": thousands, "hundreds": hundreds}
    return await sandbox.run(program, orjson.dumps([{}, [], "a", context]), LIMITS)


async def most(sandbox: WasmSandbox, program: WasmProgram) -> int:
    """How much can be taken so that all of the work is still done."""
    low, high = 0, 1000
    while low < high:
        middle = (low + high + 1) // 2
        done = (await run(sandbox, program, middle)).outcome
        enough = isinstance(done, Answer) and done in (Answer(WHOLE), Answer(ALL_THROW))
        low, high = (middle, high) if enough else (low, middle - 1)
    return low


WHOLE = {"sound": True, "failed": 0}
ALL_THROW = {"sound": True, "failed": 3}  # as `errors` does


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("work", WORK)
async def test_memory_may_end_anywhere(sandbox: WasmSandbox, work: str):
    """The hook either goes on soundly, or gets a clean error; and the next request of the same program is whole."""
    program = load_program(await sandbox.make_image(SOURCE.replace("WORK", WORK[work])))
    whole = (await run(sandbox, program, 0)).outcome
    assert whole in (Answer(WHOLE), Answer(ALL_THROW))
    enough = await most(sandbox, program)
    assert enough > 100
    kinds = Counter(
        [
            kind_of(await run(sandbox, program, thousands, hundreds))
            for thousands in range(enough - 2, enough + 20)
            for hundreds in range(0, 16, 2)
        ]
    )

    # QuickJS' parser is known to run into a wall of its memory where it has none left: that is what the wall is for.
    assert kinds.keys() <= {"answered", "memory_limit", "threw"} | ({"sandbox_crashed"} if work == "eval" else set())
    assert kinds["answered"] > 0
    assert kinds["memory_limit"] > 0
    assert (await run(sandbox, program, 0)).outcome == whole


def kind_of(done: Run) -> str:
    """An answer must be sound; a failure is told by its code."""
    outcome = done.outcome
    assert not isinstance(outcome, Refusal)
    if isinstance(outcome, Failure):
        return outcome.code
    assert isinstance(outcome.value, dict)
    assert outcome.value["sound"] is True
    return "answered"
