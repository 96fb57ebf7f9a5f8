"""Programs without Node's library: those whose source could name nothing of it. They run as they would with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.model import Answer
from runtime.sandbox.engine import Engine
from runtime.sandbox.library import Names
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import WasmProgram, load_program
from runtime.settings import SandboxSettings
from tests.sandbox.conftest import LIMITS

NAMES = Names(["Buffer", "process", "URL"])
ORDINARY = """
module.exports = function (client, scope, audience, context, cb) {
  const access_token = { scope: scope.concat('x'), 'https://a/b': client.metadata.plan };
  if (!context.ok) return cb(new UnauthorizedError('no'));
  this.kept = client; console.log(new Date(), Math.random(), JSON.stringify(access_token)); // an ordinary hook
  setTimeout(() => cb(null, access_token), 1);
};
class UnauthorizedError extends Error {}
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), concurrency=4, threads=1))
    yield sandbox
    await sandbox.close()


def test_an_ordinary_source_names_nothing_of_it():
    """Words that only contain one, and members of `this`, are no names."""
    assert not NAMES.in_any([ORDINARY])
    assert not NAMES.in_any(["const buffer = 1, URLs = 2, processed = 3, $URL = 4, evaluate = 5, required = 6;"])


@pytest.mark.parametrize(
    "source",
    [
        "Buffer.from('a')",
        "const { URL } = x;",
        "x['process']",
        "x?.process",
        "'URL' in y",
        "require('crypto')",
        "require ( name )",
        "globalThis[name]",
        "global[name]",
        "eval(text)",
        "new Function(text)",
        "[].constructor.constructor(text)()",
        "import('x')",
        "import x from 'x'",
        "B\\u0075ffer",
        "'B\\u{75}ffer'",
        "this['Buf' + 'fer']",
        "(function () { return this; })()[n]".replace("return this", "const t = this"),
        "f(this)",
        "[1, this]",
        "x ? this : y",
        "arguments.callee",
        "with (x) { y }",
    ],
)
def test_what_could_reach_it_counts_as_naming_it(source: str):
    """Names that are made up as it runs, evaluated code, and the global object by whatever way."""
    assert NAMES.in_any(["", source])


def test_the_names_are_those_that_hooks_find(engine_cache: Path):
    """The build has asked the library itself."""
    engine = Engine(engine_cache, concurrency=1)
    try:
        assert engine.names.in_any(["process.nextTick(f)"])
        assert not engine.names.in_any([ORDINARY.replace("setTimeout", "later")])
    finally:
        engine.close()


async def globals_of(sandbox: WasmSandbox, program: WasmProgram) -> set[str]:
    found = (await sandbox.run(program, b"[]", LIMITS)).outcome
    assert isinstance(found, Answer)
    assert isinstance(found.value, list)
    return set(found.value)


LISTING = "module.exports = (cb) => cb(null, Object.getOwnPropertyNames(Function('return this')()));"


async def test_every_global_that_is_not_there_without_it_is_a_name(
    sandbox: WasmSandbox, monkeypatch: pytest.MonkeyPatch
):
    """So that no hook misses one: what is there with it and not without, or is another, is looked for in sources."""
    with_library = load_program(await sandbox.make_image(LISTING))
    names, sandbox._engine.names = sandbox._engine.names, Names([])
    monkeypatch.setattr("runtime.sandbox.library._REACHING", ("nothing",))
    sandbox._engine.names = Names([])
    try:
        without = load_program(await sandbox.make_image(LISTING))
    finally:
        sandbox._engine.names = names
    assert (with_library.plain, without.plain) == (False, True)
    more = await globals_of(sandbox, with_library) - await globals_of(sandbox, without)
    assert "process" in more
    assert [name for name in more if not names.in_any([name])] == []


@pytest.mark.parametrize("mention", ["", "// globalThis"])
async def test_a_hook_answers_the_same_with_and_without(sandbox: WasmSandbox, mention: str):
    """Only its costs differ."""
    program = load_program(await sandbox.make_image(ORDINARY + mention))
    assert program.plain == (mention == "" and not sandbox._engine.names.in_any(["setTimeout"]))
    arguments = json.dumps([{"metadata": {"plan": "gold"}}, ["a"], "", {"ok": True}]).encode()
    run = await sandbox.run(program, arguments, LIMITS)

    assert run.outcome == Answer({"scope": ["a", "x"], "https://a/b": "gold"})
    assert 500_000 < run.memory_bytes < 1_000_000, "the library is not counted"
