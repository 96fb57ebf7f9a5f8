"""One contract, two engines, each the other's oracle: what the catalogue of hostile hooks says of wasm holds of Node.

Outcome, texts, console, the decision that follows. What must differ is in differences.toml, with the reason.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.model import FAILURES, Answer, Failure, Refusal
from runtime.node.engine import NodeSandbox
from runtime.node.program import image_of
from runtime.sandbox.base import SourceRejected
from tests.sandbox.hostile.catalogue import Row, read
from tests.sandbox.test_hostile import ARGUMENTS, check

TRIGGER = "credentials-exchange"
# Not those of the engine's own internals, and not those that take most of a limit's time: test_hostile.py has Node's.
FILES = ["actions", "contract", "exports", "logs", "properties", "tampering", "timers"]
ROWS = {f"{file}: {row.name}": row for file in FILES for row in read(file)}
LISTED = tomllib.loads(Path(__file__).with_name("differences.toml").read_text("utf-8"))["difference"]
DIFFERENT = {row: listed["why"] for listed in LISTED for row in listed["rows"]}

# What another process has of the machine is no matter of the row.
LEAST_WALL_MS = 1_500

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", ROWS)
async def test_a_row_ends_in_node_as_in_wasm(node: NodeSandbox, name: str):
    """Or otherwise, where that is listed."""
    async with asyncio.timeout(20):
        while not node._pool.spare:  # no limit counts the time that it takes to make a process
            await asyncio.sleep(0.001)
    if name not in DIFFERENT:
        await hold(node, ROWS[name])
        return
    with pytest.raises(AssertionError):
        await hold(node, ROWS[name])


async def hold(node: NodeSandbox, row: Row) -> None:
    """The row's promises."""
    if row.rejected:
        rejected = await rejection(node, row)
        assert rejected is not None, "deployed what must be rejected"
        assert rejected.code in row.rejected
        assert row.says in {None, rejected.message}
        return
    limits = replace(row.limits, wall_ms=max(row.limits.wall_ms, LEAST_WALL_MS))
    done = await node.run(node.load(image_of(row.source, TRIGGER)), ARGUMENTS, limits)
    outcome = done.outcome
    assert isinstance(outcome, Answer | Refusal) or (isinstance(outcome, Failure) and outcome.code in FAILURES)
    assert len(done.console) <= limits.console_lines + 1
    check(row, done)


async def rejection(node: NodeSandbox, row: Row) -> SourceRejected | None:
    """Why the row's source is not deployed."""
    try:
        await node.make_image(row.source, trigger=TRIGGER)
    except SourceRejected as rejected:
        return rejected
    return None


async def test_every_difference_is_of_a_row_and_has_a_reason():
    """No entry outlives its row."""
    assert set(DIFFERENT) - set(ROWS) == set()
    assert all(listed["why"] for listed in LISTED)
    assert len(DIFFERENT) < len(ROWS) / 20
