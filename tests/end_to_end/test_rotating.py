"""`hookd keys rotate`, on services that answer token requests meanwhile."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime.master_keys import read_keys, write_master_key
from runtime.sources import load_settings
from runtime.storage.opening import choose_storage
from runtime.storage.sealing import Sealer, Unsealable
from tests.end_to_end.serving import CONFIG, Service, serving
from tests.redis_servers import RedisServer

READING = "module.exports = (c, s, a, context, cb) => cb(null, { 'https://a/n': Number(context.webtask.secrets.N) });"
INLINE = next(line for line in CONFIG.splitlines() if line.startswith("master_key"))
RESTING = {"A": "resting-secret-1", "B": "resting-secret-2"}
"""Nobody writes these meanwhile: it is the rotation that seals them anew."""
ANEW = "the service was started anew"
NEXT = (
    "let every service with this key start anew (kill -HUP; restart it where it was handed a copy), then run this again"
)


@dataclass(slots=True)
class Fleet:
    """Services with one storage, under load, each of which knows the hook. A secret of it is written at one after the other."""

    folder: Path
    url: str
    cache: Path
    workers: int = 1
    nodes: list[Service] = field(default_factory=list)
    left: list[Service] = field(default_factory=list)
    """Those that there were, and are no more."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who writes, comes or goes: one at a time."""
    number: int = 0
    """What the secret says."""
    told: list[str] = field(default_factory=list)
    """What the command said."""

    def configured(self, name: str, keys: Path) -> Path:
        """The configuration of a node, in a folder of its own, with the master key of this file."""
        (self.folder / name).mkdir()
        text = CONFIG.replace(INLINE, f"url = '{self.url}'\nmaster_key_file = '{keys}'")
        file = self.folder / name / "config.toml"
        file.write_text(text.replace("workers = 2", f"workers = {self.workers}"))
        return file

    @asynccontextmanager
    async def node(self, config: Path) -> AsyncIterator[Service]:
        """One more. At the end no request goes there any more, and it is stopped."""
        async with serving(config, self.cache, keep=False) as node:
            async with self.turn:
                if self.number:
                    node.hook = (self.nodes or self.left)[0].hook
                else:
                    self.number = 1
                    await node.deploy(READING)
                    await node.call("POST", f"{node.hook}/secrets", {"N": "1", **RESTING}, 201)
                node.sent = node.acknowledged = self.number
                self.nodes.append(node)
            async with node.under_load(1):
                await node.until_asked(3)
                yield node
                async with self.turn:
                    self.nodes.remove(node)
                    self.left.append(node)

    @asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """While the secret is written again and again, and is in force at all nodes when that is acknowledged."""
        is_over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write(is_over))
            try:
                yield
            finally:
                is_over.set()

    async def _write(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            async with self.turn:
                number = self.number + 1
                for node in self.nodes:
                    node.sent = number
                at = self.nodes[number % len(self.nodes)]
                await at.call("PATCH", f"{at.hook}/secrets", {"N": str(number)}, 201)
                self.number = number
                for node in self.nodes:
                    node.acknowledged = number
                assert [await node.execute() for node in self.nodes] == [number] * len(self.nodes)
            await self.nodes[0].until_asked(3)  # the first stays

    async def until_written(self) -> None:
        """Until it has been, at each of them."""
        wanted = self.number + 2 * len(self.nodes)
        await self.nodes[0].until(lambda: self.number >= wanted)

    async def rotate(self, config: Path, *more: str) -> str:
        """Call the command; what it says."""
        command = [sys.executable, "-m", "runtime.cli", "keys", "rotate", "--config", str(config), *more]
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=config.parent, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        self.told.append(done.stdout + done.stderr)
        return done.stderr

    async def opened(self, key: bytes) -> dict[str, str]:
        """What of the stored secrets this key alone opens."""
        settings = next(self.folder.glob("*/config.toml"))
        storage, found = await choose_storage(load_settings(settings, {}).storage).open(), dict[str, str]()
        try:
            for tenant, hook in (await storage.hooks_with_secrets(""))[0]:
                for name, sealed in (await storage.get_secrets(tenant, hook)).items():
                    with suppress(Unsealable):
                        found |= Sealer(key).open_secrets(tenant, hook, {name: sealed})
        finally:
            await storage.close()
        return found

    def check(self, *keys: bytes) -> None:
        """No request failed, none was decided by a secret that was replaced, and nobody said a key or a secret."""
        for node in (*self.nodes, *self.left):
            assert (node.lost, node.wrong) == ([], [])
            assert "Traceback" not in node.process.log
        said = "".join([*self.told, *(node.process.log for node in (*self.nodes, *self.left))])
        hidden = [*RESTING.values(), *(base64.b64encode(key).decode() for key in keys), *(key.hex() for key in keys)]
        assert [text for text in hidden if text in said] == []


@contextmanager
def fleet(storage: str, folder: Path, cache: Path, workers: int) -> Iterator[Fleet]:
    """None of its services runs yet. `storage`: a file, or a real Redis."""
    if storage == "SQLite":
        yield Fleet(folder, f"sqlite:///{folder}/hookd.db", cache, workers)
        return
    with RedisServer(folder / "redis") as server:
        yield Fleet(folder, server.url, cache, workers)


# With two workers, old ones and new ones are there together, and so are they with one: at SQLite the harder case is enough.
@pytest.mark.parametrize("storage, workers", [("SQLite", 2), ("Redis", 1)])
async def test_no_token_request_fails_while_the_key_is_rotated(
    storage: str, workers: int, tmp_path: Path, module_cache: Path
):
    """In one call: new key known, new key seals, all sealed anew, old key gone; requests that need a secret go on, and secrets are written."""
    keys = tmp_path / "master.key"
    write_master_key(keys)
    (old,) = read_keys(keys).all
    with fleet(storage, tmp_path, module_cache, workers) as all_nodes:
        config = all_nodes.configured("one", keys)
        async with all_nodes.node(config) as service:
            before = service.workers
            async with all_nodes.written():
                await all_nodes.until_written()
                said = await all_nodes.rotate(config, "--pid", str(service.process._process.pid))
                await all_nodes.until_written()
            assert said.count("started anew") == 3, said
            assert len(service.workers) == len(before) == workers
            assert not before & service.workers
            await after_it(all_nodes, keys, old)


async def test_no_token_request_fails_while_nodes_are_told_of_the_key(tmp_path: Path, module_cache: Path):
    """Two nodes at a Redis, one with the file, one with a copy: a third in each call, then what it says, at one node after the other.
    Whatever each knows of by then, both go on, and secrets that are written at either are in force at both.
    """
    keys, copy = tmp_path / "master.key", tmp_path / "copy.key"
    write_master_key(keys)
    (old,) = read_keys(keys).all
    said, rests = list[str](), list[bool]()
    with fleet("Redis", tmp_path, module_cache, workers=1) as both:
        one, other = both.configured("one", keys), both.configured("other", copy)
        async with both.node(one) as service:
            async with both.written():
                for _ in range(3):
                    async with restarted(both, other, keys, copy):
                        said.append(await both.rotate(one))
                        rests.append((await both.opened(old)).items() >= RESTING.items())
                        await both.until_written()
                        await start_anew(service)
                        await both.until_written()
                async with restarted(both, other, keys, copy):
                    pass
            assert [NEXT in text for text in said] == [True, True, False], said
            assert rests == [True, True, False]
            await after_it(both, keys, old)


@asynccontextmanager
async def restarted(both: Fleet, config: Path, keys: Path, copy: Path) -> AsyncIterator[None]:
    """A node with the keys as they are now: its copy of the file is made before it starts."""
    shutil.copy2(keys, copy)
    async with both.node(config):
        await both.until_written()
        yield


async def start_anew(service: Service) -> None:
    """SIGHUP, until it has led to something."""
    before, times = service.workers, service.process.log.count(ANEW)
    os.kill(service.process._process.pid, signal.SIGHUP)
    await service.until(lambda: service.process.log.count(ANEW) > times and not before & service.workers)


async def after_it(nodes: Fleet, keys: Path, old: bytes) -> None:
    """The new key opens all that is stored, as it was written; the old one, which is kept for backups, nothing."""
    (new,) = read_keys(keys).all
    assert new != old
    assert [base64.b64decode(line) for line in keys.with_name("master.key.old").read_text().split()] == [old]
    assert await nodes.opened(new) == {"N": str(nodes.number), **RESTING}
    assert await nodes.opened(old) == {}
    nodes.check(old, new)
