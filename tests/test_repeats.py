"""The same request twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from runtime.answers import Answers
from runtime.memory import nameless_file
from runtime.repeats import Repeats
from tests.other_process import Other, key_of

A, B = key_of("a"), key_of("b")


class Work:
    """Makes numbered answers, when its door is open."""

    def __init__(self) -> None:
        self.runs = 0
        self.door = asyncio.Event()
        self.door.set()
        self.fails = 0
        """So many runs, the first ones, raise."""

    async def __call__(self) -> bytes:
        self.runs += 1
        number = self.runs
        await self.door.wait()
        if number <= self.fails:
            raise OSError
        return b"%d" % number


@pytest.fixture
def file() -> Iterator[int]:
    made = nameless_file("hookd-test")
    yield made
    os.close(made)


@pytest.fixture
def repeats(file: int) -> Repeats:
    return Repeats(Answers(file))


async def test_the_second_gets_the_first_answer(repeats: Repeats):
    """And the work is done once; another key is other work."""
    work = Work()

    answers = [await repeats.answer(key, work) for key in (A, A, B)]

    assert answers == [(b"1", False), (b"1", True), (b"2", False)]


async def test_who_asks_meanwhile_waits_for_the_first(repeats: Repeats):
    """However many there are."""
    work = Work()
    work.door.clear()
    calls = [asyncio.ensure_future(repeats.answer(A, work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.door.set()

    answers = await asyncio.gather(*calls)

    assert answers == [(b"1", False)] + [(b"1", True)] * 4
    assert work.runs == 1


async def test_what_failed_is_made_anew(repeats: Repeats):
    """By one of those who waited, and then for all of them."""
    work = Work()
    work.fails = 1
    work.door.clear()
    calls = [asyncio.ensure_future(repeats.answer(A, work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.door.set()

    first, *others = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(first, OSError)
    assert others == [(b"2", False), (b"2", True)]
    assert not repeats._running


async def test_a_caller_who_leaves_takes_nobody_with_him(repeats: Repeats):
    """Neither the first, for whom the next one steps in, nor one who waits."""
    work = Work()
    work.door.clear()
    first, second, third = (asyncio.ensure_future(repeats.answer(A, work)) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    work.door.set()

    assert await third == (b"2", False)


async def test_another_process_makes_it(repeats: Repeats, file: int):
    """Who asks here waits for its answer, and makes one where that process is gone."""
    work = Work()
    with Other(file) as other:
        for name in ("a", "b"):
            other.say("claim", name)
        waiting = [asyncio.ensure_future(repeats.answer(key, work)) for key in (A, A, B)]
        await asyncio.sleep(0.02)
        assert not any(one.done() for one in waiting)
        other.say("keep", "a", "theirs")
        assert await asyncio.gather(*waiting[:2]) == [(b"theirs", True)] * 2
        assert work.runs == 0
        other.kill()
        assert await waiting[2] == (b"1", False)


async def test_who_leaves_while_another_process_makes_it(repeats: Repeats, file: int):
    """Takes nothing away."""
    work = Work()
    with Other(file) as other:
        other.say("claim", "a")
        waiting = asyncio.ensure_future(repeats.answer(A, work))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert not repeats._running
        other.say("keep", "a", "theirs")
        assert await repeats.answer(A, work) == (b"theirs", True)
