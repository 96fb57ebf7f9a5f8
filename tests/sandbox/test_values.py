"""What goes into a hook and what comes out of it: arguments, answers, time, chance."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from runtime.model import Answer, Failure, Refusal
from runtime.sandbox.pool import WasmSandbox
from tests.sandbox.running import AMPLE, ECHO, answer, program_of, run

# Arguments and answers


@pytest.mark.parametrize("slow", [False, True], ids=["inline", "thread"])
async def test_large_arguments(sandbox: WasmSandbox, slow: bool):
    """A request that does not fit where small ones lie."""
    source = "module.exports = function (text, rest, cb) { cb(null, [text.length, text.slice(-3), rest]); };"

    assert await answer(sandbox, source, "x" * 300_000 + "end", {"a": 1}, slow=slow) == [300_003, "end", {"a": 1}]


async def test_arguments_larger_than_the_memory_are_a_limit(sandbox: WasmSandbox):
    """Not a crash."""
    done = await run(sandbox, ECHO, "x" * 9_000_000, limits=replace(AMPLE, memory_bytes=4 << 20))

    assert isinstance(done.outcome, Failure)
    assert done.outcome.code == "memory_limit"


async def test_texts_arrive_as_they_were_sent(sandbox: WasmSandbox):
    """Beyond the basic plane, controls, zero bytes, quotes; `length` counts as JavaScript does."""
    text = "\u00fc\u4e2d\U0001f511\u2028\u0000\u0007\"\\'\ufeff\uffff"
    source = "module.exports = function (text, cb) { cb(null, { [text]: [text, text.length] }); };"

    assert await answer(sandbox, source, text) == {text: [text, len(text.encode("utf-16-le")) // 2]}


async def test_half_a_surrogate_becomes_a_replacement_character(sandbox: WasmSandbox):
    """In an answer, its keys, an error and the console: what is no Unicode text can not be sent on."""
    source = r"""module.exports = function (kind, cb) {
      console.log('\ud83d'); if (kind) cb(new Error('a\udd11b')); else cb(null, { 'k\ud83d': ['\ud83d\udd11\ud83d', '\\ud83d'] }); };"""
    fine = await run(sandbox, source, 0)
    denied = await run(sandbox, source, 1)

    assert fine.outcome == Answer({"k\ufffd": ["\U0001f511\ufffd", "\\ud83d"]})
    assert isinstance(denied.outcome, Refusal)
    assert denied.outcome.message.encode().decode() == denied.outcome.message
    assert (denied.outcome.message[0], denied.outcome.message[-1]) == ("a", "b")
    assert [len(done.console) for done in (fine, denied)] == [1, 1]


async def test_null_arguments_are_undefined(sandbox: WasmSandbox):
    """At the top level only: a request without scope has none."""
    source = "module.exports = function (a, b, cb) { cb(null, [a === undefined, b.c === null, arguments.length]); };"

    assert await answer(sandbox, source, None, {"c": None}) == [True, True, 3]


@pytest.mark.parametrize(
    "body, expected",
    [("cb()", None), ("cb(null, undefined)", None), ("cb(null, null)", None), ("cb(0, 1)", 1), ("cb(null, NaN)", None)],
)
async def test_what_nothing_is(sandbox: WasmSandbox, body: str, expected: object):
    """An answer of undefined is null; an error that is falsy is none."""
    assert await answer(sandbox, f"module.exports = function (cb) {{ {body}; }};") == expected


# Time and chance


async def test_the_clock_stands_while_a_hook_runs_and_moves_on_when_it_waited(sandbox: WasmSandbox):
    """No hook can time anything; what it waited for has passed."""
    source = """module.exports = async function () {
      const first = Date.now(); for (let i = 0; i < 1e5; i++); const second = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return [second - first, Date.now() - first, first];
    };"""
    before = time.time() * 1000
    stood, moved, began = await answer(sandbox, source)

    assert stood == 0
    assert moved >= 20
    assert before - 1 <= began <= time.time() * 1000


async def test_timers_come_in_order(sandbox: WasmSandbox):
    """By due time, then by age; with their arguments; jobs between them; one that was cleared never."""
    source = """module.exports = function (cb) {
      const seen = [];
      const note = (name) => { seen.push(name); Promise.resolve().then(() => seen.push(name + '.')); };
      setTimeout(note, 30, 'c'); setTimeout(note, 5, 'a'); setTimeout(note, 5, 'b');
      clearTimeout(setTimeout(note, 10, 'cleared'));
      let left = 3;
      const every = setInterval(() => { note('i'); if (--left === 0) clearInterval(every); }, 1);
      clearTimeout(undefined); clearTimeout({}); clearInterval(999);
      setImmediate(note, 'now');
      setTimeout(() => cb(null, seen.join(' ')), 60);
    };"""
    seen = (await answer(sandbox, source)).split()

    assert [name for name in seen if name in "abc"] == ["a", "b", "c"]
    assert [name for name in seen if name == "i"] == ["i"] * 3
    assert seen.index("now") < seen.index("a")
    assert all(seen[at + 1] == seen[at] + "." for at in range(0, len(seen), 2)), "its jobs run before the next timer"
    assert "cleared" not in seen


async def test_chance_is_new_in_every_run(sandbox: WasmSandbox):
    """Though all runs begin with one memory; also where it was drawn while the source was loaded."""
    source = "Math.random(); module.exports = function (cb) { cb(null, [Math.random(), Math.random()]); };"
    program = await program_of(sandbox, source)
    drawn: list[float] = []
    for _ in range(20):
        outcome = (await sandbox.run(program, b"[]", AMPLE)).outcome
        assert isinstance(outcome, Answer)
        drawn += outcome.value  # type: ignore[arg-type]

    assert len(set(drawn)) == 40
    assert all(0 < number < 1 for number in drawn)
