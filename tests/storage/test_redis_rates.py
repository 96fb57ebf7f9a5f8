"""Token buckets of all nodes, in a real Redis."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as BrokenConnection

from runtime.redis.address import parse_address
from runtime.storage.rates import Granted, SharedBuckets
from runtime.storage.redis import RedisStorage, open_redis
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

SLOWLY = 1e-6
"""Tokens per second: none comes while a test runs."""


@pytest.fixture
async def storage(redis_server: RedisServer, prefix: str) -> AsyncIterator[RedisStorage]:
    opened = await open_redis(parse_address(redis_server.url), prefix=prefix)
    yield opened
    await opened.close()


async def clock_of(storage: RedisStorage) -> float:
    """Microseconds of Redis's clock."""
    seconds, rest = await storage._server.command("TIME")
    return int(seconds) * 1e6 + int(rest)


async def test_all_take_from_one_bucket(redis_server: RedisServer, storage: RedisStorage, prefix: str):
    """A full one at first; who wants more than is there gets that, and hears when there will be another one."""
    other = await open_redis(parse_address(redis_server.url), prefix=prefix)
    here: SharedBuckets = storage.peers.buckets
    there: SharedBuckets = other.peers.buckets
    assert await here.take("a", SLOWLY, 5, 3) == Granted(3, 0.0)
    granted = await there.take("a", SLOWLY, 5, 3)
    assert granted.tokens == 2
    assert 0.9e6 < granted.wait_seconds <= 1e6
    assert (await here.take("a", SLOWLY, 5, 1)).tokens == 0
    # One that is exactly enough leaves nothing to wait for yet.
    assert await there.take("b", SLOWLY, 5, 5) == Granted(5, 0.0)
    await other.close()


async def test_it_fills_by_the_clock_of_redis(storage: RedisStorage):
    """No sooner than the rate says."""
    buckets = storage.peers.buckets
    began = await clock_of(storage)
    assert (await buckets.take("a", 20, 1, 1)).tokens == 1
    async with asyncio.timeout(PATIENCE):
        while not (granted := await buckets.take("a", 20, 1, 1)).tokens:
            assert 0 < granted.wait_seconds <= 0.05
            await asyncio.sleep(granted.wait_seconds)
    assert await clock_of(storage) - began > 49_999


async def test_who_takes_nothing_writes_nothing(storage: RedisStorage, prefix: str):
    """A storm of refusals costs reads only; and a limit that became less holds at once."""
    buckets = storage.peers.buckets
    await buckets.take("a", SLOWLY, 9, 1)
    assert (await buckets.take("a", SLOWLY, 2, 3)).tokens == 2
    before = await storage._server.command("GET", f"{prefix}:rate:{{a}}")
    assert (await buckets.take("a", SLOWLY, 2, 3)).tokens == 0
    assert await storage._server.command("GET", f"{prefix}:rate:{{a}}") == before


async def test_a_full_bucket_leaves_redis(storage: RedisStorage, redis_server: RedisServer, prefix: str):
    """Nobody has to tidy up."""
    key = f"{prefix}:rate:{{a}}"
    await storage.peers.buckets.take("a", SLOWLY, 500, 500)
    assert 4e11 < await storage._server.command("PTTL", key) <= 5e11 + 1
    await storage._server.command("DEL", key)
    await storage.peers.buckets.take("a", 100, 2, 2)
    await until(lambda: redis_server.cli("--raw", "exists", key) == "0\n")


async def test_an_answer_that_is_lost_takes_tokens_with_it(storage: RedisStorage, monkeypatch: pytest.MonkeyPatch):
    """The call comes again by itself: fewer are left then, never more."""
    await storage.peers.buckets.take("warm", SLOWLY, 1, 1)
    execute, lost = storage._server._client.execute, list[Any]()

    async def loses(*words: Any) -> Any:
        answer = await execute(*words)
        if words[0] == "EVALSHA" and "rate" in str(words[3]) and not lost:
            lost.append(answer)
            raise BrokenConnection("lost")
        return answer

    client = type(storage._server._client)
    own = storage._server._client
    monkeypatch.setattr(storage._server, "_client", client(loses, own.ask, own.close, own.forget))
    assert await storage.peers.buckets.take("a", SLOWLY, 5, 2) == Granted(2, 0.0)
    assert lost == [[2, 0]]
    assert (await storage.peers.buckets.take("a", SLOWLY, 5, 5)).tokens == 1


async def test_a_clock_that_is_set_back_gives_nothing(storage: RedisStorage, prefix: str):
    """And takes nothing: from then on the bucket fills as before."""
    now = await clock_of(storage)
    key = f"{prefix}:rate:{{a}}"
    await storage._server.command("SET", key, struct.pack(">dd", 0.0, now + 3600e6))
    granted = await storage.peers.buckets.take("a", 2, 5, 1)
    assert granted == Granted(0, 0.5)
    left, since = struct.unpack(">dd", await storage._server.command("GET", key))
    assert left == 0
    assert now <= since <= await clock_of(storage)


async def test_each_name_has_a_bucket(storage: RedisStorage):
    """Whatever is in it; a burst is one at least, otherwise nothing would ever pass."""
    names = ["", "%", " a", "a", "t a", "t%20a", "t:a", "{t}a", "é"]
    granted = [await storage.peers.buckets.take(name, SLOWLY, 0, 1) for name in names * 2]
    assert [one.tokens for one in granted] == [1] * 2 + [1] * 7 + [0] * 9
