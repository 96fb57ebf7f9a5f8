"""A catalogue of what an attacker has tried on anyone, and what must come of it. Its rows are in hostile/*.toml.

Of every row holds, whatever it does: `run` returns, with an outcome that is known; the sandbox is given back; the good
hook next to it still answers exactly, on the event loop and on a thread; and the decision can be sent.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime import claims, triggers
from runtime.masking import Mask
from runtime.model import FAILURES, Allow, Answer, Deny, Failure, Limits, Refusal
from runtime.sandbox.abi import PAGE
from runtime.sandbox.base import Run, SourceRejected
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import WasmProgram, load_program
from runtime.settings import SandboxSettings
from tests.sandbox.hostile.catalogue import FILES, SECRETS, Row, read
from tests.sandbox.hostile.world import World, opened, owner_of

# So few that a sandbox which is not given back is missed: the engine has room for 66 more.
SLOTS = 2
REQUEST = triggers.parse(
    triggers.get("credentials-exchange"),
    {"client": {"id": "c", "name": "n"}, "audience": "https://api", "scope": ["read"], "context": {"ip": "192.0.2.1"}},
)
ARGUMENTS = orjson.dumps(REQUEST.arguments(SECRETS))
MASK = Mask(SECRETS)
GOOD = """
const module_level = { count: 0 };
module.exports = function (client, scope, audience, context, cb) {
  console.log('%s asks for %j', client.name, scope);
  const made = { 'https://foo.com/count': ++module_level.count, 'https://foo.com/key': context.webtask.secrets.KEY.length };
  scope.push('extra');
  cb(null, { scope, ...made });
};
"""
GOOD_ANSWER = {"scope": ["read", "extra"], "https://foo.com/count": 1, "https://foo.com/key": 6}
GOOD_LINES = [["info", 'n asks for ["read"]']]
WIDE = Limits(
    cpu_ms=2_000,
    wall_ms=5_000,
    memory_bytes=32 << 20,
    output_bytes=65_536,
    console_lines=10,
    console_bytes=1_000,
    operations=1,
    operation_bytes=65_536,
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world() -> AsyncIterator[World]:
    """The network of all rows."""
    async with opened() as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path, world: World) -> AsyncIterator[WasmSandbox]:
    """One engine for all rows, with less room than there are rows."""
    settings = SandboxSettings(cache_directory=str(engine_cache), threads=2, concurrency=SLOTS)
    sandbox = await open_sandbox(settings, world.perform)
    yield sandbox
    await sandbox.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def good(sandbox: WasmSandbox) -> bytes:
    """The image of a hook that does what hooks are for, and would show another's traces."""
    return await sandbox.make_image(GOOD)


def catalogue(*names: str) -> list[object]:
    """The rows of these files, as parameters. One that waits for a fix must fail until then."""
    return [
        pytest.param(
            row,
            id=f"{name}: {row.name}",
            marks=[pytest.mark.xfail(strict=True, reason=row.xfail)] if row.xfail else [],
        )
        for name in names
        for row in read(name)
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("row", catalogue(*FILES))
async def test_hostile_hook_gets_its_exact_outcome_and_harms_nothing(
    sandbox: WasmSandbox, world: World, good: bytes, row: Row
):
    """The outcome is the row's, tried on the event loop first and on a thread; and the good hook is as before."""
    image = await deploy(sandbox, world.source(row))
    if isinstance(image, SourceRejected):
        assert image.code in row.rejected, f"{image.code}: {image.message}"
        assert row.says in {None, image.message}
    else:
        assert not row.rejected, "deployed what must be rejected"
        program = load_program(image)
        first = await run(sandbox, program, row)
        check(row, first)
        if not program.slow or row.twice or row.differs:
            program.slow = True
            second = await run(sandbox, program, row)
            check(row, second)
            assert not row.differs or first.outcome != second.outcome

    await check_good(sandbox, good)
    assert sandbox.busy == 0


async def deploy(sandbox: WasmSandbox, source: str) -> bytes | SourceRejected:
    """The source's image, or why there is none."""
    try:
        return await sandbox.make_image(source, trigger="credentials-exchange")
    except SourceRejected as rejected:
        return rejected


async def run(sandbox: WasmSandbox, program: WasmProgram, row: Row) -> Run:
    """One request, and what holds of all runs."""
    limits = row.limits
    done = await sandbox.run(program, ARGUMENTS, limits, owner=owner_of(row))
    kind = done.outcome
    assert isinstance(kind, Answer | Refusal) or (isinstance(kind, Failure) and kind.code in FAILURES)
    assert len(done.console) <= limits.console_lines + 1
    assert done.memory_bytes <= max(limits.memory_bytes, program.pages * PAGE, 2 << 20)
    return done


def check(row: Row, done: Run) -> None:
    """The row's own promises, then that the decision can be sent."""
    outcome = done.outcome
    if row.answers == "undefined":
        assert outcome == Answer(None, undefined=True)
    elif row.answers is not None:
        assert outcome == Answer(orjson.loads(row.answers))
    elif row.refuses is not None:
        assert isinstance(outcome, Refusal), outcome
        assert f"{outcome.name}: {outcome.message}" == row.refuses
        assert row.properties is None or outcome.properties == orjson.loads(row.properties)
    else:
        assert code_of(outcome) in row.fails, outcome
    if row.says is not None:
        assert isinstance(outcome, Failure)
        assert f"{outcome.name}: {outcome.message}" == row.says
    if row.console is not None:
        assert [[line.level, line.text] for line in done.console] == row.console
    assert row.kept is None or kept_of(done) == row.kept
    check_decision(row, outcome)


def kept_of(done: Run) -> list[str]:
    """What a record of the run has of its texts; much of one letter is left out."""
    texts = [line.text for line in MASK.console(done.console)]
    outcome = MASK.outcome(done.outcome)
    if not isinstance(outcome, Answer):
        texts += [outcome.name, re.sub("x{100,}", "x...", outcome.message)]
    if isinstance(outcome, Refusal) and outcome.properties:
        texts.append(orjson.dumps(outcome.properties).decode())
    return texts


def code_of(outcome: Answer | Refusal | Failure) -> str:
    """What the outcome is called in a row's `fails`."""
    if isinstance(outcome, Failure):
        return outcome.code
    return "refused" if isinstance(outcome, Refusal) else "answered"


def check_decision(row: Row, outcome: Answer | Refusal | Failure) -> None:
    """A hook that broke lets no token out; and whatever was decided is JSON."""
    decision, fault = claims.decide(REQUEST, outcome)
    sent = orjson.loads(orjson.dumps(asdict(decision)))
    assert sent == orjson.loads(orjson.dumps(sent))
    assert orjson.dumps(asdict(fault)) if fault else isinstance(decision, Allow)
    if isinstance(outcome, Failure):
        assert decision == Deny(error="server_error", description=f"The hook failed: {outcome.code}.")
    if row.decides is not None:
        assert row.decides == (decision.error if isinstance(decision, Deny) else "allow")
    if isinstance(decision, Allow):
        assert set(decision.claims) & claims.PROTECTED == set()
        assert row.scope is None or sent["scope"] == row.scope
        assert row.claims is None or sent["claims"] == orjson.loads(row.claims)
        assert not row.dropped or {each.name: each.reason for each in decision.dropped} == row.dropped


async def check_good(sandbox: WasmSandbox, image: bytes) -> None:
    """The good hook answers exactly, on the event loop and on a thread."""
    for slow in (False, True):
        program = load_program(image)
        program.slow = slow
        done = await sandbox.run(program, ARGUMENTS, WIDE)
        assert done.outcome == Answer(GOOD_ANSWER)
        assert [[line.level, line.text] for line in done.console] == GOOD_LINES


def test_catalogue_has_more_rows_than_the_engine_has_room():
    """A sandbox that one row keeps is missed by another."""
    assert len(catalogue(*FILES)) > 66 + SLOTS + 100
