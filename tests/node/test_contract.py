"""One contract, two engines, each the other's oracle: what the catalogue of hostile hooks says of wasm holds of Node.

Outcome, texts, console, the decision that follows. What must differ is in differences.toml, with the reason.
"""

from __future__ import annotations

import asyncio
import os
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
# Not those of the engine's own internals: test_hostile.py has Node's.
WHOLE = ["actions", "contract", "door", "exports", "logs", "properties", "tampering", "timers"]
# Each row takes a process of its own. Of these files, whose rows are many and much alike, one row in six is run, and every row
# that is listed as different; all of them with HOOKD_ALL_ROWS=1, which takes half a minute more.
SAMPLED = ["answers", "cpu", "memory", "stack"]
STEP = 1 if os.environ.get("HOOKD_ALL_ROWS") else 6
ALL = {file: {f"{file}: {row.name}": row for row in read(file)} for file in [*WHOLE, *SAMPLED]}
DIFFERENCES = tomllib.loads(Path(__file__).with_name("differences.toml").read_text("utf-8"))
LISTED = DIFFERENCES["difference"]
DIFFERENT = {row: listed["why"] for listed in LISTED for row in listed["rows"]}
EITHER = {row: listed["why"] for listed in DIFFERENCES["either"] for row in listed["rows"]}
IN_DENO = {row: listed["why"] for listed in DIFFERENCES["deno"] for row in listed["rows"]}
ROWS = {
    name: row
    for file, rows in ALL.items()
    for number, (name, row) in enumerate(rows.items())
    if file in WHOLE or number % STEP == 0 or name in DIFFERENT
}

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
    assert {*IN_DENO, *EITHER} - {name for rows in ALL.values() for name in rows} == set()
    assert all(listed["why"] for listed in [*LISTED, *DIFFERENCES["deno"], *DIFFERENCES["either"]])
    assert len(DIFFERENT) < sum(map(len, ALL.values())) / 16
