"""Turns: so many at once, owners in turn, and nothing lost by who leaves."""

from __future__ import annotations

import asyncio
import random
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
    turns, order = Turns(2, lambda: 0.0), no_order()
    await queue(turns, "aab", order)

    assert order == ["a", "a"]
    assert (turns.waiting("a"), turns.waiting("b")) == (0, 1)
    turns.give("", 0.0)
    await asyncio.sleep(0)
    assert order == ["a", "a", "b"]


async def test_owners_are_served_in_turn():
    """Five of one owner delay another's by one."""
    turns, order = Turns(1, lambda: 0.0), no_order()
    await queue(turns, "xaaaaabbc", order)
    for _ in range(8):
        turns.give("", 0.0)
        await asyncio.sleep(0)

    assert "".join(order) == "xabcabaaa"


async def test_a_place_that_nobody_wants_is_free_again():
    """As many can be had as at the start."""
    turns, order = Turns(2, lambda: 0.0), no_order()
    await queue(turns, "ab", order)
    turns.give("", 0.0)
    turns.give("", 0.0)
    await queue(turns, "cdx", order)

    assert order == ["a", "b", "c", "d"]


async def test_who_leaves_while_waiting_has_taken_nothing():
    """The next in the queue has the turn."""
    turns, order = Turns(1, lambda: 0.0), no_order()
    _, second, _ = await queue(turns, "aab", order)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    turns.give("", 0.0)
    await asyncio.sleep(0)

    assert order == ["a", "b"]
    assert turns.waiting("a") == 0


async def test_who_leaves_in_the_moment_of_its_turn_gives_it_on():
    """Cancelled after it was given a turn and before it ran on."""
    turns, order = Turns(1, lambda: 0.0), no_order()
    _, second, _ = await queue(turns, "abc", order)
    turns.give("", 0.0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await asyncio.sleep(0)

    assert order == ["a", "c"]


@pytest.mark.parametrize(("owners", "after"), [("aa", "a"), ("ab", "b"), ("aab", "ab"), ("aba", "ab"), ("abab", "abb")])
async def test_who_leaves_in_the_moment_in_which_a_turn_is_given_is_passed_over(owners: str, after: str):
    """Cancelled, and not gone yet: the owner's next has the turn, else the next owner's; nobody who waits is forgotten."""
    turns, order = Turns(1, lambda: 0.0), no_order()
    tasks = await queue(turns, "x" + owners, order)
    tasks[1].cancel()
    turns.give("x", 0.0)
    for _ in owners[1:]:
        await asyncio.sleep(0)
        turns.give("", 0.0)
    await asyncio.gather(*tasks, return_exceptions=True)

    assert "".join(order) == "x" + after
    assert turns.queued == 0
    assert turns._free == 1


async def test_when_the_last_who_waits_leaves_in_that_moment_the_place_is_free():
    """The next who comes has it at once."""
    turns, order = Turns(1, lambda: 0.0), no_order()
    _, last = await queue(turns, "xa", order)
    last.cancel()
    turns.give("x", 0.0)
    with pytest.raises(asyncio.CancelledError):
        await last
    await queue(turns, "b", order)

    assert order == ["x", "b"]


@pytest.mark.parametrize("seed", range(20))
async def test_however_they_come_and_leave_no_place_is_lost(seed: int):
    """Takes, gives and cancellations in any order, several in one round of the event loop."""
    choose = random.Random(seed)
    turns, places = Turns(3, lambda: 0.0), 3
    taking: list[asyncio.Task[float]] = []
    had = 0
    for _ in range(500):
        owner, hook = choose.choice("abc"), choose.choice("xy")
        match choose.randrange(4):
            case 0:
                taking.append(asyncio.create_task(turns.take(owner, hook)))
            case 1 if taking:
                choose.choice(taking).cancel()
            case 2 if had:
                had -= 1
                turns.give(owner, 0.0, hook)
            case _:
                await asyncio.sleep(0)
        had += sum(task.done() and not task.cancelled() for task in taking)
        taking = [task for task in taking if not task.done()]
        assert had <= places
    for task in taking:
        task.cancel()
    had += sum(isinstance(one, float) for one in await asyncio.gather(*taking, return_exceptions=True))
    for _ in range(had):
        turns.give("a", 0.0)

    assert (turns.queued, turns._free) == (0, places)


async def test_how_long_a_turn_is_waited_for_is_told_by_what_the_hooks_turns_took():
    """As many as wait, at what they take, with as many as share the places. Of what they took the newest counts an eighth."""
    now = 0.0
    turns, order = Turns(2, lambda: now), no_order()
    for owner, seconds in (("a", 4.0), ("b", 1.0), ("a", 12.0)):
        since = await turns.take(owner)
        now += seconds
        turns.give(owner, since)
    assert turns.ahead("a") == 0
    await queue(turns, "xxaaab", order)

    assert (turns.ahead("a"), turns.ahead("b"), turns.ahead("c")) == (3 * 5.0 * 2 / 2, 1 * 1.0 * 2 / 2, 0)
    assert turns.ahead("a", "another hook") == 0
    other = asyncio.create_task(turns.take("a", "another hook"))
    await asyncio.sleep(0)
    assert turns.ahead("a") == 3 * 5.0 * 2 * 2 / 2
    other.cancel()


async def test_a_turn_that_was_not_used_says_nothing_of_what_turns_take():
    """Given, and given back in the moment of leaving: those who wait are told of turns that were used."""
    now = 0.0
    turns = Turns(1, lambda: now)
    since = await turns.take("a", "hook")
    leaving = asyncio.create_task(turns.take("a", "hook"))
    await asyncio.sleep(0)
    now += 8.0
    turns.give("a", since, "hook")
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await turns.take("b")
    waiting = asyncio.create_task(turns.take("a", "hook"))
    await asyncio.sleep(0)

    assert turns.ahead("a", "hook") == 8.0
    waiting.cancel()


async def shares(costs: dict[str, float], turns: int, alone: int = 0) -> dict[str, int]:
    """How many turns they have who always wait, and whose turns take so long; first, the first had so many `alone`.

    Named by owner, or by owner and hook (`owner/hook`).
    """
    now = 0.0
    queue, count = Turns(1, lambda: now), dict.fromkeys(costs, 0)
    names = {name: name.partition("/")[::2] for name in costs}
    first = next(iter(costs))
    for _ in range(alone):
        since = await queue.take(*names[first])
        now += costs[first]
        queue.give(names[first][0], since, names[first][1])
    since = await queue.take(*names[first])
    holder = first
    tasks: dict[str, asyncio.Task[float]] = {}
    for _ in range(turns):
        for name in costs:
            if name not in tasks:
                tasks[name] = asyncio.create_task(queue.take(*names[name]))
        await asyncio.sleep(0)
        queue.give(names[holder][0], since, names[holder][1])
        await asyncio.sleep(0)
        holder = next(name for name, task in tasks.items() if task.done())
        since = await tasks.pop(holder)
        count[holder] += 1
        now += costs[holder]
    for task in tasks.values():
        task.cancel()
    await asyncio.wait(tasks.values())
    return count


async def test_hooks_of_an_owner_have_equal_shares_of_its_time():
    """Which is as much as another owner's with one hook."""
    costs = {"a/slow": 10.0, "a/quick": 1.0, "b/one": 5.0}
    count = await shares(costs, 1000)

    time = {name: turns * costs[name] for name, turns in count.items()}
    assert time["a/slow"] == pytest.approx(time["a/quick"], rel=0.05)
    assert time["b/one"] == pytest.approx(time["a/slow"] + time["a/quick"], rel=0.05)


async def test_a_hook_waits_for_one_turn_of_its_owners_other_hook():
    """However many of that wait."""
    turns, order = Turns(1, lambda: 0.0), no_order()

    async def wait(hook: str) -> None:
        await turns.take("a", hook)
        order.append(hook)

    tasks = [asyncio.create_task(wait(hook)) for hook in "xyyyyz"]
    await asyncio.sleep(0)
    for _ in tasks:
        turns.give("a", 0.0, order[-1])
        await asyncio.sleep(0)

    assert "".join(order) == "xyzyyy"
    assert (turns.queued, turns._free) == (0, 1)


async def test_owners_have_equal_shares_of_the_time():
    """Who takes long has few turns."""
    assert await shares({"a": 1.0, "b": 1.0}, 100) == {"a": 50, "b": 50}
    count = await shares({"a": 100.0, "b": 1.0, "c": 10.0}, 1110)
    assert {owner: round(turns * cost) for (owner, turns), cost in zip(count.items(), (100, 1, 10), strict=True)} == {
        "a": pytest.approx(1000, rel=0.1),
        "b": pytest.approx(1000, rel=0.1),
        "c": pytest.approx(1000, rel=0.1),
    }


async def test_nobody_pays_for_what_nobody_wanted():
    """An owner that had all of the time while it was alone has its share as soon as others come."""
    assert await shares({"a": 1.0, "b": 1.0}, 100, alone=1000) == {"a": 50, "b": 50}
    queue = Turns(1, lambda: 0.0)
    for number in range(3000):
        queue.give("a", await queue.take("a") - 1000.0)
        queue.give(f"{number}", await queue.take(f"{number}"))
    assert len(queue._shares._had) <= 1001
    assert len(queue._took) <= 1001
