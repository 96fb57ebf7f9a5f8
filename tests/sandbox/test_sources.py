"""From source to program: what is refused and where, what is kept, and what errors say of the user's own lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.model import Answer, Failure, Refusal
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.program import load_program
from tests.sandbox.running import AMPLE, answer, program_of, run

# Refused

END, BRACE = "SyntaxError: Unexpected end of input", "SyntaxError: Unexpected token '}'"


@pytest.mark.parametrize(
    "source, message, line, column",
    [
        ("var x = = 1;", "SyntaxError: unexpected token in expression: '='", 1, 9),
        ("\n\n  var x = = 1;\n\n", "SyntaxError: unexpected token in expression: '='", 3, 11),
        ("const \u00e9 = '\u4e2d\U0001f511';\n foo bar", "SyntaxError: expecting ';'", 2, 6),
        ("await 1;", "SyntaxError: expecting ';'", 1, 7),
        ("'abc", "SyntaxError: unexpected end of string", 1, 1),
        ("\n/* abc\n\n", "SyntaxError: unexpected end of comment", 2, 1),
        ("module.exports = function () {", END, 1, 0),
        ("module.exports = function () {\n  if (x) {\n", END, 3, 0),
        ("f(", END, 1, 0),
        ("do {", END, 1, 0),
        ("1 +", END, 1, 0),
        ("}", BRACE, 0, 0),
        ("module.exports = function () {\n}\n}\n", BRACE, 0, 0),
        ("f(}", "SyntaxError: unexpected token in expression: '}'", 1, 3),
    ],
)
async def test_a_syntax_error_has_its_place(sandbox: WasmSandbox, source: str, message: str, line: int, column: int):
    """Line and column in the user's source, 0 where they are unknown; nothing of what it is wrapped in."""
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(source)
    error = rejected.value

    assert (error.code, error.message, error.line, error.column) == ("syntax_error", message, line, column)


@pytest.mark.parametrize(
    "source, code, message, place",
    [
        ("throw new TypeError('x');", "threw", "TypeError: x", (1, 11)),
        ("\n\n  null.x;", "threw", "TypeError: cannot read property 'x' of null", (3, 3)),
        ("\nlet f = () => missing;\nf();", "threw", "ReferenceError: missing is not defined", (2, 15)),
        ("throw null;", "threw", "Error: null", (0, 0)),
        ("throw { name: 'N', message: 'm' };", "threw", "N: m", (0, 0)),
        ("throw new Proxy({}, { get() { throw 1; } });", "threw", "Error: {}", (0, 0)),
        ("const e = new Error('x'); e.stack = 'hook.js:99999999999:1'; throw e;", "threw", "Error: x", (0, 0)),
        ("module.exports = 1;", "not_a_function", "Error: module.exports is not a function.", (0, 0)),
        ("exports.run = () => {};", "not_a_function", "Error: module.exports is not a function.", (0, 0)),
        ("", "not_a_function", "Error: module.exports is not a function.", (0, 0)),
        ("return () => {};", "not_a_function", "Error: module.exports is not a function.", (0, 0)),
        ("function f() { f(); }\nf();", "stack_limit", "RangeError: Maximum call stack size exceeded", (1, 16)),
        (
            "for (const all = [];;) all.push(new Uint8Array(1 << 20));",
            "memory_limit",
            "InternalError: out of memory",
            (1, 53),
        ),
        ("for (;;);", "cpu_limit", "While it loads: The hook ran longer than its CPU limit of 2000 ms.", (0, 0)),
        (
            "const big = new Uint8Array(17 << 20).fill(7); module.exports = () => big;",
            "memory_limit",
            "What it makes while it loads takes more than 16,777,216 bytes.",
            (0, 0),
        ),
        (
            "for (let i = 0; i < 51; i++) setTimeout(() => {}, 1);",
            "operation_limit",
            "RangeError: too many operations: the limit is 50",
            (1, 30),
        ),
    ],
)
async def test_what_does_not_load_is_rejected(
    sandbox: WasmSandbox, source: str, code: str, message: str, place: tuple[int, int]
):
    """Each way with its own code, in words for who wrote it; and the sandbox is as before."""
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(source)
    error = rejected.value

    assert (error.code, error.message) == (code, message)
    assert (error.line, error.column) == place
    assert await answer(sandbox, "module.exports = (cb) => cb(null, 1);") == 1


async def test_modules_are_not_there(sandbox: WasmSandbox):
    """`require` says so, and has Node's code for it."""
    with pytest.raises(SourceRejected, match="Cannot find module 'lodash'") as rejected:
        await sandbox.make_image("\nconst _ = require('lodash');")
    source = "module.exports = (cb) => { try { require('x'); } catch (error) { cb(null, error.code); } };"

    assert rejected.value.line == 2
    assert await answer(sandbox, source) == "MODULE_NOT_FOUND"


# Kept


async def test_what_a_source_made_while_it_loaded_is_there(sandbox: WasmSandbox):
    """Closures, maps, classes, regular expressions, big arrays: as they were, in every run."""
    source = """
    const big = new Uint8Array(1 << 20).fill(7), map = new Map([['a', 1], [NaN, 2], [1n, 3]]), pattern = /(?<x>b+)/u;
    class Counter { #n = 0; next() { return ++this.#n; } }
    const counter = new Counter();
    counter.next();
    globalThis.shared = { deep: ['\\u00fc\\ud83d\\udd11'] };
    Promise.resolve().then(() => { shared.later = true; });
    module.exports = function (cb) {
      cb(null, [big[99], map.get('a'), map.get(NaN), map.get(1n), pattern.exec('abbc').groups.x, counter.next(), shared]);
    };"""
    program = await program_of(sandbox, source)
    expected = Answer([7, 1, 2, 3, "bb", 2, {"deep": ["\u00fc\U0001f511"], "later": True}])

    assert program.size > 1 << 20
    for _ in range(3):
        assert (await sandbox.run(program, b"[]", AMPLE)).outcome == expected


async def test_a_large_source(sandbox: WasmSandbox):
    """90 kB of code and a table of its own, as large as a script may be; its text is in no image twice."""
    rows = ",\n".join(f"  k{n}: 'value number {n}'" for n in range(2800))
    source = f"const table = {{\n{rows}\n}};\nmodule.exports = function (key, cb) {{ cb(null, table[key]); }};"
    program = await program_of(sandbox, source)

    assert 80_000 < len(source) < 100_000
    assert (await sandbox.run(program, b'["k2799"]', AMPLE)).outcome == Answer("value number 2799")


async def test_an_ordinary_image_is_small(sandbox: WasmSandbox):
    """Five thousand hooks must fit into a machine."""
    assert len(await sandbox.make_image("module.exports = function (cb) { cb(null, {}); };")) < 8_000


async def test_no_state_is_shared(sandbox: WasmSandbox):
    """Not between runs, not between programs of one source, not between programs: globals, prototypes, builtins."""
    source = """let n = 0; module.exports = function (mark, cb) {
      const seen = [++n, typeof leak, Object.prototype.leak, Array.prototype.map === 0, console.leak];
      globalThis.leak = Object.prototype.leak = console.leak = mark; Array.prototype.map = 0;
      cb(null, seen.map === 0 ? 'bent' : seen); };""".replace("seen.map === 0 ? 'bent' : seen", "seen")
    kept = await sandbox.make_image(source)
    programs = [load_program(kept), load_program(kept), await program_of(sandbox, source + "// another")]
    for slow in (False, True):
        for program in [*programs, *programs]:
            program.slow = slow
            outcome = (await sandbox.run(program, b'["x"]', AMPLE)).outcome
            assert outcome == Answer([1, "undefined", None, False, None])


@pytest.mark.parametrize(
    "source",
    [
        "let ready = 0; setTimeout(() => { ready = 1; }, 5); module.exports = function (cb) { setTimeout(() => cb(null, ready), 20); };",
        """const ready = new Promise((resolve) => setTimeout(resolve, 1, 1));
        module.exports = async function () { return await ready; };""",
        "let ready = 0; const t = setInterval(() => { ready = 1; clearInterval(t); }, 1); module.exports = (cb) => setTimeout(() => cb(null, ready), 9);",
    ],
)
async def test_a_source_that_waits_while_it_loads(sandbox: WasmSandbox, source: str):
    """No image can keep a timer: it is kept as it is and evaluated for each request, on a thread."""
    kept = await sandbox.make_image(source)
    program = load_program(kept)

    assert program.evaluates
    for _ in range(2):
        assert (await sandbox.run(program, b"[]", AMPLE)).outcome == Answer(1)
        assert program.slow


async def test_a_source_kept_as_it_is_that_no_longer_loads(sandbox: WasmSandbox):
    """By chance or by the clock: a failure, never an exception."""
    source = "setTimeout(() => {}, 1); if (%s) throw new Error('now'); module.exports = (cb) => cb();"
    kept = await sandbox.make_image(source % "false")
    done = await sandbox.run(load_program(kept.replace(b"false", b"true ")), b"[]", AMPLE)

    assert done.outcome == Failure(code="source_rejected", message="Error: now")


async def test_a_source_that_is_evaluated_per_request_has_the_requests_limits(sandbox: WasmSandbox):
    """Not the more generous ones of a deployment: else it would be a way around them."""
    source = "setTimeout(() => {}, 1); for (let i = 0; i < 5e6; i++); module.exports = (cb) => cb();"
    program = load_program(await sandbox.make_image(source))
    done = await sandbox.run(program, b"[]", replace(AMPLE, cpu_ms=10))

    assert isinstance(done.outcome, Failure)
    assert done.outcome.code == "cpu_limit"


async def test_the_build_id_names_the_build(sandbox: WasmSandbox):
    """The same for the same guest; it is what images are stored under."""
    assert sandbox.build_id == sandbox._engine.build_id
    assert len(bytes.fromhex(sandbox.build_id)) == 32


# Errors


@pytest.mark.parametrize(
    "source, name, message, stack",
    [
        ("module.exports = function hook(cb) { throw new Error('one'); };", "Error", "one", ["hook (hook.js:1:48)"]),
        (
            "\nfunction inner() {\n  null.x;\n}\nmodule.exports = function hook(cb) {\n  inner();\n};",
            "TypeError",
            "cannot read property 'x' of null",
            ["inner (hook.js:3:3)", "hook (hook.js:6:3)"],
        ),
        (
            "module.exports = async function hook() {\n  await 1;\n\n  throw new RangeError('late'); };",
            "RangeError",
            "late",
            ["hook (hook.js:4:13)"],
        ),
        (
            "module.exports = function (cb) {\n  setTimeout(function later() {\n    throw new Error('t'); }, 1);\n};",
            "Error",
            "t",
            ["later (hook.js:3:15)"],
        ),
    ],
)
async def test_an_error_has_the_users_lines(
    sandbox: WasmSandbox, source: str, name: str, message: str, stack: list[str]
):
    """Name, message, and a stack that begins with both, as V8's does; line 1 is line 1."""
    outcome = (await run(sandbox, source)).outcome
    assert isinstance(outcome, Failure)
    lines = outcome.stack.splitlines()

    assert (outcome.code, outcome.name, outcome.message) == ("threw", name, message)
    assert lines[0] == f"{name}: {message}"
    assert [line.strip() for line in lines[1 : 1 + len(stack)]] == [f"at {place}" for place in stack]


async def test_a_denial_has_the_users_lines(sandbox: WasmSandbox):
    """Like a thrown error; a class of the hook's own keeps its name."""
    source = """class Denied extends Error { get name() { return 'Denied'; } }
module.exports = function hook(cb) {
  cb(new Denied('not you')); };"""
    outcome = (await run(sandbox, source)).outcome

    assert isinstance(outcome, Refusal)
    assert (outcome.name, outcome.message) == ("Denied", "not you")
    assert outcome.stack.splitlines()[0] == "Denied: not you"
    assert "at hook (hook.js:3:" in outcome.stack
