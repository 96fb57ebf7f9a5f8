"""The same request twice."""

from __future__ import annotations

import asyncio

import pytest

from runtime.repeats import Repeats


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


async def test_the_second_gets_the_first_answer():
    """And the work is done once; another key is other work."""
    repeats, work = Repeats(), Work()

    answers = [await repeats.answer(key, work) for key in "aab"]

    assert answers == [(b"1", False), (b"1", True), (b"2", False)]


async def test_who_asks_meanwhile_waits_for_the_first():
    """However many there are."""
    repeats, work = Repeats(), Work()
    work.door.clear()
    calls = [asyncio.ensure_future(repeats.answer("a", work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.door.set()

    answers = await asyncio.gather(*calls)

    assert answers == [(b"1", False)] + [(b"1", True)] * 4
    assert work.runs == 1


async def test_what_failed_is_made_anew():
    """By one of those who waited, and then for all of them."""
    repeats, work = Repeats(), Work()
    work.fails = 1
    work.door.clear()
    calls = [asyncio.ensure_future(repeats.answer("a", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.door.set()

    first, *others = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(first, OSError)
    assert others == [(b"2", False), (b"2", True)]
    assert not repeats._running


async def test_a_caller_who_leaves_takes_nobody_with_him():
    """Neither the first, for whom the next one steps in, nor one who waits."""
    repeats, work = Repeats(), Work()
    work.door.clear()
    first, second, third = (asyncio.ensure_future(repeats.answer("a", work)) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    work.door.set()

    assert await third == (b"2", False)


@pytest.mark.parametrize(("later", "runs"), [(59.0, 1), (60.0, 2)])
async def test_an_answer_is_kept_for_a_minute(later, runs):
    """From when it was made."""
    now = [0.0]
    repeats, work = Repeats(clock=lambda: now[0]), Work()
    await repeats.answer("a", work)
    now[0] = later

    await repeats.answer("a", work)

    assert work.runs == runs


async def test_memory_is_bounded():
    """The oldest answer goes first; one that is larger than all the room is given and not kept; all room is given back."""
    now = [0.0]
    repeats, work = Repeats(most_bytes=2_000, clock=lambda: now[0]), Work()
    for key in "abcd":
        await repeats.answer(key, work)
    assert "".join(map(str, repeats._kept)) == "bcd"

    async def large() -> bytes:
        return bytes(5_000)

    assert await repeats.answer("e", large) == (bytes(5_000), False)
    now[0] = 99.0
    await repeats.answer("f", work)
    now[0] = 999.0
    repeats._expire()
    assert repeats._free == 2_000
