"""The guest's console shows values as Node 20 does: the same statements run in both, line by line."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from runtime.model import Answer, Limits
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import SandboxSettings

HERE = Path(__file__).parent
TOO_DEEP = "[Array: Inspection interrupted prematurely. Maximum call stack size exceeded.]"
LIMITS = Limits(
    cpu_ms=5_000,
    wall_ms=10_000,
    memory_bytes=64 << 20,
    output_bytes=65_536,
    console_lines=2_000,
    console_bytes=4 << 20,
    operations=50,
    operation_bytes=65_536,
)

# What is shown otherwise than by Node, and why. Everything else is the same.
DIFFERENT = {
    "log(new Error('m'))": "the engines word their stack frames differently",
    "const e = new Error('m'); e.stack = undefined; log(e)": "QuickJS's `stack` takes text only",
    "log('%o', function f() {})": "in V8 a sloppy function has own `arguments` and `caller`",
    "log(new Map([['a', 1]]).keys())": "what an iterator has left can not be seen without taking it",
    "log(Object.setPrototypeOf({ a: 1, [Symbol.toStringTag]: 'T' }, null))": "only V8 knows the class of what has none",
    "log(Object.setPrototypeOf(async function f() {}, null))": "likewise the kind of a function",
    "dir({ get f() { return () => 1 } }, { getters: true })": "Node stumbles over a getter that gives a function",
    "log({ get [Symbol.toStringTag]() { throw new Error('tag') } })": "Node lets console.log throw; here it is text",
    "const a = Array(100001).fill(0); a.x = 1; dir(a, { maxArrayLength: 1 })": (
        "the names of so many elements would fill the memory, so a key behind them is not looked for"
    ),
}

# Values made to break a console, and what it says. In Node some of these throw, and some do not end.
HOSTILE = {
    "log({ a: { get [Symbol.toStringTag]() { throw new Error('tag') } } })": "{ a: <Inspection threw (tag)> }",
    "log([Object.defineProperty(new Error('x'), 'stack', { get() { throw 5 } })])": "[ <Inspection threw (5)> ]",
    "dir({ a: 1, b: 2 }, { sorted() { throw new Error('order') } })": "<Inspection threw (order)>",
    "log([{ [Symbol.for('nodejs.util.inspect.custom')]() { throw new RangeError('own') } }])": "threw RangeError",
    "const h = { getPrototypeOf: () => new Proxy({}, h) }; log([Object.create(new Proxy({}, h))])": (
        "[ Object <Object <Object <Complex prototype>>> {} ]"
    ),
    "let p = {}; for (let i = 0; i < 1e4; i++) p = Object.create(p); log('%s', [p])": "[ Object <Complex prototype> {} ]",
    "let p = { a: 1 }; for (let i = 0; i < 20; i++) p = new Proxy(p, {}); log('%s', p)": "{ a: 1 }",
    "let d = []; for (let i = 0; i < 1e4; i++) d = [d]; dir(d, { depth: Infinity })": TOO_DEEP,
    "let d = []; for (let i = 0; i < 50; i++) d = [d, d]; dir(d, { depth: 60 })": "[Array]",
    "dir(Array.from({ length: 99999 }, (_, i) => i), { maxArrayLength: 1 })": "[ 0, ... 99998 more items ]",
    "dir(new Array(1e6).fill(1), { maxArrayLength: 1 })": "[ 1, ... 999999 more items ]",
    "dir(new Uint8Array(5e6), { maxArrayLength: 1 })": "Uint8Array(5000000) [ 0, ... 4999999 more items ]",
}

# `log` and `dir` print once in each case; what a case throws is printed instead.
GUEST = """
const cases = %s;
const dir = (value, options) => console.dir(value, options);
module.exports = function (cb) {
  for (const run of cases) {
    try { run(console.log, dir); } catch (error) { console.log('threw ' + error.name); }
  }
  cb(null, cases.length);
};
"""
NODE = """
const { format, inspect } = require('util');
const lines = [];
const log = (...args) => { lines.push(format(...args)); };
const dir = (value, options) => { lines.push(inspect(value, options)); };
for (const run of %s) {
  try { run(log, dir); } catch (error) { lines.push('threw ' + error.name); }
}
console.log(JSON.stringify(lines));
"""


@pytest.fixture(scope="module")
def node() -> str:
    """Where Node 20 is."""
    found = shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else "no"
    if found and version.startswith("v20."):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"Node 20 is needed to compare with; found {version.strip()}")
    pytest.skip(f"Node 20 is needed to compare with; found {version.strip()}")


@pytest.fixture(scope="module")
def cache(engine_cache: Path) -> SandboxSettings:
    return SandboxSettings(cache_directory=str(engine_cache))


def cases_of(name: str) -> list[str]:
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("//")]


def as_functions(cases: Sequence[str]) -> str:
    return "[{}]".format(",".join(f"function (log, dir) {{\n{case}\n}}" for case in cases))


def in_node(node: str, cases: Sequence[str]) -> list[str]:
    done = subprocess.run(
        [node, "-"],
        input=NODE % as_functions(cases),
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines: list[str] = json.loads(done.stdout)
    return lines


def in_guest(settings: SandboxSettings, source: str) -> list[str]:
    """What a hook's console has when the hook was run once."""

    async def console() -> list[str]:
        sandbox = await open_sandbox(settings)
        try:
            return await run_once(sandbox, source)
        finally:
            await sandbox.close()

    return asyncio.run(console())


async def run_once(sandbox: WasmSandbox, source: str) -> list[str]:
    run = await sandbox.run(sandbox.load(await sandbox.make_image(source)), b"[]", LIMITS)
    assert isinstance(run.outcome, Answer), run.outcome
    return [line.text for line in run.console]


def differences(node: str, settings: SandboxSettings, cases: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Case to (Node's line, the guest's line)."""
    theirs = in_node(node, cases)
    ours = in_guest(settings, GUEST % as_functions(cases))
    pairs = zip(cases, theirs, ours, strict=True)
    return {case: (their, our) for case, their, our in pairs if their != our}


def test_shows_what_node_shows(node, cache):
    """Every case of the corpus prints in the guest what it prints in Node."""
    assert differences(node, cache, cases_of("inspect_corpus.js")) == {}


def test_what_differs_from_node_is_known(node, cache):
    """Each difference in the table is one still; a row that is not needed any more must go."""
    assert set(differences(node, cache, list(DIFFERENT))) == set(DIFFERENT)


def test_sees_into_promises_and_proxies(node, cache):
    """A promise's state and a Proxy's target are shown without a trap being called, as in Node."""
    assert differences(node, cache, cases_of("inspect_inside.js")) == {}


def test_a_hook_can_not_change_it(cache):
    """Built-ins that a hook overwrites are not those that console uses: what is printed stays the same."""
    lines = in_guest(cache, (HERE / "inspect_tamper.js").read_text())
    half = len(lines) // 2
    assert half > 100
    assert lines[half:] == lines[:half]


def test_hostile_values_are_some_text(cache):
    """Nothing that a value does while it is looked at ends the hook or keeps it busy."""
    lines = in_guest(cache, GUEST % as_functions(list(HOSTILE)))
    missing = {case: line for (case, text), line in zip(HOSTILE.items(), lines, strict=True) if text not in line}
    assert missing == {}
