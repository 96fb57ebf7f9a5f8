"""What processes that share a storage know of each other (`runtime/storage/peers.py`), of every backend."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from runtime.model import Execution
from runtime.redis.address import Means, parse_address
from runtime.storage import redis_peers, sqlite_peers
from runtime.storage.base import ExecutionFilter, HookChange, Storage
from runtime.storage.peers import Place
from runtime.storage.redis import open_redis
from runtime.storage.sqlite import open_sqlite
from tests.waiting import until

HERE = ("acme", "credentials-exchange")


@pytest.fixture(params=["sqlite", "redis"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, prefix: str) -> Callable[[], Awaitable[Storage]]:
    """Opens one more view of one storage, as another process does."""
    if request.param == "sqlite":
        return lambda: open_sqlite(tmp_path / "hookd.db")
    address = parse_address(request.getfixturevalue("redis_server").url)
    patient = Means(seconds=20)  # hundreds of writes at once are not too late on a busy machine
    return lambda: open_redis(address, prefix=prefix, means=patient)


@pytest.fixture
async def two(opened: Callable[[], Awaitable[Storage]]) -> AsyncIterator[tuple[Storage, Storage]]:
    one, other = await opened(), await opened()
    yield one, other
    await one.close()
    await other.close()


async def changed(storage: Storage) -> list[Place | None]:
    """What was to be forgotten; afterwards it is not behind."""
    places: list[Place | None] = []
    await storage.peers.catch_up(places.append)
    assert not storage.peers.is_behind
    return places


async def test_each_change_of_a_hook_is_known_to_all(two, nouns):
    """Each way of changing what runs there; no other write."""
    one, other = two
    await until(lambda: not other.peers.is_behind)
    hook = nouns.hook()

    async def tells(write: Awaitable[object]) -> list[Place | None]:
        await write
        await until(lambda: other.peers.is_behind)
        assert one.peers.is_behind
        assert await changed(one) == await changed(other)
        return await changed(other) or [HERE]

    await tells(one.create_hook(hook))
    await tells(one.update_hook("acme", hook.id, HookChange(enabled=True), 2.0))
    await tells(one.add_secrets("acme", hook.id, {"A": b"1"}, most=9))
    await tells(one.update_secrets("acme", hook.id, {"A": b"2"}))
    await tells(one.delete_secrets("acme", hook.id, ["A"]))
    await one.put_document("acme", hook.id, "{}", etag=None)
    await one.put_image(hook.version.id, "build", b"image")
    await one.append_executions([nouns.execution()])
    assert not other.peers.is_behind
    await tells(one.delete_hook("acme", hook.id))


async def test_what_was_changed_is_named(two, nouns):
    """Each place once, however often it was changed; other places are not named."""
    one, other = two
    await changed(other)
    for trigger in ("credentials-exchange", "password-exchange", "credentials-exchange"):
        await one.create_hook(nouns.hook(trigger=trigger))
    await one.create_hook(nouns.hook(tenant="globex"))
    await until(lambda: other.peers.is_behind)

    # Where a backend tells them one by one, the last may be on its way.
    told: set[Place | None] = set()
    while len(told) < 3:
        told |= set(await changed(other))
    assert told == {HERE, ("acme", "password-exchange"), ("globex", "credentials-exchange")}
    assert await changed(other) == []


async def test_who_was_away_for_long_forgets_all(two, nouns):
    """Not all changes are kept for ever."""
    one, other = two
    hook = nouns.hook()
    await one.create_hook(hook)
    await changed(other)
    for _ in range(6):
        await asyncio.gather(*(one.update_hook("acme", hook.id, HookChange(name=f"{n}"), 2.0) for n in range(200)))
    await until(lambda: other.peers.is_behind)
    assert await changed(other) == [None]


async def test_who_opens_a_storage_is_not_behind(opened, nouns):
    """Nothing is ready there that was changed before."""
    one = await opened()
    await one.create_hook(nouns.hook())
    other = await opened()
    assert not other.peers.is_behind
    assert await changed(other) == []
    await one.close()
    await other.close()


async def test_others_are_seen_to_come_and_to_go(opened):
    """Soon, but not at once."""
    one = await opened()
    assert not one.peers.are_there
    other = await opened()
    await until(lambda: one.peers.are_there)
    assert other.peers.are_there
    await other.close()
    await until(lambda: not one.peers.are_there)
    await one.close()


async def test_listeners_elsewhere_are_known(two):
    """As long as there are any, all write their records without delay."""
    one, other = two
    await until(lambda: one.peers.are_there and other.peers.are_there)
    assert not one.peers.follow
    other.peers.has_listeners(2)
    await until(lambda: one.peers.follow and other.peers.follow)
    other.peers.has_listeners(0)
    await until(lambda: not one.peers.follow and not other.peers.follow)


async def test_settled_waits_for_the_records_of_others(two, monkeypatch):
    """For those that were there when it was asked, and its own; not for ever."""
    one, other = two
    for backend in (sqlite_peers, redis_peers):
        monkeypatch.setattr(backend, "SETTLE_SECONDS", 60.0)
    await until(lambda: one.peers.are_there)
    await one.peers.settled()

    other.peers.records_wait(time.monotonic())
    settled = asyncio.ensure_future(one.peers.settled())
    await until(lambda: other.peers.follow)
    assert not settled.done()
    other.peers.records_wait(0.0)
    await settled

    one.peers.records_wait(time.monotonic())
    settled = asyncio.ensure_future(one.peers.settled())
    await until(lambda: other.peers.follow)
    assert not settled.done()
    one.peers.records_wait(0.0)
    await settled

    for backend in (sqlite_peers, redis_peers):
        monkeypatch.setattr(backend, "SETTLE_SECONDS", 0.1)
    other.peers.records_wait(time.monotonic())
    async with asyncio.timeout(30):
        await one.peers.settled()


async def test_what_others_store_is_read_in_its_order(two, nouns):
    """Of the tenants that are asked for, from a position on, as soon as it is there."""
    one, other = two
    await one.append_executions([nouns.execution()])
    position = await other.peers.end()
    assert await other.peers.stored(position, ["acme"], 0.01) == ((), position)

    later, earlier, foreign = nouns.execution(at=9.0), nouns.execution(at=8.0), nouns.execution(tenant="globex")
    waiting = asyncio.ensure_future(other.peers.stored(position, ["acme"], 60))
    await one.append_executions([foreign])
    await one.append_executions([later])
    executions, position = await waiting
    assert list(executions) == [later]
    await one.append_executions([earlier])
    executions, position = await other.peers.stored(position, ["acme", "globex"], 60)
    assert list(executions) == [earlier]


async def test_many_are_read_in_parts(two, nouns, monkeypatch):
    """None is left out, whatever else is stored between them."""
    one, other = two
    position = await other.peers.end()
    rows = [nouns.execution(tenant="acme" if n % 3 else "globex") for n in range(1000)]
    await one.append_executions(rows)
    found: list[Execution] = []
    while len(found) < 666:
        some, position = await other.peers.stored(position, ["acme"], 60)
        found += some
    assert found == [row for row in rows if row.tenant == "acme"]


async def test_reading_goes_on_after_all_were_removed(two, nouns):
    """A position may be behind all there is."""
    one, other = two
    await one.append_executions([nouns.execution(at=float(n)) for n in range(1, 9)])
    position = await other.peers.end()
    await one.prune_executions(older_than=1e12, most=9, most_bytes=10**9)
    assert await one.list_executions("acme", ExecutionFilter(), limit=9) == []
    row = nouns.execution()
    await one.append_executions([row])
    executions, _ = await other.peers.stored(position, ["acme"], 60)
    assert list(executions) == [row]
