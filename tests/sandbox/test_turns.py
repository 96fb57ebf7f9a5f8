"""Turns: so many at once, owners in turn, and nothing lost by who leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from runtime.sandbox.turns import Turns


def no_order() -> list[str]:
    return []


async def queue(turns: Turns, owners: Sequence[str], order: list[str]) -> list[asyncio.Task[None]]:
    """Tasks that wait for a turn in this order, and note when they have it."""

    async def wait(owner: str) -> None:
        await turns.take(owner)
        order.append(owner)

    tasks = []
    for owner in owners:
        tasks.append(asyncio.create_task(wait(owner)))
        await asyncio.sleep(0)
    return tasks


async def test_so_many_at_once():
    """Who finds a place has it at once; the next waits."""
    turns, order = Turns(2), no_order()
    await queue(turns, "aab", order)

    assert order == ["a", "a"]
    assert (turns.waiting("a"), turns.waiting("b")) == (0, 1)
    turns.give()
    await asyncio.sleep(0)
    assert order == ["a", "a", "b"]


async def test_owners_are_served_in_turn():
    """Five of one owner delay another's by one."""
    turns, order = Turns(1), no_order()
    await queue(turns, "xaaaaabbc", order)
    for _ in range(8):
        turns.give()
        await asyncio.sleep(0)

    assert "".join(order) == "xabcabaaa"


async def test_a_place_that_nobody_wants_is_free_again():
    """As many can be had as at the start."""
    turns, order = Turns(2), no_order()
    await queue(turns, "ab", order)
    turns.give()
    turns.give()
    await queue(turns, "cdx", order)

    assert order == ["a", "b", "c", "d"]


async def test_who_leaves_while_waiting_has_taken_nothing():
    """The next in the queue has the turn."""
    turns, order = Turns(1), no_order()
    _, second, _ = await queue(turns, "aab", order)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    turns.give()
    await asyncio.sleep(0)

    assert order == ["a", "b"]
    assert turns.waiting("a") == 0


async def test_who_leaves_in_the_moment_of_its_turn_gives_it_on():
    """Cancelled after it was given a turn and before it ran on."""
    turns, order = Turns(1), no_order()
    _, second, _ = await queue(turns, "abc", order)
    turns.give()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await asyncio.sleep(0)

    assert order == ["a", "c"]
