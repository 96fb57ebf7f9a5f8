"""The storage in a Redis beyond the contract of all backends: races of processes, restarts, what is kept where."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.redis.address import Means, parse_address
from runtime.storage.base import CacheEntry, ExecutionFilter, HookChange, HookFilter, Storage
from runtime.storage.redis import open_redis
from tests.redis_servers import RedisServer, clustered
from tests.waiting import until

REPOSITORY = Path(__file__).parents[2]
HASTY = Means(seconds=3)

ENABLE_30_TIMES = """
import asyncio, sys
from runtime.redis.address import parse_address
from runtime.storage.base import HookChange
from runtime.storage.redis import open_redis

async def main():
    storage = await open_redis(parse_address(sys.argv[1]), prefix=sys.argv[2])
    for _ in range(30):
        await storage.update_hook("acme", sys.argv[3], HookChange(enabled=True), 2.0)
    await storage.close()

asyncio.run(main())
"""


async def enabled(storage: Storage) -> list[str]:
    """Ids."""
    hooks, total = await storage.list_hooks("acme", HookFilter(enabled=True), start=0, limit=99)
    assert total == len(hooks)
    return [hook.id for hook in hooks]


async def test_processes_that_race_to_enable_leave_one_enabled(redis_server: RedisServer, prefix, nouns):
    """At every moment in between, too."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    hooks = [nouns.hook(), nouns.hook(), nouns.hook(enabled=True)]
    for hook in hooks:
        await storage.create_hook(hook)

    def start(hook_id: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", ENABLE_30_TIMES, redis_server.url, prefix, hook_id]
        return subprocess.Popen(command, cwd=REPOSITORY)

    processes = [start(hook.id) for hook in hooks[:2]]
    seen = set()
    while any(process.poll() is None for process in processes):
        ids = await enabled(storage)
        assert len(ids) == 1
        assert len(await storage.enabled_hooks("acme", hooks[0].trigger)) == 1
        seen.update(ids)
        await asyncio.sleep(0.001)
    assert [process.wait() for process in processes] == [0, 0]
    ids = await enabled(storage)
    assert len(ids) == 1
    seen.update(ids)
    assert len(seen) > 1
    await storage.close()


async def test_a_write_whose_answer_was_lost_is_done_once(redis_server: RedisServer, prefix, nouns):
    """The connection breaks after Redis did it: the caller gets the answer that was meant for them."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    execute, lost = storage._server._client.execute, []

    async def loses(*words):
        answer = await execute(*words)
        if (
            len(words) > 5
            and words[0] == "EVALSHA"
            and words[4] in ("create_hook", "delete_hook")
            and words[5] not in lost
        ):
            lost.append(words[5])
            raise ConnectionResetError("reset")
        return answer

    object.__setattr__(storage._server._client, "execute", loses)
    hook = nouns.hook(enabled=True)
    written = await storage.create_hook(hook, secrets={"A": b"1"})
    assert (written.hook, written.disabled) == (hook, None)
    assert [deploy.number for deploy in await storage.list_deploys("acme", hook.id)] == [1]
    assert await storage.delete_hook("acme", hook.id) == hook
    assert len(lost) == 2
    await storage.close()


class Writers:
    """Four who create hooks, as fast as they can, until they are stopped."""

    def __init__(self, storage: Storage, nouns) -> None:
        self.acknowledged: list[str] = []
        self.refused = 0
        self._stopped = False
        self._tasks = [asyncio.ensure_future(self._write(storage, nouns)) for _ in range(4)]

    async def stop(self) -> None:
        self._stopped = True
        await asyncio.gather(*self._tasks)

    async def _write(self, storage: Storage, nouns) -> None:
        while not self._stopped:
            hook = nouns.hook(enabled=True)
            try:
                await storage.create_hook(hook)
            except Unavailable:
                self.refused += 1
            else:
                self.acknowledged.append(hook.id)


async def test_a_restart_loses_nothing_and_needs_nobody(tmp_path: Path, nouns):
    """Killed under load and started again: quickly Unavailable in between, then all is there that was acknowledged."""
    with RedisServer(tmp_path / "redis", appendfsync="always") as redis:
        storage = await open_redis(parse_address(redis.url), means=HASTY)
        row = nouns.execution()
        await storage.append_executions([row])
        writers = Writers(storage, nouns)
        await until(lambda: len(writers.acknowledged) > 50)
        redis.kill()
        async with asyncio.timeout(20):
            with pytest.raises(Unavailable):
                await storage.ping()
            await until(lambda: writers.refused > 0)
        before = len(writers.acknowledged)
        redis.start()
        await until(lambda: len(writers.acknowledged) > before + 20)
        await writers.stop()
        await storage.ping()
        hooks, _ = await storage.list_hooks("acme", HookFilter(), start=0, limit=10_000)
        assert set(writers.acknowledged) - {hook.id for hook in hooks} == set()
        assert len(await enabled(storage)) == 1
        assert await storage.get_execution("acme", row.id) == row
        await storage.close()


async def test_all_of_it_works_in_a_cluster(tmp_path: Path, nouns):
    """Each script keeps to one slot, for a node refuses any other key; tenants and images are spread."""
    with clustered(tmp_path) as nodes:
        address = parse_address(f"redis+cluster://127.0.0.1:{nodes[0].port}")
        storage, other = await open_redis(address), await open_redis(address)
        for tenant in ("acme", "", "a{b}c", "hookd", "globex"):
            hook = nouns.hook(tenant=tenant, enabled=True, version=nouns.version(modules="m" * 64))
            await storage.create_hook(hook, bundle=b"bundle", secrets={"A": b"1"})
            await storage.put_image(hook.version.id, "build", b"image")
            assert await storage.get_image(hook.version.id, "build") == b"image"
            await storage.update_hook(tenant, hook.id, HookChange(version=nouns.version()), 2.0)
            assert await storage.get_image(hook.version.id, "build") is None
            await storage.put_document(tenant, hook.id, "{}", etag=None)
            await storage.change_cache(
                tenant, hook.trigger, [CacheEntry("k", b"v", 1, 9e12)], 0.0, most=1, most_bytes=1
            )
            rows = [nouns.execution(tenant=tenant) for _ in range(3)]
            await storage.append_executions(rows)
            assert len(await storage.enabled_hooks(tenant, hook.trigger)) == 1
            assert (await storage.get_execution(tenant, rows[0].id)) == rows[0]
            assert [(await each.peers.buckets.take(tenant, 1e-6, 3, 2)).tokens for each in (storage, other)] == [2, 1]
            await storage.delete_hook(tenant, hook.id)
        for each in (storage, other):
            assert each.peers.are_there
            assert each.peers.is_behind
            await each.peers.catch_up(lambda _: None)
            assert not each.peers.is_behind
        await other.close()
        assert len((await storage.peers.stored("0-0", ["hookd"], 0.1))[0]) == 3
        assert min(int(node.cli("dbsize")) for node in nodes) > 2
        assert await storage.prune_executions(older_than=9e9, most=0, most_bytes=0) == 15
        await storage.close()


async def test_nothing_is_left_of_hooks_that_are_gone(redis_server: RedisServer, prefix, nouns):
    """But what tells others of them: no tenant fills the memory."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    hook = nouns.hook(enabled=True, version=nouns.version(modules="m" * 64))
    await storage.create_hook(hook, bundle=b"bundle", secrets={"A": b"1"})
    await storage.put_image(hook.version.id, "build", b"image")
    await storage.put_document("acme", hook.id, "{}", etag=None)
    for _ in range(60):
        await storage.update_hook("acme", hook.id, HookChange(version=nouns.version()), 2.0)
    await storage.delete_hook("acme", hook.id)
    await storage.close()

    keys = {
        key.removeprefix(f"{prefix}:{{{prefix}}}:") for key in redis_server.cli("--raw", "keys", f"{prefix}:*").split()
    }
    assert {key for key in keys if not key.startswith("once:")} == {
        "format",
        "changes",
        "changes.number",
        "numbers",
        "talk",
    }


async def test_damaged_images_and_bundles_are_none(redis_server: RedisServer, prefix, nouns):
    """One flipped bit, in the content or in the checksum; an image expires when nobody asks for it."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    hook = nouns.hook(version=nouns.version(modules="m" * 64))
    await storage.create_hook(hook, bundle=b"bundle")
    await storage.put_image(hook.version.id, "build", b"image")
    image = f"{prefix}:image:{{{hook.version.id}}}"
    assert await storage.get_image(hook.version.id, "build") == b"image"
    assert int(redis_server.cli("ttl", image)) > 86_400
    for offset in ("7", "263"):
        bit = redis_server.cli("getbit", image, offset).strip()
        redis_server.cli("setbit", image, offset, "10"[int(bit)])
        assert await storage.get_image(hook.version.id, "build") is None
        redis_server.cli("setbit", image, offset, bit)
    assert await storage.get_bundle("m" * 64) == b"bundle"
    redis_server.cli("hset", f"{prefix}:{{{prefix}}}:bundle:{'m' * 64}", "bundle", "bundlf")
    assert await storage.get_bundle("m" * 64) is None
    await storage.close()


async def test_an_image_may_come_before_its_hook(redis_server: RedisServer, prefix, nouns):
    """Who hears of the hook finds it. Of a hook that is never written it goes by itself."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    hook = nouns.hook()
    image = f"{prefix}:image:{{{hook.version.id}}}"
    await storage.put_image(hook.version.id, "build", b"image", ahead=True)
    assert 0 < int(redis_server.cli("ttl", image)) <= 60

    await storage.create_hook(hook)
    assert await storage.get_image(hook.version.id, "build") == b"image"
    await storage.put_image(hook.version.id, "build", b"image")
    assert int(redis_server.cli("ttl", image)) > 86_400
    await storage.close()


@pytest.mark.parametrize(("name", "value"), [("min-replicas-to-write", "3"), ("maxmemory", "1")])
async def test_where_nothing_can_be_written_all_can_be_read(redis_server: RedisServer, prefix, nouns, name, value):
    """What token requests need is there; what would change something is Unavailable, and has changed nothing."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    hook = nouns.hook(enabled=True, version=nouns.version(modules="m" * 64))
    await storage.create_hook(hook, bundle=b"bundle", secrets={"A": b"1"})
    await storage.put_image(hook.version.id, "build", b"image")
    await storage.append_executions([row := nouns.execution()])
    before = redis_server.cli("config", "get", name).split()[1]
    redis_server.cli("config", "set", name, value)
    try:
        for write in (
            storage.update_hook("acme", hook.id, HookChange(name="x"), 2.0),
            storage.append_executions([nouns.execution()]),
            storage.put_document("acme", hook.id, "{}", etag=None),
        ):
            with pytest.raises(Unavailable):
                await write
        await storage.ping()
        assert await storage.enabled_hooks("acme", hook.trigger) == (hook,)
        assert await storage.get_secrets("acme", hook.id) == {"A": b"1"}
        assert await storage.get_image(hook.version.id, "build") == b"image"
        assert await storage.get_bundle("m" * 64) == b"bundle"
        assert await storage.get_document("acme", hook.id) is None
        assert await storage.list_executions("acme", ExecutionFilter(), limit=9) == [row]
    finally:
        redis_server.cli("config", "set", name, before)
    await storage.close()
