"""The engine as the use cases see it: limits, where a hook runs, waiting, leaving, closing, and many hooks at once."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from runtime.errors import Unavailable
from runtime.model import Answer, Failure
from runtime.sandbox import guest, pool
from runtime.sandbox.base import Run
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import QUICK_RUNS, STRIKES, WasmProgram, load_program
from runtime.settings import SandboxSettings
from tests.sandbox.clocks import Told
from tests.sandbox.running import AMPLE, ECHO, LIMITS, answer, program_of, run
from tests.waiting import until

SLOTS = 4
TIGHT = replace(LIMITS, cpu_ms=30, wall_ms=20_000, memory_bytes=8 << 20, output_bytes=2_000, operations=5)
ENDLESS = "module.exports = function (cb) { for (;;); };"
WAITING = "module.exports = function (ms, cb) { setTimeout(cb, ms, null, 'waited'); };"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """One engine for all tests of this file: a test that left something behind would be noticed by the next."""
    sandbox = await open_sandbox(settings_of(engine_cache))
    yield sandbox
    assert sandbox.busy == 0
    await sandbox.close()


@pytest_asyncio.fixture(loop_scope="module")
async def own(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """An engine that a test may close."""
    sandbox = await open_sandbox(settings_of(engine_cache))
    yield sandbox
    await sandbox.close()


def settings_of(engine_cache: Path) -> SandboxSettings:
    return SandboxSettings(cache_directory=str(engine_cache), concurrency=SLOTS, threads=2)


async def until_busy(sandbox: WasmSandbox, count: int) -> None:
    """Returns when so many runs are on a thread or waiting."""
    await until(lambda: sandbox.busy == count, pause=0)


# Limits

WALL_MS = {"wall_limit": 300}
LIMITED = {
    "cpu_limit": ("for (;;);", "The hook ran longer than its CPU limit of 30 ms."),
    "wall_limit": ("setTimeout(cb, 99999);", "The hook was not done after its time limit of 300 ms."),
    "memory_limit": (
        "const all = []; for (;;) all.push(new Uint8Array(1 << 20));",
        "The hook needs more than its memory limit of 8388608 bytes.",
    ),
    "stack_limit": ("(function f() { f(); })();", "The hook's calls were nested too deeply."),
    "output_limit": ("cb(null, 'x'.repeat(2000));", "The hook's answer is larger than its limit of 2000 bytes."),
    "operation_limit": (
        "for (let i = 0; i < 6; i++) setTimeout(() => {}, 1);",
        "The hook started more than its limit of 5 operations.",
    ),
}


@pytest.mark.parametrize("slow", [False, True], ids=["inline", "thread"])
@pytest.mark.parametrize("code", LIMITED)
async def test_each_limit_has_an_error_of_its_own(sandbox: WasmSandbox, code: str, slow: bool):
    """It names the limit and its value, wherever the hook ran. What was logged until then is kept where the guest can still
    be asked: not where it was stopped in the middle.
    """
    body, message = LIMITED[code]
    source = f"module.exports = function (cb) {{ console.log('before'); {body} }};"
    limits = TIGHT if code == "cpu_limit" else replace(TIGHT, cpu_ms=10_000, wall_ms=WALL_MS.get(code, 20_000))
    done = await run(sandbox, source, limits=limits, slow=slow)

    assert isinstance(done.outcome, Failure)
    assert (done.outcome.code, done.outcome.message) == (code, message)
    assert [line.text for line in done.console] == ([] if code == "cpu_limit" else ["before"])
    assert done.memory_bytes > 0


async def test_limits_are_reached_only_when_they_are_passed(sandbox: WasmSandbox):
    """As many operations, as many bytes of answer, as many lines as are allowed."""
    body = """let left = 5; for (let i = 0; i < 5; i++) setTimeout(() => {
      if (--left === 0) { console.log('a'); console.log('b'); cb(null, 'x'.repeat(1998)); } }, 1);"""
    limits = replace(TIGHT, console_lines=2, console_bytes=2, wall_ms=20_000, cpu_ms=5_000)
    done = await run(sandbox, f"module.exports = function (cb) {{ {body} }};", limits=limits)

    assert done.outcome == Answer("x" * 1998)
    assert [line.text for line in done.console] == ["a", "b"]


@pytest.mark.parametrize(
    "changes, kept, dropped",
    [({"console_lines": 3}, 3, 7), ({"console_bytes": 25}, 2, 8), ({"console_lines": 0}, 0, 10)],
    ids=["lines", "bytes", "none"],
)
async def test_a_full_console_says_so(sandbox: WasmSandbox, changes: dict[str, int], kept: int, dropped: int):
    """The hook goes on; a last line, a warning, says how many are missing."""
    source = "module.exports = function (cb) { for (let i = 0; i < 10; i++) console.log('0123456789'); cb(null, 1); };"
    done = await run(sandbox, source, limits=replace(AMPLE, **changes))

    assert done.outcome == Answer(1)
    assert [line.text for line in done.console] == ["0123456789"] * kept + [
        f"console_limit: {dropped} more lines were not kept."
    ]
    assert done.console[-1].level == "warn"


async def test_console_levels(sandbox: WasmSandbox):
    """Each function has its level; `log` is info."""
    source = "module.exports = function (cb) { for (const f of ['log', 'info', 'warn', 'error', 'debug']) console[f](f); cb(); };"
    done = await run(sandbox, source)

    assert [(line.level, line.text) for line in done.console] == [
        ("info", "log"),
        ("info", "info"),
        ("warn", "warn"),
        ("error", "error"),
        ("debug", "debug"),
    ]


# On the event loop and on a thread

SAME = [
    (ECHO, [{"a": [1, "\u00e9\U0001f511", None, 1.5, True]}]),
    ("module.exports = async function (a) { console.log(a); return { a }; };", ["x"]),
    ("module.exports = function (cb) { cb(new TypeError('no')); };", []),
    ("module.exports = function (cb) { throw new RangeError('oops'); };", []),
    ("module.exports = function (cb) { setTimeout(() => cb(null, 'later'), 1); };", []),
    ("module.exports = function (cb) { (function f() { f(); })(); };", []),
    ("let n = 0; module.exports = function (cb) { cb(null, ++n); };", []),
]


@pytest.mark.parametrize("source, arguments", SAME)
async def test_a_thread_gives_the_same_answer(sandbox: WasmSandbox, source: str, arguments: list[object]):
    """Outcome and console do not depend on where a hook ran."""
    inline, thread = [await run(sandbox, source, *arguments, slow=slow) for slow in (False, True)]

    assert inline.outcome == thread.outcome
    assert inline.console == thread.console


async def test_a_slow_program_is_remembered_and_forgiven(sandbox: WasmSandbox):
    """Twice too long for the event loop, and it runs on threads; quick often enough in a row, and it comes back."""
    source = "module.exports = function (n, cb) { for (let i = 0; i < n; i++); cb(null, n); };"
    program = await program_of(sandbox, source)
    long, short = 3_000_000, 1
    for strike in range(1, STRIKES + 1):
        assert (await sandbox.run(program, b"[%d]" % long, AMPLE)).outcome == Answer(long)
        assert program.slow == (strike == STRIKES)
    for _ in range(QUICK_RUNS - 1):
        program.ran(0.1)
    assert program.slow
    assert (await sandbox.run(program, b"[%d]" % long, AMPLE)).outcome == Answer(long)
    for _ in range(QUICK_RUNS):
        assert program.slow, "the long run began the count anew"
        assert (await sandbox.run(program, b"[%d]" % short, AMPLE)).outcome == Answer(short)
    assert not program.slow


async def test_a_run_ends_with_its_time_though_it_has_cpu_time_left(sandbox: WasmSandbox):
    """From its start, and after it has waited: a machine that is slow does not keep a token server waiting."""
    limits = replace(TIGHT, cpu_ms=10_000, wall_ms=100)
    resumed = "module.exports = function (cb) { setTimeout(() => { for (;;); }, 1); };"
    for source, slow in ((ENDLESS, True), (ENDLESS, False), (resumed, False)):
        program = await program_of(sandbox, source, slow=slow)
        done = await sandbox.run(program, b"[]", limits)
        assert isinstance(done.outcome, Failure)
        assert done.outcome.code == "wall_limit"
        assert done.cpu_ms < limits.cpu_ms


async def test_a_source_that_is_evaluated_in_each_run_has_no_more_time_than_the_run(engine_cache: Path):
    """Where the processor never comes back, too."""
    sandbox = await open_sandbox(settings_of(engine_cache))
    source = "setTimeout(() => {}, 1); for (let i = 0; i < 1e7; i++); module.exports = (cb) => cb(null, 1);"
    program = await program_of(sandbox, source)
    assert program.evaluates
    Told(sandbox._engine, cpu=lambda _: 1.0, wall=float)
    done = await sandbox.run(program, b"[]", replace(AMPLE, cpu_ms=9, wall_ms=3_000))
    await sandbox.close()

    assert isinstance(done.outcome, Failure)
    assert done.outcome.code == "wall_limit"


async def test_a_source_that_is_evaluated_in_each_run_is_of_the_same_moment(sandbox: WasmSandbox, monkeypatch):
    """However long the run waited for its turn: time does not go backwards, and the source's timer is before the hook's."""
    source = """const at = Date.now(), seen = []; setTimeout(() => seen.push('source'), 0);
      module.exports = (a, cb) => setTimeout(() => { seen.push('hook'); cb(null, [Date.now() >= at, ...seen]); }, 5);"""
    program = await program_of(sandbox, source)
    moments = itertools.count(1_700_000_000_000_000_000, 10_000_000_000)
    monkeypatch.setattr(guest, "time_ns", lambda: next(moments))
    done = await sandbox.run(program, b"[1]", AMPLE)
    assert (program.evaluates, done.outcome) == (True, Answer([True, "source", "hook"]))


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "ends"])
async def test_time_without_a_processor_is_none_of_a_hooks(sandbox: WasmSandbox, monkeypatch, waits: bool):
    """Also on the event loop, whose clock goes on meanwhile: who waits has the rest of its own time afterwards."""
    program = await program_of(sandbox, WAITING if waits else ECHO)
    seconds = itertools.count(step=10.0)
    told = SimpleNamespace(perf_counter=lambda: next(seconds), thread_time=time.thread_time)
    with monkeypatch.context() as patched:
        patched.setattr(pool, "time", told)
        done = await sandbox.run(program, b"[1]", replace(AMPLE, cpu_ms=5_000, wall_ms=3_600_000))

    assert isinstance(done.outcome, Answer), done.outcome
    assert done.wall_ms >= 10_000
    assert done.cpu_ms < 5_000


async def test_the_event_loop_goes_on_while_a_hook_runs_for_ever(sandbox: WasmSandbox):
    """A good hook that came later is done first."""
    done: list[str] = []

    async def finish(name: str, program: WasmProgram) -> None:
        await sandbox.run(program, b"[1]", replace(LIMITS, cpu_ms=300))
        done.append(name)

    endless, good = await program_of(sandbox, ENDLESS, slow=True), await program_of(sandbox, ECHO)
    first = asyncio.create_task(finish("endless", endless))
    await until_busy(sandbox, 1)
    for _ in range(3):
        await finish("good", good)
    await first

    assert done == ["good", "good", "good", "endless"]


# Room, leaving, closing


async def test_no_more_than_there_is_room_for(sandbox: WasmSandbox):
    """Then a clean error at once, and room again when one is done."""
    program = await program_of(sandbox, WAITING)
    limits = replace(AMPLE, wall_ms=1_000)
    waiting = [asyncio.create_task(sandbox.run(program, b"[100000]", limits)) for _ in range(SLOTS)]
    await until_busy(sandbox, SLOTS)
    with pytest.raises(Unavailable):
        await sandbox.run(program, b"[1]", AMPLE)
    for done in await asyncio.gather(*waiting):
        assert isinstance(done.outcome, Failure)
        assert done.outcome.code == "wall_limit"

    assert sandbox.busy == 0
    assert (await sandbox.run(program, b"[1]", AMPLE)).outcome == Answer("waited")


async def test_an_owner_has_a_share_of_the_places(own: WasmSandbox):
    """No more than it leaves free: others have room, and a hook that is done inline needs none."""
    program, quick = await program_of(own, WAITING), await program_of(own, ECHO)
    share = SLOTS // 2
    waiting = [asyncio.create_task(own.run(program, b"[100000]", AMPLE, owner="a")) for _ in range(share)]
    await until_busy(own, share)
    with pytest.raises(Unavailable):
        await own.run(program, b"[1]", AMPLE, owner="a")

    assert (await own.run(quick, b"[1]", AMPLE, owner="a")).outcome == Answer(1)
    assert (await own.run(program, b"[1]", AMPLE, owner="b")).outcome == Answer("waited")
    await own.close()
    await asyncio.gather(*waiting)


async def test_a_run_that_finds_no_thread_in_its_time_is_no_failure_of_the_hook(sandbox: WasmSandbox):
    """With all threads busy for so long it never begins: the service is busy, the hook did nothing wrong."""
    endless = await program_of(sandbox, ENDLESS, slow=True)
    echo = await program_of(sandbox, ECHO, slow=True)
    long, short = replace(AMPLE, cpu_ms=400, wall_ms=10_000), replace(AMPLE, wall_ms=50)
    running = [asyncio.create_task(sandbox.run(endless, b"[]", long)) for _ in range(2)]
    await until_busy(sandbox, 2)
    with pytest.raises(Unavailable):
        await sandbox.run(echo, b"[1]", short)
    await asyncio.gather(*running)

    assert (await sandbox.run(echo, b"[1]", AMPLE)).outcome == Answer(1)


async def test_a_run_whose_turn_can_not_come_in_its_time_is_refused_at_once(engine_cache: Path):
    """By what its owner's runs took until now, and how many of them wait. Another owner's run waits for one of them."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), concurrency=16, threads=1))
    endless = await program_of(sandbox, ENDLESS, slow=True)
    echo = await program_of(sandbox, ECHO, slow=True)
    limits = replace(AMPLE, cpu_ms=300, wall_ms=20_000)
    await sandbox.run(endless, b"[]", limits, owner="a")
    running = [asyncio.create_task(sandbox.run(endless, b"[]", limits, owner="a")) for _ in range(4)]
    await until(lambda: sandbox.queued == 3)
    with pytest.raises(Unavailable):
        await sandbox.run(echo, b"[1]", replace(AMPLE, wall_ms=150), owner="a")

    assert sandbox.queued == 3, "it was refused before a thread was free"
    assert (await sandbox.run(echo, b"[1]", AMPLE, owner="b")).outcome == Answer(1)
    await asyncio.gather(*running)
    await sandbox.close()


async def test_a_burst_takes_nothing_from_those_who_come_after_it(engine_cache: Path):
    """Most of it has no turn in its time, some have it in that very moment; then all is as before."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), concurrency=256, threads=2))
    source = "module.exports = (n, cb) => { for (let i = 0; i < n; i++); cb(null, n); };"
    counting, echo = await program_of(sandbox, source, slow=True), await program_of(sandbox, ECHO, slow=True)
    bursts = [sandbox.run(counting, b"[20000]", replace(AMPLE, wall_ms=5 + number)) for number in range(200)]
    for done in await asyncio.gather(*bursts, return_exceptions=True):
        assert isinstance(done, Run | Unavailable), done

    assert (sandbox.busy, sandbox.queued) == (0, 0)
    together = [sandbox.run(echo, b"[1]", AMPLE, owner=owner) for owner in "ab"]
    assert [done.outcome for done in await asyncio.gather(*together)] == [Answer(1)] * 2
    await sandbox.close()


@pytest.mark.parametrize("source", [WAITING, ENDLESS], ids=["waiting", "running"])
async def test_who_leaves_gives_the_place_back(sandbox: WasmSandbox, source: str):
    """The run ends by itself, and its place is free again."""
    program = await program_of(sandbox, source, slow=True)
    task = asyncio.create_task(sandbox.run(program, b"[100000]", replace(TIGHT, wall_ms=300)))
    await until_busy(sandbox, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_busy(sandbox, 0)

    assert await answer(sandbox, ECHO, 1) == 1


async def test_closing_ends_a_run_that_waits(own: WasmSandbox):
    """It does not wait with it."""
    program = await program_of(own, WAITING)
    waiting = asyncio.create_task(own.run(program, b"[100000]", AMPLE))
    await until_busy(own, 1)
    began = asyncio.get_running_loop().time()
    await own.close()
    done = await waiting

    assert isinstance(done.outcome, Failure)
    assert (done.outcome.code, done.outcome.message) == (
        "sandbox_crashed",
        "The sandbox stopped: the service is stopping.",
    )
    assert asyncio.get_running_loop().time() - began < AMPLE.wall_ms / 1000 / 2


async def test_closing_lets_a_run_on_a_thread_end(own: WasmSandbox):
    """By its own limit, with its own error; nothing is torn away under it."""
    program = await program_of(own, ENDLESS, slow=True)
    running = [asyncio.create_task(own.run(program, b"[]", replace(TIGHT, wall_ms=10_000))) for _ in range(3)]
    await until_busy(own, 3)
    await own.close()

    for done in await asyncio.gather(*running):
        assert isinstance(done.outcome, Failure)
        assert done.outcome.code == "cpu_limit"


async def test_nothing_runs_after_closing(own: WasmSandbox):
    """And closing twice is closing once."""
    program = await program_of(own, ECHO)
    await own.close()
    await own.close()
    with pytest.raises(Unavailable):
        await own.run(program, b"[1]", AMPLE)
    with pytest.raises(Unavailable):
        await own.make_image(ECHO)


# Many hooks


async def test_many_hooks_in_turn(sandbox: WasmSandbox):
    """Three hundred programs, each asked twice among the others, each gives its own answer."""
    images = await asyncio.gather(
        *(
            sandbox.make_image(f"const n = {n}; let calls = 0; module.exports = (cb) => cb(null, [n, ++calls]);")
            for n in range(300)
        )
    )
    programs = [load_program(image) for image in images]
    for _ in range(2):
        outcomes = [(await sandbox.run(program, b"[]", AMPLE)).outcome for program in programs]
        assert outcomes == [Answer([n, 1]) for n in range(300)]
