"""The operations of one run, apart from any guest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import orjson

from runtime.model import Operation
from runtime.sandbox.asked import Asked, Cancel, StorageGet
from runtime.sandbox.operations.base import Failed, Place
from runtime.sandbox.operations.underway import MOST_NOTES, UnderWay


class Doing:
    """Does operations when it is told to; `begun` are the ids of those that it was asked for."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self._results: dict[int, asyncio.Future[Mapping[str, object]]] = {}

    async def __call__(self, place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
        self.begun.append(asked.id)
        notes.append(Operation(kind="storage_get", error="cancelled"))
        note = notes[-1]
        self._results[asked.id] = asyncio.get_running_loop().create_future()
        try:
            result = await self._results[asked.id]
        finally:
            self.ended.append(asked.id)
        note.error = ""
        return result

    def done(self, number: int, result: Mapping[str, object] | Exception) -> None:
        if isinstance(result, Exception):
            self._results[number].set_exception(result)
        else:
            self._results[number].set_result(result)


def under_way(doing: Doing, *, most: int = 10, at_once: int = 10) -> UnderWay:
    return UnderWay(doing, Place("acme", "h"), most=most, at_once=at_once)


async def turn() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def gets(*numbers: int) -> list[Asked]:
    return [StorageGet(id=number) for number in numbers]


async def test_results_come_in_the_order_in_which_they_are_done():
    """Each once, with its id; what went wrong is told, too."""
    doing = Doing()
    running = under_way(doing)
    assert running.begin(gets(1, 2, 3))
    await turn()
    doing.done(3, {"a": 1})
    await turn()
    doing.done(1, Failed(409, "no", {"conflict": "x"}))
    await running.wait(30)
    await turn()

    assert orjson.loads(running.results()) == [
        {"id": 3, "a": 1},
        {"id": 1, "error": {"code": 409, "message": "no", "conflict": "x"}},
    ]
    assert orjson.loads(running.results()) == []
    doing.done(2, {})
    await running.wait(30)
    assert orjson.loads(running.results()) == [{"id": 2}]
    assert not running.waits
    assert len(await running.close()) == 3


async def test_so_many_at_once():
    """The others wait for their turn."""
    doing = Doing()
    running = under_way(doing, at_once=2)
    running.begin(gets(1, 2, 3))
    await turn()
    assert doing.begun == [1, 2]
    doing.done(1, {})
    await turn()
    assert doing.begun == [1, 2, 3]
    await running.close()


async def test_no_more_than_the_limit_and_none_twice():
    """The guest counts, but is not to be believed."""
    doing = Doing()
    running = under_way(doing, most=2)
    assert running.begin(gets(1, 2))
    assert not running.begin(gets(3))
    again = under_way(doing)
    assert not again.begin(gets(1, 1))
    await running.close()
    await again.close()


async def test_what_is_cancelled_is_ended_and_not_told():
    """As is everything that is under way when the run ends."""
    doing = Doing()
    running = under_way(doing)
    running.begin(gets(1, 2))
    await turn()
    running.begin([Cancel(id=1), Cancel(id=77)])
    await turn()
    assert doing.ended == [1]
    assert orjson.loads(running.results()) == []
    notes = await running.close()

    assert doing.ended == [1, 2]
    assert [note.error for note in notes] == ["cancelled", "cancelled"]


async def test_what_breaks_breaks_alone():
    """The hook is told no more than that, and the run goes on."""
    doing = Doing()
    running = under_way(doing)
    running.begin(gets(1))
    await turn()
    doing.done(1, ValueError("of our own"))
    await running.wait(30)

    assert orjson.loads(running.results()) == [
        {"id": 1, "error": {"code": "ERR_INTERNAL", "message": "the operation broke"}}
    ]
    await running.close()


async def test_waiting_ends_with_time_and_when_it_is_told_to():
    """Without any result."""
    running = under_way(Doing())
    await running.wait(0.001)
    await running.wait(-1)
    running.wake()
    await running.wait(3600)


async def test_the_record_is_bounded():
    """What is more is counted."""

    async def many(place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
        notes += [Operation(kind="fetch") for _ in range(MOST_NOTES + 5)]
        return {}

    running = UnderWay(many, Place(), most=1, at_once=1)
    running.begin(gets(1))
    await running.wait(30)
    notes = await running.close()

    assert len(notes) == MOST_NOTES + 1
    assert notes[-1].kind == "(5 more)"
