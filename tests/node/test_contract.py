"""One contract, two engines, each the other's oracle: what the catalogue of hostile hooks says of wasm holds of Node.

Outcome, texts, console, the decision that follows. What must differ is in differences.toml, with the reason, and with how it ends
here: a code of `model.FAILURES`, `refused`, `answers` with the JSON of it, or `answered` where that is another each time.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.model import FAILURES, Answer, Failure, Refusal
from runtime.node.engine import NodeSandbox, open_node
from runtime.node.program import image_of
from runtime.sandbox.base import Run, SourceRejected
from runtime.settings import LimitSettings, NodeSettings
from tests.node.waiting import until_ready
from tests.sandbox.hostile.catalogue import CODES, FILES, Row, read
from tests.sandbox.hostile.world import World, opened, owner_of
from tests.sandbox.test_hostile import ARGUMENTS, check, code_of

TRIGGER = "credentials-exchange"
# Each row takes a process of its own. All are run of the files where Node has other ways to go wrong than wasm; of the others, whose
# rows are many and much alike, one in so many, and every row that is listed as different. All of them with HOOKD_ALL_ROWS=1, which
# takes a minute more.
WHOLE = {"actions", "chance", "contract", "secrets", "ssrf", "state"}
PARTLY = {"door", "exports", "logs", "properties", "tampering", "timers"}
STEPS = {file: 1 if file in WHOLE or os.environ.get("HOOKD_ALL_ROWS") else 4 if file in PARTLY else 6 for file in FILES}
ALL = {file: {f"{file}: {row.name}": row for row in read(file)} for file in FILES}
NAMED = {name: row for rows in ALL.values() for name, row in rows.items()}
DIFFERENCES = tomllib.loads(Path(__file__).with_name("differences.toml").read_text("utf-8"))
LISTED = DIFFERENCES["difference"]
DIFFERENT: dict[str, str] = {row: end for listed in LISTED for row, end in listed["rows"].items()}
SOMETIMES = {row for listed in LISTED if listed.get("sometimes") for row in listed["rows"]}
EITHER = {row: listed["why"] for listed in DIFFERENCES["either"] for row in listed["rows"]}
IN_DENO = {row: listed["why"] for listed in DIFFERENCES["deno"] for row in listed["rows"]}
ROWS = {
    name: row
    for file, rows in ALL.items()
    for number, (name, row) in enumerate(rows.items())
    if number % STEPS[file] == 0 or name in DIFFERENT
}

# What another process has of the machine is no matter of the row.
LEAST_WALL_MS = 1_500

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world() -> AsyncIterator[World]:
    """The network of all rows."""
    async with opened() as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def node(world: World) -> AsyncIterator[NodeSandbox]:
    """The engine as a service opens it, with all walls of the machine, and with this network."""
    settings = NodeSettings(enabled=True, processes=3, concurrency=12)
    sandbox = await open_node(settings, LimitSettings().limits(), world.perform)
    yield sandbox
    assert sandbox.busy == 0
    await sandbox.close()


@pytest.mark.parametrize("name", ROWS)
async def test_a_row_ends_in_node_as_in_wasm(node: NodeSandbox, world: World, name: str):
    """Or otherwise, where that is listed, and as it is listed."""
    row = ROWS[name]
    ended = await ends(node, world, row)
    if name not in DIFFERENT:
        hold(row, ended)
        return
    if name not in SOMETIMES:
        assert DIFFERENT[name] in said(ended[0])
    with suppress(AssertionError) if name in SOMETIMES else pytest.raises(AssertionError):
        hold(row, ended)


async def ends(node: NodeSandbox, world: World, row: Row) -> list[Run | SourceRejected]:
    """Of one request, or of two; of none where it is not deployed."""
    source = world.source(row)
    if row.rejected:
        try:
            await node.make_image(source, trigger=TRIGGER)
        except SourceRejected as rejected:
            return [rejected]
    program = node.load(image_of(source, TRIGGER))
    limits = replace(row.limits, wall_ms=max(row.limits.wall_ms, LEAST_WALL_MS))
    done: list[Run | SourceRejected] = []
    for _ in range(2 if row.twice or row.differs else 1):
        await until_ready(node)
        done.append(await node.run(program, ARGUMENTS, limits, owner=owner_of(row)))
    return done


def hold(row: Row, ended: list[Run | SourceRejected]) -> None:
    """The row's promises."""
    for end in ended:
        if isinstance(end, SourceRejected):
            assert end.code in row.rejected
            assert row.says in {None, end.message}
            continue
        assert not row.rejected, "deployed what must be rejected"
        outcome = end.outcome
        assert isinstance(outcome, Answer | Refusal) or (isinstance(outcome, Failure) and outcome.code in FAILURES)
        assert len(end.console) <= row.limits.console_lines + 1
        check(row, end)
    if row.differs:
        first, second = (end.outcome for end in ended if isinstance(end, Run))
        assert first != second


def said(end: Run | SourceRejected) -> Iterator[str]:
    """What the list may call it."""
    if isinstance(end, SourceRejected):
        yield f"not deployed: {end.code}"
        return
    yield code_of(end.outcome)
    if isinstance(end.outcome, Answer):
        yield f"answers {orjson.dumps(end.outcome.value).decode()}"


async def test_every_difference_is_of_a_row_and_has_a_reason():
    """No entry outlives its row; each says how it ends."""
    assert set(DIFFERENT) - set(ROWS) == set()
    assert {*IN_DENO, *EITHER} - set(NAMED) == set()
    assert all(listed["why"] for listed in [*LISTED, *DIFFERENCES["deno"], *DIFFERENCES["either"]])
    assert [
        end for end in DIFFERENT.values() if end not in CODES and not end.startswith(("answers ", "not deployed: "))
    ] == []
    assert len(DIFFERENT) < len(NAMED) / 10


async def test_every_class_is_tried_in_node():
    """Of each some rows, not all of which end otherwise."""
    assert {row.kind for row in NAMED.values()} == {row.kind for name, row in ROWS.items() if name not in DIFFERENT}
