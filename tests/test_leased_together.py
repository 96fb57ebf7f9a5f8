"""Requests that take of several token buckets of all nodes: of each or of none. By a clock that the test moves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runtime.leased_rates import LeasedRates
from runtime.rates import Bucket
from runtime.storage.rates import Granted
from tests.test_leased_rates import SHARE, Elsewhere, _patient, at_once, process, told
from tests.waiting import until

__all__ = ["_patient"]


class Apart(Elsewhere):
    """A bucket for each name, with so many tokens at first; none comes."""

    def __init__(self, **left: int) -> None:
        super().__init__()
        self.left = left
        self.asked: list[str] = []

    async def take(self, name: str, per_second: float, burst: float, want: int) -> Granted:
        self.asked.append(name)
        await super().take(name, per_second, burst, 0)
        tokens = min(want, self.left[name])
        self.left[name] -= tokens
        return Granted(tokens, 0.0 if tokens == want else 60.0)


def left_here(rates: LeasedRates, apart: Apart, name: str) -> int:
    """Tokens of a bucket that nobody has used: those of the storage, and those that are leased and have not lapsed."""
    lease = rates._lease(name)
    return apart.left[name] + lease.tokens * lease.has(apart.now)


async def test_a_request_takes_of_all_or_of_none():
    """Where one is known to be empty nothing is asked, and nothing is taken."""
    apart = Apart(a=60, b=3)
    rates = process(apart)
    assert [await told(rates, 100, 100, "a", "b") for _ in range(20)] == [0] * 3 + [60] * 17
    assert [await told(rates, 100, 100, "b", "a") for _ in range(20)] == [60] * 20
    assert left_here(rates, apart, "a") == 57
    assert apart.asked == ["a", "b"]
    assert [at_once(rates, "b", 100, 100), at_once(rates, "a", 100, 100)] == [60, 0]


async def test_what_was_got_goes_back_where_another_is_empty():
    """All that lack a lease are asked together; whoever comes for the one alone has what came back."""
    apart = Apart(a=10, b=0, c=10)
    rates = process(apart)
    assert await told(rates, 100, 100, "c") == 0
    apart.door = asyncio.Event()
    asking = [asyncio.create_task(told(rates, 100, 100, "a", "b", "c")) for _ in range(3)]
    await until(lambda: apart.asked == ["c", "a", "b"])
    apart.door.set()
    assert await asyncio.gather(*asking) == [60] * 3
    assert [left_here(rates, apart, name) for name in "abc"] == [10, 0, 9]
    assert rates._lease("a").tokens == 5
    assert at_once(rates, "a", 100, 100) == 0
    assert apart.asked == ["c", "a", "b"]


async def test_what_comes_back_adds_to_what_is_granted_meanwhile():
    """Nothing is lost, nothing is there twice."""
    apart = Apart(a=10, b=0)
    rates = process(apart)
    lease = rates._lease("a")
    lease.tokens, lease.until = 2, apart.now + 1
    rates._give(lease, Granted(3, 0.0), 0.0)
    assert lease.tokens == 5
    apart.now += 1
    rates._give(lease, Granted(3, 0.0), 0.0)
    assert lease.tokens == 3


async def test_who_holds_a_lease_waits_without_it():
    """What a request waits for it has not got yet, and what it has nobody waits for."""
    apart = Apart(a=1, b=10)
    rates = process(apart)
    lease = rates._lease("a")
    lease.tokens, lease.until, apart.left["a"] = 1, apart.now + 1, 0
    apart.door = asyncio.Event()
    both = asyncio.create_task(told(rates, 20, 20, "a", "b"))
    await until(lambda: apart.asked == ["b"])
    assert at_once(rates, "a", 20, 20) == 0
    apart.door.set()
    assert await both == 60
    assert left_here(rates, apart, "b") == 10


async def test_who_leaves_gives_back_what_it_got():
    """While it still waits for another."""
    apart = Apart(a=10, b=10)
    rates, apart.door = process(apart), asyncio.Event()
    both = rates.wait(Bucket("a", 20, 20), Bucket("b", 20, 20))
    assert not isinstance(both, tuple)
    asking = asyncio.ensure_future(both)
    await until(lambda: apart.asked == ["a", "b"])
    lease = rates._lease("a")
    rates._give(lease, Granted(1, 0.0), 0.0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert lease.tokens == 1
    assert not any(not one.cancelled() for one in rates._lease("b").waiting)
    apart.door.set()
    await rates.close()
    assert [left_here(rates, apart, name) for name in "ab"] == [11, 10]


async def test_without_the_storage_all_or_none_goes_by_the_shares():
    """Of those that have no lease; the others' are used only where those let pass."""
    apart, shares = Apart(a=10, b=10, c=10), list[Any]()
    rates = process(apart, 2, shares)
    assert await told(rates, 20, 20, "c") == 0
    lease = rates._lease("c")
    lease.tokens, lease.until = 5, apart.now + 100
    apart.is_away = True
    assert await told(rates, 20, 20, "a") == SHARE
    assert await told(rates, 20, 20, "a", "b", "c") == SHARE
    assert shares[1:] == [(("a", 10, 10), ("b", 10, 10))]
    assert lease.tokens == 5
    passing = LeasedRates(
        apart, lambda *given: (0.0,) * len(given), workers=1, processes=lambda: 2, clock=lambda: apart.now
    )
    assert await told(passing, 20, 20, "a") == 0
    lease = passing._lease("c")
    lease.tokens, lease.until = 1, apart.now + 100
    assert [await told(passing, 20, 20, "a", "b", "c") for _ in range(2)] == [0, 0]
    assert lease.tokens == 0
