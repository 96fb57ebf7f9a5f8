"""What a process of a Redis has heard of changes, and when it has to ask for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.redis.address import Means, parse_address
from runtime.storage.base import HookChange
from runtime.storage.redis import RedisStorage, open_redis
from runtime.storage.redis_changes import MOST_HEARD, Change, Heard, heard_of, made_by
from tests.redis_servers import RedisServer
from tests.waiting import until

HASTY = Means(seconds=3)
HERE, THERE = ("acme", "credentials-exchange"), ("acme", "password-exchange")


async def forgotten(storage: RedisStorage) -> list[object]:
    """What was to be."""
    places: list[object] = []
    await storage.peers.catch_up(places.append)
    assert not storage.peers.is_behind
    return places


async def test_what_was_heard_is_not_asked_for(tmp_path: Path, nouns):
    """Redis dies as soon as it has answered: who made the changes, and who heard of them, know what they are of."""
    with RedisServer(tmp_path, appendfsync="always") as redis:
        one, other = [await open_redis(parse_address(redis.url), means=HASTY) for _ in range(2)]
        await until(lambda: one.peers.are_there and other.peers.are_there)
        hook = nouns.hook()
        await one.create_hook(hook)
        for storage in (one, other):
            assert await forgotten(storage) == [HERE]
        await other.create_hook(nouns.hook(tenant="a {strange}:name"))
        await one.update_hook("acme", hook.id, HookChange(enabled=True), 2.0)
        await one.create_hook(nouns.hook(trigger=THERE[1]), instead_of=hook.id)
        redis.kill()
        for storage in (one, other):
            assert storage.peers.is_behind
            strange, *rest = await forgotten(storage)
            assert strange == ("a {strange}:name", HERE[1])
            assert set(rest) == {HERE, THERE}
            await storage.close()


async def test_who_is_alone_knows_what_it_changed(tmp_path: Path, nouns):
    """At once: nobody had to tell it."""
    with RedisServer(tmp_path, appendfsync="always") as redis:
        storage = await open_redis(parse_address(redis.url), means=HASTY)
        await silent(storage)
        hook = nouns.hook()
        await storage.create_hook(hook)
        await storage.delete_hook("acme", hook.id)
        redis.kill()
        assert await forgotten(storage) == [HERE]
        await storage.close()


async def test_what_was_not_heard_is_asked_for(tmp_path: Path, nouns):
    """A change is between those that are known: there may be more to forget than they say, and while Redis is away nobody knows."""
    with RedisServer(tmp_path, appendfsync="always") as redis:
        one, other = [await open_redis(parse_address(redis.url), means=HASTY) for _ in range(2)]
        await silent(one)
        await silent(other)
        await one.create_hook(nouns.hook())
        await other.create_hook(nouns.hook(trigger=THERE[1]))
        assert await forgotten(one) == [HERE]
        assert await forgotten(other) == [HERE, THERE]
        await one.create_hook(nouns.hook())
        redis.kill()
        with pytest.raises(Unavailable):
            await forgotten(one)
        assert one.peers.is_behind
        redis.start()
        assert await forgotten(one) == [THERE, HERE]
        for storage in (one, other):
            await storage.close()


async def test_what_is_made_just_now_is_no_loss(redis_server: RedisServer, prefix, nouns):
    """Somebody looks when Redis has a change that has not come here yet: all that was heard of others still counts."""
    one, other = [await open_redis(parse_address(redis_server.url), prefix=prefix) for _ in range(2)]
    await silent(one)
    await silent(other)
    hook = nouns.hook()
    await one.create_hook(hook)
    await forgotten(one)
    await other.update_hook("acme", hook.id, HookChange(name="another"), 2.0)
    assert not await one.peers._has_lost()
    assert not one.peers.is_behind
    redis_server.cli("del", one.peers._keys.changes)
    assert await one.peers._has_lost()
    assert await forgotten(one) == [None]
    for storage in (one, other):
        await storage.close()


async def silent(storage: RedisStorage) -> None:
    """It hears nothing any more, and waits for nobody."""
    waiting = set(storage.peers._tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.05)
    storage.peers._others = {}


async def test_changes_of_an_older_release_are_asked_for(redis_server: RedisServer, prefix, nouns):
    """They do not say what was before them."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    await storage.create_hook(nouns.hook())
    assert await forgotten(storage) == [HERE]
    row = ("tenant", "acme", "trigger", THERE[1], "write", "another")
    redis_server.cli("xadd", f"{prefix}:{{{prefix}}}:changes", "2-0", *row)
    await until(lambda: storage.peers.is_behind)
    assert storage.peers._heard_since() is None
    assert await forgotten(storage) == [THERE]
    await storage.close()


async def test_no_more_is_remembered_than_redis_keeps(redis_server: RedisServer, prefix, nouns):
    """Where nobody asks for a hook, all may change; then all are forgotten."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    await silent(storage)
    for number in range(1, MOST_HEARD + 3):
        storage.peers._tell(Heard(Change(number, f"w{number}"), HERE, f"w{number - 1}" if number > 1 else ""))
    assert (len(storage.peers._heard), min(storage.peers._heard)) == (MOST_HEARD, 3)
    assert storage.peers._heard_since() is None
    await storage.create_hook(nouns.hook())
    assert await forgotten(storage) == [None]
    assert storage.peers._heard == {}
    await storage.close()


def test_changes_say_what_was_before_them():
    """As they stand in the stream, and as the write's answer has them."""
    fields = {b"tenant": b"%", b"trigger": b"t", b"write": b"w2", b"after": b"w1"}
    first = Heard(Change(7, "w2"), ("", "t"), "w1")
    assert heard_of((b"7-0", fields)) == first
    assert heard_of((b"7-0", {name: fields[name] for name in (b"tenant", b"trigger", b"write")})).after is None
    assert list(made_by("w2", "", 8, b"w1", [b"t", b"u"])) == [first, Heard(Change(8, "w2"), ("", "u"), "w2")]
    assert list(made_by("w2", "", 0, b"", [])) == []
