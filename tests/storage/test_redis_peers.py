"""Processes that share a Redis, where it goes away or has lost something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.redis.address import Means, parse_address
from runtime.storage import redis_peers
from runtime.storage.base import HookChange, HookFilter
from runtime.storage.redis import open_redis
from tests.end_to_end.delaying import delaying
from tests.ports import free_ports
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

HASTY = Means(seconds=3)


async def test_a_redis_that_lost_something_makes_all_forget(tmp_path: Path, nouns, caplog):
    """Also when as many changes were made since; while it is away, nobody is behind."""
    redis = RedisServer(tmp_path, appendonly="no")
    with redis:
        one, other = [await open_redis(parse_address(redis.url), means=HASTY) for _ in range(2)]
        hook = nouns.hook()
        await one.create_hook(hook)
        await until(lambda: other.peers.is_behind)
        for storage in (one, other):
            assert await forgotten(storage.peers.catch_up) == [("acme", hook.trigger)]
        redis.kill()
        await until(lambda: "changes of other processes are not known" in caplog.text)
        assert not other.peers.is_behind
        redis.start()
        await one.create_hook(hook)
        await one.update_hook("acme", hook.id, HookChange(enabled=True), 2.0)
        await until(lambda: other.peers.is_behind)
        for storage in (one, other):
            assert await forgotten(storage.peers.catch_up) == [None]
        await one.update_hook("acme", hook.id, HookChange(enabled=False), 3.0)
        await until(lambda: other.peers.is_behind)
        assert await forgotten(other.peers.catch_up) == [("acme", hook.trigger)]
        for storage in (one, other):
            await storage.close()


async def test_a_change_after_redis_lost_some_is_in_force_everywhere(tmp_path: Path, nouns, monkeypatch):
    """As soon as it is acknowledged. Who was there is waited for, though Redis does not know it any more; whoever runs what was lost
    does not take the change for one of those.
    """
    monkeypatch.setattr(redis_peers, "ALIVE_SECONDS", PATIENCE)
    monkeypatch.setattr(redis_peers, "SPREAD_SECONDS", PATIENCE)
    with RedisServer(tmp_path) as redis:
        one, other = [await open_redis(parse_address(redis.url)) for _ in range(2)]
        await until(lambda: one.peers._others and other.peers._others)
        for _ in range(3):
            await one.create_hook(nouns.hook())
        for storage in (one, other):
            await forgotten(storage.peers.catch_up)
        redis.cli("flushall")
        await one.peers._beat()
        await one.create_hook(nouns.hook())
        assert other.peers.is_behind
        for storage in (one, other):
            assert await forgotten(storage.peers.catch_up) == [None]
            await storage.close()


async def test_a_redis_that_lost_everything_is_still_ours(tmp_path: Path, nouns):
    """Others can start there, though those that were there have written since."""
    with RedisServer(tmp_path) as redis:
        storage = await open_redis(parse_address(redis.url))
        redis.cli("flushall")
        await storage.create_hook(nouns.hook())
        await until(lambda: redis.cli("exists", "hookd:{hookd}:format").strip() == "1")
        other = await open_redis(parse_address(redis.url))
        assert len((await other.list_hooks("acme", HookFilter(), start=0, limit=1))[0]) == 1
        for one in (storage, other):
            await one.close()


async def test_who_hears_talk_all_the_time_sees_that_redis_lost_something(tmp_path: Path, nouns):
    """Nothing else makes it look: nobody changes anything."""
    with RedisServer(tmp_path) as redis:
        storage = await open_redis(parse_address(redis.url))
        await storage.create_hook(nouns.hook())
        await forgotten(storage.peers.catch_up)
        talking = asyncio.create_task(talk(redis, storage.peers._keys.talk))
        heard = storage.peers._talked
        await until(lambda: storage.peers._talked != heard)
        redis.cli("flushall")
        await until(lambda: storage.peers.is_behind)
        talking.cancel()
        assert await forgotten(storage.peers.catch_up) == [None]
        await storage.close()


async def talk(redis: RedisServer, stream: str) -> None:
    """Say something that is for nobody, again and again."""
    while True:
        await asyncio.to_thread(redis.cli, "xadd", stream, "*", "by", "x", "kind", "told", "to", "y", "number", "1")


async def test_who_has_the_answer_finds_the_change_everywhere(redis_server: RedisServer, prefix, nouns):
    """Without a moment in between. One that does not say so is waited for, and no longer when it is gone."""
    one, other, dying = [await open_redis(parse_address(redis_server.url), prefix=prefix) for _ in range(3)]
    await until(lambda: all(len(storage.peers._others) == 2 for storage in (one, other, dying)))
    hook = nouns.hook()
    await one.create_hook(hook)
    assert other.peers.is_behind
    assert dying.peers.is_behind
    for change in range(5):
        await forgotten(other.peers.catch_up)
        await one.update_hook("acme", hook.id, HookChange(name=f"{change}"), 2.0)
        assert other.peers.is_behind
    for task in dying.peers._tasks:
        task.cancel()
    async with asyncio.timeout(20):
        await one.delete_hook("acme", hook.id)
    assert other.peers.is_behind
    for storage in (one, other, dying):
        await storage.close()


async def test_a_change_is_not_acknowledged_where_one_has_not_heard(tmp_path: Path, nouns, monkeypatch):
    """Its answers come late, and it still runs the hook that was: who made the change waits, and is not told that it is in force."""
    (port,) = free_ports(1)
    with RedisServer(tmp_path, port=str(port)) as redis, delaying(port) as delay:
        one = await open_redis(parse_address(redis.url))
        late = parse_address(f"redis://127.0.0.1:{delay.port}/0")
        other = await open_redis(late, means=Means(seconds=PATIENCE))
        await until(lambda: one.peers._others and other.peers._others)
        hook = nouns.hook()
        await one.create_hook(hook)
        await forgotten(other.peers.catch_up)
        monkeypatch.setattr(redis_peers, "ALIVE_SECONDS", PATIENCE)
        monkeypatch.setattr(redis_peers, "SPREAD_SECONDS", 0.5)
        delay.set(PATIENCE)
        with pytest.raises(Unavailable) as caught:
            await one.update_hook("acme", hook.id, HookChange(name="a"), 2.0)
        assert caught.value.debug == "another process does not hear of a change that was made"
        heard = other.peers.is_behind
        monkeypatch.setattr(redis_peers, "SPREAD_SECONDS", PATIENCE)
        changing = asyncio.create_task(one.update_hook("acme", hook.id, HookChange(name="b"), 3.0))
        delay.set(0.0)
        await changing
        assert (heard, other.peers.is_behind) == (False, True)
        for storage in (one, other):
            await storage.close()


async def test_who_leaves_leaves_alone(redis_server: RedisServer, prefix, monkeypatch):
    """Those that stay know each other as before: else a change would be acknowledged that one of them has not heard of."""
    monkeypatch.setattr(redis_peers, "ALIVE_SECONDS", PATIENCE)
    one, other, leaving = [await open_redis(parse_address(redis_server.url), prefix=prefix) for _ in range(3)]
    await until(lambda: all(len(storage.peers._others) == 2 for storage in (one, other, leaving)))
    for task in (*one.peers._tasks, *other.peers._tasks):
        task.cancel()  # neither says again that it is there
    await leaving.close()
    await one.peers._beat()
    assert set(one.peers._others) == {other.peers._id}
    for storage in (one, other):
        await storage.close()


async def forgotten(catch_up: Callable[..., object]) -> list[object]:
    """What was to be."""
    places: list[object] = []
    await catch_up(places.append)  # type: ignore[misc]
    return places
