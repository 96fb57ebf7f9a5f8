"""Token buckets of all nodes: leases of them by a clock that the test moves, and nodes at a real Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runtime import leased_rates, patience
from runtime.errors import Unavailable
from runtime.leased_rates import LeasedRates
from runtime.memory import nameless_file
from runtime.rates import Bucket, Waits
from runtime.redis.address import Means, parse_address
from runtime.shared_rates import SharedRates
from runtime.storage.rates import Granted
from runtime.storage.redis import RedisStorage, open_redis
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE

SLOWLY = 1e-6
"""Tokens per second: none comes while a test runs."""

SHARE = 7.0
"""What the machine's own bucket says in these tests."""


class Elsewhere:
    """A bucket for all names, as the storage has it, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wants: list[int] = []
        self.door: asyncio.Event | None = None
        self.is_away = False
        self._left: float | None = None
        self._since = 0.0

    async def take(self, name: str, per_second: float, burst: float, want: int) -> Granted:
        self.wants.append(want)
        if self.door is not None:
            await self.door.wait()
        if self.is_away:
            raise Unavailable("The storage is not available.", debug="broken")
        left = burst if self._left is None else min(burst, self._left + (self.now - self._since) * per_second)
        tokens = min(want, int(left))
        self._left, self._since = left - tokens, self.now
        return Granted(tokens, 0.0 if tokens == want else (1 - self._left) / per_second)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has much else to do is no storage that is away."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", PATIENCE)


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


def process(elsewhere: Elsewhere, processes: int = 2, shares: list[Any] | None = None) -> LeasedRates:
    """One of so many; `shares` gets what it asks its machine's own bucket."""
    asked: list[Any] = [] if shares is None else shares

    def here(*given: Bucket) -> Waits:
        asked.append(given)
        return (SHARE,) * len(given)

    return LeasedRates(elsewhere, here, workers=1, processes=lambda: processes, clock=lambda: elsewhere.now)


async def told(rates: LeasedRates, per_second: float, burst: float, *names: str) -> float:
    """What comes of a request."""
    waits = rates.wait(*(Bucket(name, per_second, burst) for name in names or "a"))
    return max(waits if isinstance(waits, tuple) else await waits)


def at_once(rates: LeasedRates, name: str, per_second: float, burst: float) -> float:
    """What is known without waiting."""
    waits = rates.wait(Bucket(name, per_second, burst))
    assert isinstance(waits, tuple)
    return max(waits)


async def test_a_lease_is_asked_for_once(elsewhere: Elsewhere):
    """A tenth of a second's worth, divided by the processes: then requests wait for nothing."""
    rates = process(elsewhere)
    assert await told(rates, 100, 200) == 0
    assert [at_once(rates, "a", 100, 200) for _ in range(4)] == [0.0] * 4
    assert await told(rates, 100, 200) == 0
    await rates.close()
    assert elsewhere.wants == [5, 5]


@pytest.mark.parametrize(
    "per_second, burst, processes, want", [(1, 1, 8, 1), (1000, 1000, 1, 100), (1000, 8, 2, 4), (1000, 1000, 0, 100)]
)
async def test_a_lease_is_one_at_least(elsewhere: Elsewhere, per_second: int, burst: int, processes: int, want: int):
    """And no more than the burst has for each process."""
    assert await told(process(elsewhere, processes), per_second, burst) == 0
    assert elsewhere.wants == [want]


async def test_a_lease_lapses(elsewhere: Elsewhere):
    """What a process does not use others may have, for the bucket fills again."""
    rates = process(elsewhere)
    await told(rates, 100, 100)
    elsewhere.now += 0.999
    assert at_once(rates, "a", 100, 100) == 0.0
    elsewhere.now += 0.001
    assert await told(rates, 100, 100) == 0
    assert elsewhere.wants == [5, 5]


async def test_who_comes_together_asks_together(elsewhere: Elsewhere):
    """For as many as they are; those who come meanwhile ask for themselves, once, and what is left over is a lease."""
    rates, elsewhere.door = process(elsewhere), asyncio.Event()
    first = [asyncio.create_task(told(rates, 100, 100)) for _ in range(7)]
    while not elsewhere.wants:
        await asyncio.sleep(0)
    later = [asyncio.create_task(told(rates, 100, 100)) for _ in range(3)]
    await asyncio.sleep(0)
    elsewhere.door.set()
    assert await asyncio.gather(*first, *later) == [0] * 10
    assert elsewhere.wants == [7, 5]
    assert [at_once(rates, "a", 100, 100) for _ in range(2)] == [0.0] * 2
    assert elsewhere.wants == [7, 5]


async def test_the_first_have_what_is_there(elsewhere: Elsewhere):
    """The others are told when to come again. Who has left takes nothing."""
    rates, elsewhere.door = process(elsewhere), asyncio.Event()
    waiting = [asyncio.create_task(told(rates, 10, 3)) for _ in range(6)]
    while not elsewhere.wants:
        await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.wait(waiting[1:2])
    elsewhere.door.set()
    assert [await one for one in waiting if one is not waiting[1]] == [0, 0, 0, 0.1, 0.1]
    assert elsewhere.wants == [6]


async def test_a_storm_of_refusals_asks_nobody(elsewhere: Elsewhere):
    """Until there is a token again, and then once."""
    rates = process(elsewhere)
    assert [await told(rates, 10, 1) for _ in range(2)] == [0, 0.1]
    for passed in range(1000):
        assert at_once(rates, "a", 10, 1) == pytest.approx(0.1 - passed / 10_000)
        elsewhere.now += 0.0001
    assert elsewhere.wants == [1, 1]
    elsewhere.now += 0.0001
    assert [await told(rates, 10, 1) for _ in range(2)] == [0, pytest.approx(0.1)]


async def test_a_quick_limit_is_not_asked_for_each_token(elsewhere: Elsewhere):
    """Some ten milliseconds of them come together, where the bucket can hold so many; otherwise half of what it holds."""
    rates = process(elsewhere)
    assert await asyncio.gather(*(told(rates, 1000, 1000) for _ in range(1001))) == [0] * 1000 + [0.02]
    rates, elsewhere._left = process(elsewhere), None
    assert await asyncio.gather(*(told(rates, 1000, 10) for _ in range(11))) == [0] * 10 + [0.005]


async def test_one_process_may_use_all_of_a_limit(elsewhere: Elsewhere):
    """Of eight, the others of which get no requests: ten seconds, ten times as many requests as may pass."""
    rates, passed = process(elsewhere, processes=8), 0
    for number in range(10_000):
        elsewhere.now = 100 + number / 1000
        passed += await told(rates, 100, 50) == 0
    assert 0.98 * (50 + 100 * 10) < passed <= 50 + 100 * 10


@pytest.mark.parametrize("per_second, burst", [(3, 3), (100, 50), (100, 1), (1000, 200)])
async def test_together_they_pass_no_more(elsewhere: Elsewhere, per_second: int, burst: int):
    """At any moment, whoever gets the requests."""
    chance = Random(per_second)
    processes, passed = [process(elsewhere, processes=3) for _ in range(3)], 0
    for number in range(8_000):
        elsewhere.now = 100 + number / 2000
        passed += await told(chance.choice(processes), per_second, burst) == 0
        assert passed <= burst + per_second * number / 2000 + 1e-6
    assert passed > 0.75 * (burst + per_second * 4)


async def test_names_are_apart_and_not_too_many(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch):
    """The lease that was not asked for longest makes way."""
    monkeypatch.setattr(leased_rates, "MOST_NAMES", 2)
    rates = process(elsewhere)
    for name in ("a", "b", "a", "c"):
        assert await told(rates, 100, 100, name) == 0
    assert elsewhere.wants == [5, 5, 5]
    assert at_once(rates, "a", 100, 100) == 0.0
    assert await told(rates, 100, 100, "b") == 0
    assert elsewhere.wants == [5, 5, 5, 5]


async def test_without_the_storage_each_machine_has_its_share(elsewhere: Elsewhere, caplog):
    """It is asked again after a second. What was leased is used."""
    caplog.set_level(logging.INFO, "hookd.storage")
    shares: list[Any] = []
    rates = process(elsewhere, 4, shares)
    assert await told(rates, 80, 40, "b") == 0
    elsewhere.is_away = True
    assert await asyncio.gather(*(told(rates, 80, 40) for _ in range(3))) == [SHARE] * 3
    assert [at_once(rates, "a", 80, 40), at_once(rates, "b", 80, 40)] == [SHARE, 0.0]
    assert shares == [(("a", 20, 10),)] * 4
    assert elsewhere.wants == [2, 3]
    elsewhere.now += 1
    assert await told(rates, 80, 40) == SHARE
    elsewhere.is_away = False
    assert at_once(rates, "a", 80, 40) == SHARE
    elsewhere.now += 1
    assert await told(rates, 80, 40) == 0
    assert elsewhere.wants == [2, 3, 2, 2]
    assert [line.split(" the ")[0] for line in caplog.messages] == [
        "each machine lets its share of",
        "machines share",
    ]


async def test_a_storage_that_is_slow_holds_nobody_up(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch):
    """Longer than a tenth of a second; while one finds out whether it is back, others do not wait at all."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.01)
    rates, elsewhere.door = process(elsewhere), asyncio.Event()
    assert await told(rates, 10, 10) == SHARE
    elsewhere.now += 1
    finding, also = [rates.wait(Bucket(name, 10, 10)) for name in "ab"]
    assert not isinstance(finding, tuple)
    assert not isinstance(also, tuple)
    assert await also == (SHARE,)
    assert await finding == (SHARE,)
    assert elsewhere.wants == [1, 1]


class Node:
    """A machine with one process, at a Redis."""

    def __init__(self, storage: RedisStorage, processes: int = 2) -> None:
        self.storage = storage
        here = SharedRates(nameless_file("hookd-test"), clock=lambda: 100.0).wait
        self.rates = LeasedRates(storage.peers.buckets, here, workers=1, processes=lambda: processes)

    async def passed(self, times: int, burst: int, *names: str) -> int:
        """How many of so many that come at once may pass."""
        return (await asyncio.gather(*(told(self.rates, SLOWLY, burst, *names) for _ in range(times)))).count(0)

    async def close(self) -> None:
        await self.rates.close()
        await self.rates.close()
        await self.storage.close()

    async def microseconds(self) -> int:
        """By the clock of Redis."""
        seconds, rest = await self.storage._server.command("TIME")
        return int(seconds) * 1_000_000 + int(rest)


@pytest.fixture
async def nodes(redis_server: RedisServer, prefix: str) -> AsyncIterator[tuple[Node, Node]]:
    async with AsyncExitStack() as stack:
        both = [Node(await open_redis(parse_address(redis_server.url), prefix=prefix)) for _ in range(2)]
        for node in both:
            stack.push_async_callback(node.close)
        yield both[0], both[1]


async def test_one_node_may_use_all_of_a_limit(nodes: tuple[Node, Node]):
    """The other one has what it leaves."""
    one, other = nodes
    assert [await one.passed(60, 40), await other.passed(60, 40)] == [40, 0]
    assert [await one.passed(15, 40, "b"), await other.passed(60, 40, "b")] == [15, 25]
    assert sum(await asyncio.gather(*(node.passed(60, 40, "c") for node in nodes))) == 40


async def test_nodes_take_of_all_buckets_or_of_none(nodes: tuple[Node, Node]):
    """What one node let pass of one hook, the other one refuses for a row in which it is; the row's other hook keeps all it has."""
    one, other = nodes
    assert await one.passed(60, 40, "first") == 40
    assert await other.passed(5, 40, "second", "first") == 0
    assert await other.passed(60, 40, "second") == 40
    assert await one.passed(1, 40, "second") == 0
    assert await one.passed(30, 40, "third", "fourth") == 30
    assert [await other.passed(60, 40, name) for name in ("third", "fourth")] == [10, 10]


async def test_nodes_that_race_pass_no_more(nodes: tuple[Node, Node]):
    """Than the burst, and the rate by the clock of Redis."""
    passed = 0

    async def storm(node: Node) -> None:
        nonlocal passed
        while passed < 200:
            passed += await told(node.rates, 500, 20) == 0
            await asyncio.sleep(0.0005)

    began = await nodes[0].microseconds()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(storm(node) for node in nodes * 4))
    took = await nodes[0].microseconds() - began
    assert passed <= 20 + 500 * took / 1e6 + 1e-3


async def test_when_redis_dies_each_node_has_its_share(tmp_path: Path, caplog):
    """And all of it again when it is back, by itself."""
    caplog.set_level(logging.INFO, "hookd.storage")
    with RedisServer(tmp_path / "redis") as redis:
        node = Node(await open_redis(parse_address(redis.url), means=Means(seconds=5)), processes=4)
        assert await node.passed(60, 40) == 40
        redis.kill()
        assert await node.passed(60, 40, "b") == 10
        assert caplog.text.count("each machine lets its share of the rate limits pass") == 1
        redis.start()
        async with asyncio.timeout(PATIENCE):
            while "machines share the rate limits again" not in caplog.text:
                await node.passed(1, 40, "c")
                await asyncio.sleep(0.05)
        assert await node.passed(60, 40, "d") == 40
        await node.close()
