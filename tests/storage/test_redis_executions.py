from __future__ import annotations

import pytest

from runtime.redis.address import parse_address
from runtime.storage import redis_executions
from runtime.storage.base import ExecutionFilter
from runtime.storage.redis import open_redis
from tests.redis_servers import RedisServer

EVERY = ExecutionFilter()


async def test_many_are_looked_at_in_steps(redis_server: RedisServer, prefix, nouns):
    """No step reads more than a thousand, and what is wanted is found behind all that is not."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    rows = [nouns.execution(client_id="shop" if number in (7, 2_400) else "c") for number in range(2_500)]
    await storage.append_executions(rows)
    redis_server.cli("config", "resetstat")

    found = await storage.list_executions("acme", ExecutionFilter(client_id="shop"), limit=9)
    counted = await storage.count_executions("acme", ExecutionFilter(since=0.0), step=1e9)

    assert found == [rows[2_400], rows[7]]
    assert [one.count for one in counted] == [2_500]
    assert "cmdstat_zrevrangebylex:calls=6," in redis_server.cli("info", "commandstats")
    await storage.close()


async def test_an_id_may_be_ahead_of_its_execution(redis_server: RedisServer, prefix, nouns):
    """It is made at the end, and by a clock that may have been set back since."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    late = nouns.execution(at=5_000.0)
    row = nouns.execution(id=late.id, at=3_000.0)
    await storage.append_executions([row])

    assert await storage.list_executions("acme", ExecutionFilter(since=2_999.0, until=3_001.0), limit=9) == [row]
    assert await storage.list_executions("acme", ExecutionFilter(since=-1.0, until=9e15), limit=9) == [row]
    await storage.close()


async def test_nothing_is_left_of_records_that_are_gone(redis_server: RedisServer, prefix, nouns):
    """Neither in the stream nor in the index nor in the sum of bytes."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    await storage.append_executions([nouns.execution(tenant="a{b}:c") for _ in range(600)])
    assert await storage.prune_executions(older_than=0.0, most=0, most_bytes=0) == 600

    keys = redis_server.cli("--raw", "keys", f"{prefix}:*executions*").split()
    assert sorted(key.split(":")[-1] for key in keys) == ["executions", "executions.bytes"]
    stream, size = sorted(keys)
    assert stream.startswith(f"{prefix}:{{a%7Bb%7D%3Ac}}:")
    assert redis_server.cli("xlen", stream) == "0\n"
    assert redis_server.cli("get", size) == "0\n"
    await storage.close()


async def test_tenants_without_records_are_forgotten(redis_server: RedisServer, prefix, nouns, monkeypatch):
    """Some time after their last; none of the others is passed by for it."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    rows = [nouns.execution(tenant=f"{number}", at=1.0 if number % 2 else 9.0) for number in range(10)]
    await storage.append_executions(rows)
    monkeypatch.setattr(redis_executions, "_FORGOTTEN", -1.0)
    monkeypatch.setattr(redis_executions, "_TENANTS_TOGETHER", 3)

    assert await storage.prune_executions(older_than=5.0, most=9, most_bytes=9_999) == 5
    recorded = redis_server.cli("--raw", "zrange", f"{prefix}:{{{prefix}}}:recorded", "0", "-1").split()
    assert sorted(recorded) == ["0", "2", "4", "6", "8"]
    assert await storage.prune_executions(older_than=10.0, most=9, most_bytes=9_999) == 5
    await storage.close()


async def test_who_follows_misses_nothing_that_was_written_again(redis_server: RedisServer, prefix, nouns):
    """The connection broke between the records and the note of them: who wrote them does so again."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    execute, rows, fails = storage._server._client.execute, [nouns.execution() for _ in range(3)], [True]

    async def breaks(*words):
        if words[1].endswith(":stored") and fails:
            fails.clear()
            raise ValueError("stopped here")
        return await execute(*words)

    object.__setattr__(storage._server._client, "execute", breaks)
    with pytest.raises(ValueError, match="stopped here"):
        await storage.append_executions(rows)
    assert await storage.peers.stored("0-0", ["acme"], 0.0) == ((), "0-0")
    await storage.append_executions(rows)
    found, _ = await storage.peers.stored("0-0", ["acme"], 1.0)
    assert list(found) == rows
    assert await storage.list_executions("acme", EVERY, limit=9) == rows[::-1]
    await storage.close()
