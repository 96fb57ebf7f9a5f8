"""Who follows what is stored in a Redis, where not all notes are there any more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.logs import relay as relays
from runtime.logs.relay import Relay
from runtime.logs.tail import Tail
from runtime.model import Execution
from runtime.redis.address import Means, parse_address
from runtime.storage import redis_executions, redis_stored
from runtime.storage.base import ExecutionFilter
from runtime.storage.redis import RedisStorage, open_redis
from runtime.storage.redis_stored import Stored
from tests.end_to_end.delaying import delaying
from tests.ports import free_ports
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

NOTES = 200
MORE = NOTES + 300
"""Notes of which some are gone: Redis keeps a hundred more, or two, than it is asked for."""


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer than really, to be quick."""
    for module in (redis_stored, redis_executions):
        monkeypatch.setattr(module, "NOTES", NOTES)


async def store(storage: RedisStorage, rows: Sequence[Execution]) -> None:
    """Each by itself, so that each has a note."""
    for start in range(0, len(rows), 100):
        await asyncio.gather(*(storage.append_executions([row]) for row in rows[start : start + 100]))


async def read(stored: Stored, position: str, count: int, *tenants: str) -> tuple[list[str], str]:
    """So many ids at least, and whatever comes with them; where to go on."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            rows, position = await stored.read(position, tenants or ("acme",), 0.1)
            found += [row.id for row in rows]
    return found, position


@pytest.fixture
async def storage(redis_server: RedisServer, prefix: str):
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix, means=Means(seconds=20))
    yield storage
    await storage.close()


@pytest.mark.parametrize("count", [50, MORE])
async def test_the_tail_misses_nothing_of_an_outage(tmp_path: Path, nouns, monkeypatch, count: int):
    """Redis does not answer one process for a while, and what others run meanwhile has so many notes: it is told when it answers
    again, each once.
    """
    monkeypatch.setattr(relays, "_RETRY_SECONDS", 0.01)
    tail, (port,) = Tail(queue_bytes=10**9), free_ports(1)
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer(tmp_path, port=str(port)))
        delay = stack.enter_context(delaying(port))
        other = await open_redis(parse_address(redis.url), means=Means(seconds=20))
        stack.push_async_callback(other.close)
        mine = await open_redis(parse_address(f"redis://127.0.0.1:{delay.port}/0"), means=Means(seconds=1))
        stack.push_async_callback(mine.close)
        await until(lambda: mine.peers.are_there)
        relay = Relay(mine.peers, tail)
        relay.start()
        stack.push_async_callback(relay.close)
        before, missing, after = ([nouns.execution() for _ in range(n)] for n in (3, count, 3))
        subscription = stack.enter_context(tail.subscribe("acme", ExecutionFilter()))
        await until(relay._reads.is_set)
        await store(other, before)
        told = [await told_next(subscription) for _ in before]
        delay.set(PATIENCE)
        await until(lambda: not relay._reads.is_set())
        await store(other, [*missing, nouns.execution(tenant="globex")])
        delay.set(0.0)
        await until(relay._reads.is_set)
        await store(other, after)
        while len(set(told)) < count + 6:
            told.append(await told_next(subscription))
        assert Counter(told) == Counter(row.id for row in (*before, *missing, *after))


async def told_next(subscription) -> str:
    event = await subscription.next(PATIENCE)
    assert isinstance(event, Execution), event
    return event.id


async def test_what_was_noted_late_is_not_missing(storage: RedisStorage, nouns):
    """It lies before what was read already, and its note came later, and is gone. What was read is not told again."""
    stored = storage.peers._stored
    position = await stored.end()
    rows = [nouns.execution() for _ in range(MORE + 2)]
    await storage._append("acme", rows[:1])
    await storage.append_executions(rows[1:2])
    found, position = await read(stored, position, 1)
    assert found == [rows[1].id]
    await store(storage, rows[2:])
    foreign = [nouns.execution(tenant="a b=c,d") for _ in range(3)]
    await storage.append_executions(foreign)
    found, position = await read(stored, position, MORE + 1 + 3, "acme", "a b=c,d", "nobody")
    assert Counter(found) == Counter(row.id for row in (rows[0], *rows[2:], *foreign))
    assert (await stored.read(position, ["acme"], 0.01))[0] == ()


async def test_what_is_noted_meanwhile_is_told_once(storage: RedisStorage, nouns):
    """Written before all was read from the streams, and noted after it; so with another gap soon after."""
    stored = storage.peers._stored
    position = await stored.end()
    found: list[str] = []
    rows = [nouns.execution() for _ in range(2 * MORE + 2)]
    first, late, second, last = rows[:MORE], rows[MORE], rows[MORE + 1 : -1], rows[-1]
    await store(storage, first)
    place = await storage._append("acme", [late])
    _, position = await stored.read(position, ["acme"], 0.0)
    assert "acme=" in position
    await storage.append_executions([late])
    assert await storage._append("acme", [late]) == place
    some, position = await read(stored, position, MORE + 1)
    found += some
    assert await stored.read(position, ["acme"], 0.01) == ((), await stored.end())
    await store(storage, second)
    some, position = await read(stored, position, MORE)
    found += some
    await storage.append_executions([last])
    some, position = await read(stored, position, 1)
    assert Counter([*found, *some]) == Counter(row.id for row in rows)


async def test_a_gap_that_can_not_be_read_is_read_later(storage: RedisStorage, nouns, monkeypatch):
    """Wherever Redis goes away: nobody is told of what was not, and nothing is missing."""
    stored = storage.peers._stored
    start = position = await stored.end()
    rows = [nouns.execution() for _ in range(MORE)]
    await store(storage, rows)
    found: list[str] = []
    command, calls = storage._server.command, 0
    fail = {1, 3, 6, 10, 15, 21}

    async def sometimes(*words):
        nonlocal calls
        calls += 1
        if calls in fail:
            raise Unavailable("Away.")
        return await command(*words)

    monkeypatch.setattr(storage._server, "command", sometimes)
    async with asyncio.timeout(PATIENCE):
        while len(found) < MORE:
            try:
                some, position = await stored.read(position, ["acme"], 0.0)
            except Unavailable:
                continue
            found += [row.id for row in some]
    assert position != start
    assert Counter(found) == Counter(row.id for row in rows)


async def test_few_notes_are_all_there(storage: RedisStorage, nouns):
    """Where nothing was there at first, nothing is gone: the streams are not read, with what is in them from elsewhere."""
    stored = storage.peers._stored
    position = await stored.end()
    await storage._append("acme", [nouns.execution()])
    rows = [nouns.execution() for _ in range(60)]
    await store(storage, rows)
    found, _ = await read(stored, position, 60)
    assert Counter(found) == Counter(row.id for row in rows)


async def test_no_more_is_remembered_than_is_of_use(storage: RedisStorage, nouns, monkeypatch):
    """The ids of those that were read last."""
    monkeypatch.setattr("runtime.storage.redis_stored.MOST_LATELY", 2)
    stored = storage.peers._stored
    position = await stored.end()
    rows = [nouns.execution() for _ in range(5)]
    await storage.append_executions(rows)
    await read(stored, position, 5)
    assert list(stored._lately) == [row.id for row in rows[-2:]]
