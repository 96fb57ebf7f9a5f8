"""Programs with a large image, which is mapped into their sandboxes: the same programs, the same walls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import wasmtime

from runtime.model import Answer, ConsoleLine, Failure, Limits, Refusal
from runtime.sandbox import abi, image
from runtime.sandbox.base import Run
from runtime.sandbox.engine import SPARE
from runtime.sandbox.invocation import Invocation, time_of
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import LARGE, WasmProgram, load_program
from runtime.settings import SandboxSettings
from tests.sandbox.conftest import LIMITS

MARKER = "marker-77ab-secret"
LOAD = "const load = Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'text' + n }));\n"
"""What an npm module leaves: a megabyte of objects."""
SOURCE = """
let state = 0;
const ends = {
  answer: (a, cb) => cb(null, { state: ++state, last: load[19_999], leaked: typeof leaked, n: a.n }),
  keep: (a, cb) => { globalThis.leaked = a.secret; load.forEach((o) => { o.text = a.secret; }); cb(null, { state: ++state }); },
  refuse: (a, cb) => cb(Object.assign(new Error('no'), { reason: 'why' })),
  throw: () => { throw new TypeError('x'); },
  cpu: () => { for (;;); },
  stack: () => { (function f() { f(); })(); },
  memory: () => { const all = []; for (;;) all.push(new Uint8Array(1e5)); },
  wait: (a, cb) => setTimeout(() => cb(null, { late: load.length }), 1),
  log: (a, cb) => { console.log('said', load[1]); cb(null, {}); },
};
module.exports = (a, cb) => ends[a.end](a, cb);
"""
TIGHT = Limits(**{name: getattr(LIMITS, name) for name in Limits.__slots__} | {"cpu_ms": 20, "memory_bytes": 8 << 20})


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), concurrency=8, threads=2))
    yield sandbox
    await sandbox.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kept(sandbox: WasmSandbox) -> bytes:
    return await sandbox.make_image(LOAD + SOURCE)


@pytest.fixture
def program(kept: bytes) -> WasmProgram:
    return load_program(kept)


async def run(sandbox: WasmSandbox, program: WasmProgram, end: str, limits: Limits = LIMITS, **more: Any) -> Run:
    return await sandbox.run(program, json.dumps([{"end": end, **more}]).encode(), limits)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_large_image_is_mapped_and_a_small_one_copied(sandbox: WasmSandbox, program: WasmProgram):
    """And nothing of it is left to copy."""
    small = load_program(await sandbox.make_image("module.exports = (a, cb) => cb(null, a);"))
    assert len(program.image) > LARGE
    for each in (program, small):
        await run(sandbox, each, "answer")

    assert (program.image, bool(program.mapped), program.is_open) == (b"", True, True)
    assert (bool(small.image), small.mapped, small.is_open) == (True, 0, True)


async def test_its_size_is_that_of_its_memory(program: WasmProgram):
    """Whoever keeps programs counts what they take."""
    assert program.size == program.pages * abi.PAGE


@pytest.mark.parametrize("slow", [False, True], ids=["inline", "on a thread"])
async def test_every_request_starts_anew(sandbox: WasmSandbox, program: WasmProgram, slow: bool):
    """What one request wrote into the module's objects is not there in the next."""
    program.slow = slow
    expected = {"state": 1, "last": {"n": 19_999, "text": "text19999"}, "leaked": "undefined", "n": 5}
    for _ in range(3):
        assert (await run(sandbox, program, "answer", n=5)).outcome == Answer(expected)
        assert (await run(sandbox, program, "keep", secret=MARKER)).outcome == Answer({"state": 1})


@pytest.mark.parametrize(
    ("end", "code"), [("throw", "threw"), ("cpu", "cpu_limit"), ("stack", "threw"), ("memory", "memory_limit")]
)
async def test_every_end_is_that_of_any_hook(sandbox: WasmSandbox, program: WasmProgram, end: str, code: str):
    """Limits hold, and the next request knows nothing of it."""
    found = (await run(sandbox, program, end, TIGHT)).outcome
    assert isinstance(found, Failure)
    assert found.code in {code, "stack_limit"}
    assert isinstance((await run(sandbox, program, "answer")).outcome, Answer)


async def test_refusals_and_lines(sandbox: WasmSandbox, program: WasmProgram):
    """With their properties, and with what was printed."""
    refusal = (await run(sandbox, program, "refuse")).outcome
    assert isinstance(refusal, Refusal)
    assert (refusal.message, refusal.properties) == ("no", {"reason": "why"})
    assert (await run(sandbox, program, "log")).console == (
        ConsoleLine(level="info", text="said { n: 1, text: 'text1' }"),
    )


async def test_it_waits_like_any_hook(sandbox: WasmSandbox, program: WasmProgram):
    """And goes on in the same sandbox."""
    assert (await run(sandbox, program, "wait")).outcome == Answer({"late": 20_000})


async def test_it_may_be_larger_than_its_limit(sandbox: WasmSandbox, program: WasmProgram):
    """Then it does not run at all."""
    limits = Limits(**{name: getattr(LIMITS, name) for name in Limits.__slots__} | {"memory_bytes": 1 << 20})
    found = (await run(sandbox, program, "answer", limits)).outcome
    assert isinstance(found, Failure)
    assert found.code == "memory_limit"


async def test_many_ask_while_it_is_opened(sandbox: WasmSandbox, program: WasmProgram):
    """It is opened under them, and each has its answer."""
    runs = await asyncio.gather(*(run(sandbox, program, "answer", n=n) for n in range(20)))
    assert [run.outcome.value["n"] for run in runs] == list(range(20))  # type: ignore[union-attr, index]


async def test_the_mapped_memory_is_the_one_that_was_kept(sandbox: WasmSandbox, program: WasmProgram):
    """Byte for byte, but for what an image leaves out."""
    body, base = program.image, sandbox._evaluation.base(plain=program.plain)
    await run(sandbox, program, "answer")
    invocation = Invocation(sandbox._engine, program.mapped)
    try:
        assert invocation.memory() == image.applied(body, base)
    finally:
        invocation.close()


async def test_no_byte_goes_from_one_to_the_other(sandbox: WasmSandbox, program: WasmProgram):
    """A place is used in turn by mapped programs and by others: each finds what is its own, and no secret."""
    other = load_program(await sandbox.make_image(LOAD.replace("text", "other") + SOURCE))
    for each in (program, other):
        await run(sandbox, each, "answer")
    fresh = {which: memory_of(sandbox, which) for which in (0, program.mapped, other.mapped)}
    held = [Invocation(sandbox._engine) for _ in range(8 + SPARE - 1)]  # so that there is but one place left
    places = set()
    for which in (program, other, program):
        hoarder = Invocation(sandbox._engine, which.mapped)
        places.add(hoarder.start)
        payload = json.dumps([{"end": "keep", "secret": MARKER}]).encode()
        request = abi.frame(now_ms=0, seed=bytes(32), limits=LIMITS, image=b"", payload=payload)
        hoarder.call(sandbox._engine.invoke, request, pages=0, time=time_of(3000), longest=100_000)
        assert MARKER.encode() in hoarder.memory()
        hoarder.close()
        for image_, memory in fresh.items():
            assert memory_of(sandbox, image_) == memory
    for invocation in held:
        invocation.close()
    assert len(places) == 1, "each had the place of the one before"


def memory_of(sandbox: WasmSandbox, mapped: int) -> bytes:
    invocation = Invocation(sandbox._engine, mapped)
    try:
        return invocation.memory()
    finally:
        invocation.close()


async def test_the_code_over_it_imports_its_memory_and_nothing_else(sandbox: WasmSandbox, program: WasmProgram):
    """No function of the host: a mapped program can call no more than any other."""
    await run(sandbox, program, "answer")
    code = sandbox._engine._code
    assert [(i.module, i.name, type(i.type)) for i in code.imports] == [("env", "memory", wasmtime.MemoryType)]


@pytest.mark.parametrize("forged", ["a run beyond its pages", "a run longer than the image"])
async def test_a_forged_image_is_refused(sandbox: WasmSandbox, forged: str):
    """It comes from our own storage; all the same."""
    place = (100 * abi.PAGE - 8, 1 << 16) if forged == "a run beyond its pages" else (0, 1 << 17)
    body = abi.IMAGE_HEAD.pack(100, 1) + abi.RUN_HEAD.pack(*place) + bytes(1 << 16)
    program = load_program(image.MEMORY + body)
    with pytest.raises(ValueError, match="not an image"):
        await run(sandbox, program, "answer")


async def test_a_large_source_that_waits_while_it_loads(sandbox: WasmSandbox):
    """It is evaluated in every request, and its arguments are the request's, not its own text."""
    source = (
        "setTimeout(() => {}, 1);\n"
        + "// a long comment\n" * 2_000
        + "module.exports = (a, cb) => cb(null, { n: a.n });"
    )
    program = load_program(await sandbox.make_image(source))
    assert program.evaluates
    assert (await run(sandbox, program, "", n=7)).outcome == Answer({"n": 7})
