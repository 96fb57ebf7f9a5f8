"""Places of runs: so many, shared, and taken until a run is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from runtime.errors import Unavailable
from runtime.sandbox.held import Held


class Work:
    """Runs that end when the test says so."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.began = self.ended = 0

    async def __call__(self) -> str:
        self.began += 1
        await self.may_end.wait()
        self.ended += 1
        return "done"


async def begun(held: Held[str], owner: str, work: Work, hook: str = "") -> asyncio.Task[str]:
    before = work.began
    task = asyncio.create_task(held.run(owner, work, hook=hook))
    while work.began == before and not task.done():
        await asyncio.sleep(0)
    return task


async def test_an_owner_has_its_share_and_all_have_the_places():
    """Whatever `most` says of what is free; and nobody gets one that is not there."""
    held, work = Held[str](4, lambda free: free), Work()
    tasks = [await begun(held, "a", work) for _ in range(2)]
    with pytest.raises(Unavailable):
        await held.run("a", work)
    tasks += [await begun(held, "", work) for _ in range(2)]
    for owner in ("b", ""):
        with pytest.raises(Unavailable):
            await held.run(owner, work)
    assert held.busy == 4
    work.may_end.set()
    assert await asyncio.gather(*tasks) == ["done"] * 4
    assert held.busy == 0


@pytest.mark.parametrize(
    ("places", "most", "of_one"),
    [
        (32, lambda _: 8, 6),
        (32, lambda _: 4, 3),
        (4, lambda _: 1, 1),
        (70, lambda free: free, 30),
        (4, lambda free: free, 2),
    ],
    ids=["eight", "four", "one", "half", "half of four"],
)
async def test_a_hook_leaves_some_of_its_owners_places(places: int, most: Callable[[int], int], of_one: int):
    """For the owner's other hooks; it has room again when its runs are over."""
    held, work = Held[str](places, most), Work()
    tasks = [await begun(held, "a", work, "slow") for _ in range(of_one)]
    with pytest.raises(Unavailable):
        await held.run("a", work, hook="slow")
    others: list[asyncio.Task[str]] = []
    while len(others) < places and not (task := await begun(held, "a", work, f"quick {len(others)}")).done():
        others.append(task)
    with pytest.raises(Unavailable):
        await task
    elsewhere = await begun(held, "b", work, "slow")
    work.may_end.set()

    assert await asyncio.gather(*tasks, *others, elsewhere) == ["done"] * (len(tasks) + len(others) + 1)
    assert len(tasks) + len(others) == {8: 8, 4: 4, 1: 1}.get(most(0), places // 2)
    assert await held.run("a", work, hook="slow") == "done"


async def test_who_leaves_keeps_the_place_until_the_run_is_over():
    """Or somebody could have any number of runs by asking and leaving."""
    held, work = Held[str](1, lambda free: free), Work()
    task = await begun(held, "a", work)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (held.busy, work.ended) == (1, 0)
    work.may_end.set()
    await held.end()
    assert (held.busy, work.ended) == (0, 1)


async def test_what_runs_beside_takes_no_place_and_is_waited_for():
    """Deployments, which have turns of their own."""
    held, work = Held[str](1, lambda free: free), Work()
    beside = asyncio.create_task(held.run_beside(work))
    await begun(held, "a", work)
    assert (held.busy, work.began) == (1, 2)
    work.may_end.set()
    await held.end()
    assert (await beside, work.ended) == ("done", 2)
