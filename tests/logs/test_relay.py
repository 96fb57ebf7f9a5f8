"""What reaches the listeners of one process, of all that its storage's processes run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.logs import relay as relays
from runtime.logs.relay import Relay
from runtime.logs.tail import Tail
from runtime.storage import sqlite_peers
from runtime.storage.base import ExecutionFilter
from runtime.storage.sqlite import SqliteStorage, open_sqlite
from runtime.ulid import Ulids
from tests.executions import execution
from tests.logs.test_tail import drain
from tests.waiting import until

ALL = ExecutionFilter()


@pytest.fixture
async def mine(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    storage = await open_sqlite(tmp_path / "hookd.db")
    yield storage
    await storage.close()


@pytest.fixture
async def other(mine: SqliteStorage, tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    """Another process's view of it."""
    storage = await open_sqlite(tmp_path / "hookd.db")
    await until(lambda: mine.peers.are_there)
    yield storage
    await storage.close()


@pytest.fixture
async def tail() -> Tail:
    return Tail()


@pytest.fixture
async def relay(mine: SqliteStorage, tail: Tail, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    # A busy machine is given its time.
    for name in ("_READY_SECONDS", "HOLD_SECONDS"):
        monkeypatch.setattr(relays, name, 60.0)
    monkeypatch.setattr(sqlite_peers, "SETTLE_SECONDS", 60.0)
    relay = Relay(mine.peers, tail)
    relay.start()
    yield relay
    await relay.close()
    await relay.close()


async def test_alone_it_holds_nothing_back(relay: Relay, tail: Tail):
    """What is published is there at once, and only for who listens."""
    relay.publish(execution(1))
    await relay.ready()
    with tail.subscribe("acme", ALL) as subscription:
        relay.publish(execution(2))
        assert await drain(subscription) == [2]


async def test_among_others_all_come_in_order(relay: Relay, tail: Tail, mine: SqliteStorage, other: SqliteStorage):
    """From the storage, its own, too, once all processes have written what is older."""
    now = time.time()
    ids = [Ulids().new(now + number / 1000) for number in range(6)]
    with tail.subscribe("acme", ALL) as subscription:
        await until(lambda: other.peers.follow)
        await relay.ready()
        other.peers.records_wait(time.monotonic())
        for one in (ids[3], ids[5]):
            relay.publish(execution(0, id=one))
            await mine.append_executions([execution(0, id=one)])
        await other.append_executions([execution(0, id=ids[0], tenant="globex")])
        assert await subscription.next(0.1) is None
        await other.append_executions([execution(0, id=ids[4]), execution(0, id=ids[2])])
        other.peers.records_wait(0.0)
        async with asyncio.timeout(60):
            found = [await subscription.next(60) for _ in range(4)]
        assert [one.id for one in found] == ids[2:]  # type: ignore[union-attr]
    await until(lambda: not other.peers.follow)


async def test_what_is_late_comes_late(relay: Relay, tail: Tail, other: SqliteStorage):
    """Better out of order than not at all: a clock was set back, or a process hung."""
    with tail.subscribe("acme", ALL) as subscription:
        await relay.ready()
        for number in (5, 4):
            await other.append_executions([execution(number)])
            async with asyncio.timeout(60):
                assert (await subscription.next(60)).id == execution(number).id  # type: ignore[union-attr]


async def test_what_is_from_the_future_is_not_held_for_ever(
    relay: Relay, tail: Tail, other: SqliteStorage, monkeypatch: pytest.MonkeyPatch
):
    """Another process's clock was set back since: its ids go on from where they were."""
    monkeypatch.setattr(relays, "HOLD_SECONDS", 0.1)
    late = execution(0, id=Ulids().new(time.time() + 3600))
    with tail.subscribe("acme", ALL) as subscription:
        await relay.ready()
        await other.append_executions([late])
        async with asyncio.timeout(60):
            assert (await subscription.next(60)).id == late.id  # type: ignore[union-attr]


async def test_none_is_told_twice_when_others_come(relay: Relay, tail: Tail, mine: SqliteStorage, tmp_path: Path):
    """What was told at once, while it was alone, is in the storage only after it began to read there."""
    with tail.subscribe("acme", ALL) as subscription:
        relay.publish(execution(1))
        other = await open_sqlite(tmp_path / "hookd.db")
        async with asyncio.timeout(60):
            await relay._reads.wait()
            await mine.append_executions([execution(1)])
            await other.append_executions([execution(2)])
            found = [await subscription.next(60) for _ in range(2)]
        assert [one.id for one in found] == [execution(number).id for number in (1, 2)]  # type: ignore[union-attr]
        await other.append_executions([execution(3)])
        await other.close()
        assert (await subscription.next(60)).id == execution(3).id  # type: ignore[union-attr]
        await until(lambda: not relay._reads.is_set())
        relay.publish(execution(4))
        assert await drain(subscription) == [4]


async def test_a_storage_that_is_away_is_asked_again(
    relay: Relay, tail: Tail, other: SqliteStorage, mine: SqliteStorage, monkeypatch: pytest.MonkeyPatch
):
    """What happens here is told meanwhile."""
    monkeypatch.setattr(relays, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(relays, "_READY_SECONDS", 0.05)
    asked = 0

    async def away() -> str:
        nonlocal asked
        asked += 1
        raise Unavailable("Away.")

    with monkeypatch.context() as gone:
        gone.setattr(mine.peers, "end", away)
        with tail.subscribe("acme", ALL) as subscription:
            await relay.ready()
            relay.publish(execution(1))
            async with asyncio.timeout(60):
                assert (await subscription.next(60)).id == execution(1).id  # type: ignore[union-attr]
                while asked < 2:
                    await asyncio.sleep(0.01)
                gone.undo()
                await relay._reads.wait()
                await other.append_executions([execution(2)])
                assert (await subscription.next(60)).id == execution(2).id  # type: ignore[union-attr]


async def test_those_that_were_told_are_remembered_up_to_a_number(
    relay: Relay, tail: Tail, monkeypatch: pytest.MonkeyPatch
):
    """Those that the storage never takes must not gather."""
    monkeypatch.setattr(relays, "MOST_TOLD", 3)
    with tail.subscribe("acme", ALL):
        for number in range(9):
            relay.publish(execution(number))
        assert list(relay._told) == [execution(number).id for number in (6, 7, 8)]


async def test_what_others_store_before_they_are_seen_is_told(
    relay: Relay, tail: Tail, mine: SqliteStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One who has just come is seen within half a second, and runs hooks at once."""
    with tail.subscribe("acme", ALL) as subscription:
        await until(lambda: relay._ends)
        with monkeypatch.context() as unseen:
            unseen.setattr(mine.peers._board, "others", list)
            other = await open_sqlite(tmp_path / "hookd.db")
            await other.append_executions([execution(1)])
            assert not mine.peers.are_there
        assert (await subscription.next(60)).id == execution(1).id  # type: ignore[union-attr]
    await other.close()


@pytest.mark.parametrize("error, told", [(Unavailable("Away."), (2, 4)), (ValueError("a record like none"), (4,))])
async def test_what_others_run_while_the_storage_is_away_is_told_later(
    relay: Relay,
    tail: Tail,
    mine: SqliteStorage,
    other: SqliteStorage,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: tuple[int, ...],
):
    """Once, as what this process ran. What can not be read is passed by."""
    monkeypatch.setattr(relays, "_RETRY_SECONDS", 0.01)
    is_away = asyncio.Event()

    async def away(*_: object) -> object:
        is_away.set()
        raise error

    with tail.subscribe("acme", ALL) as subscription:
        await relay.ready()
        await other.append_executions([execution(1)])
        assert (await subscription.next(60)).id == execution(1).id  # type: ignore[union-attr]
        with monkeypatch.context() as gone:
            gone.setattr(mine.peers, "stored", away)
            async with asyncio.timeout(60):
                await is_away.wait()
                while relay._reads.is_set():
                    await asyncio.sleep(0)
            relay.publish(execution(3))
            assert (await subscription.next(60)).id == execution(3).id  # type: ignore[union-attr]
            await other.append_executions([execution(2)])
            await mine.append_executions([execution(3)])
        async with asyncio.timeout(60):
            await relay._reads.wait()
        await other.append_executions([execution(4)])
        found = [(await subscription.next(60)).id for _ in told]  # type: ignore[union-attr]
        assert found == [execution(number).id for number in told]
