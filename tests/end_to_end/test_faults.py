"""What goes wrong around the service, while it is under load: no acknowledged write is lost, and no wrong decision issued."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import AsyncExitStack, closing, suppress
from datetime import datetime
from pathlib import Path

import jwt
import pytest

from runtime.master_keys import new_master_key
from tests.end_to_end.clocks import Clock
from tests.end_to_end.disks import Disk
from tests.end_to_end.keeping import kept_at_each
from tests.end_to_end.operators import SCOPES, SECRET
from tests.end_to_end.serving import CONFIG, EXECUTE, MASTER_KEY, NUMBERED, Service, serving
from tests.node.waiting import gone
from tests.redis_servers import RedisServer


def written(folder: Path, text: str = CONFIG) -> Path:
    """The configuration, in a file."""
    file = folder / "config.toml"
    file.write_text(text)
    return file


async def test_a_full_disk(tmp_path: Path, module_cache: Path) -> None:
    """Token requests go on, also with workers that start then; changes are refused. When there is room again, all goes on, and what ran
    meanwhile is in the log.
    """
    disk = Disk(tmp_path / "disk")
    config = written(tmp_path, CONFIG.replace("[storage]", f"[storage]\nurl = 'sqlite:///{tmp_path}/disk/hookd.db'"))
    async with serving(config, module_cache, keep=False, within=disk.within) as service:
        pid = service.process._process.pid
        await service.deploy(NUMBERED % 0)
        async with service.under_load(4, writes=True):
            await service.until_written()
            disk.fill(pid)
            await service.until(lambda: len(service.refused) > 3)
            victim = min(service.workers)
            os.kill(victim, signal.SIGKILL)
            await gone(victim)
            await service.until(lambda: len(service.workers) == 2)
            refused = len(service.refused)
            await service.until_asked(200)
            await service.until(lambda: len(service.refused) > refused + 3)
            ran = service.seen[-1]
            disk.free(pid)
            await service.until_written()
        assert len(service.lost) <= 5, "what the victim had begun"
        assert service.wrong == []
        assert {body[:40] for body in service.refused} == {'{"statusCode":503,"error":"Service Unava'}
        await service.call("GET", f"/api/v1/logs/{ran}")
        await service.require_written()
        assert "execution records wait for the storage: SQLITE_" in service.process.log
        assert "Traceback" not in service.process.log


async def test_what_lies_on_the_disk_was_changed(tmp_path: Path, engine_cache: Path) -> None:
    """All processes are killed; the newest of SQLite's log is cut in its middle then, its index is gone, the board is nonsense. The
    service starts, and has every change that was acknowledged before. The engine's code is made again by a worker that finds it
    damaged, whatever the configuration is by then; the other serves meanwhile.
    """
    config, folder = written(tmp_path), tmp_path / ".hookd"
    cache = Path(shutil.copytree(engine_cache, tmp_path / "cache"))
    async with serving(config, cache, keep=False) as service:
        await service.deploy(NUMBERED % 0)
        async with service.under_load(4):
            for _ in range(5):
                await service.write()
                await service.until_asked(10)
            newest = (folder / "hookd.db-wal").stat().st_mtime_ns
            await service.until(lambda: (folder / "hookd.db-wal").stat().st_mtime_ns > newest)
            await kill_all(service)
        assert (service.wrong, service.acknowledged) == ([], 5)
    damage(folder)
    async with serving(config, cache, keep=False) as after:
        after.go_on_from(service)
        async with after.under_load(4, writes=True):
            await after.until_asked(50)
            await after.until_written()
            await half_written(after, config)
            assert after.lost == []
            await with_damaged_code(after, cache)
            await after.until_written()
        assert (after.wrong, after.refused) == ([], [])
        assert len(after.lost) <= 10, "what two victims had begun"
        await after.require_written()
        assert "Traceback" not in after.process.log


async def test_an_image_was_changed(tmp_path: Path, module_cache: Path) -> None:
    """It is another one's: who ran it would say the number of before. A worker that comes to read it makes it again."""
    config, database = written(tmp_path), tmp_path / ".hookd/hookd.db"
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(config, module_cache, keep=False))
        await service.deploy(NUMBERED % 0)
        kept = await kept_at_each(service, stack, 1)
        async with service.under_load(4):
            await service.write()
            before = image(database)
            await service.write()
            # Each has read it, and nobody is about to keep one that he made meanwhile.
            assert [await one.execute(EXECUTE) for (one,) in kept.values()] == [2, 2]
            assert image(database) != before
            change_image(database, before)
            victim = min(service.workers)
            os.kill(victim, signal.SIGKILL)
            await gone(victim)
            await service.until_said("is damaged, and is made again")
            await service.until(lambda: image(database) != before)
            await service.until_asked(50)
            await service.write()
            await service.until_asked(20)
        assert (service.wrong, service.refused) == ([], [])
        assert len(service.lost) <= 5, "what the victim had begun"
        assert (service.acknowledged, "Traceback" in service.process.log) == (3, False)


@pytest.mark.parametrize("storage", ["sqlite", "redis"])
async def test_the_clock_jumps(tmp_path: Path, module_cache: Path, storage: str) -> None:
    """An hour forwards, then two back: requests, changes, the log and its tail go on, and nothing took longer than it did."""
    clock, bearer, text = Clock(tmp_path), token_for_hours(), CONFIG
    async with AsyncExitStack() as stack:
        if storage == "redis":
            redis = stack.enter_context(RedisServer(tmp_path / "redis"))
            text = CONFIG.replace("[storage]", f"[storage]\nurl = '{redis.url}'")
        opening = serving(written(tmp_path, text), module_cache, environ=clock.environ, bearer=bearer)
        service = await stack.enter_async_context(opening)
        await service.deploy(NUMBERED % 0)
        async with service.following() as heard:
            async with service.under_load(4, writes=True):
                for hours in (0, 1, -1):
                    clock.set(hours * 3600)
                    await service.until_asked(50)
                    await service.until_written()
            await service.until(lambda: set(service.seen) <= set(heard))
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        await require_times(service)
        await service.require_written()
        assert "Traceback" not in service.process.log


async def require_times(service: Service) -> None:
    """All that ran is in the log, each by the clock that was."""
    rows = await service.rows()
    assert {row["id"] for row in rows} == set(service.seen)
    seen = {round((datetime.fromisoformat(row["at"]).timestamp() - time.time()) / 3600) for row in rows}
    assert seen == {0, 1, -1}
    assert all(0 <= row["duration_ms"] < 60_000 for row in rows)


def token_for_hours() -> str:
    """One that is good whatever the clock says."""
    now = int(time.time())
    claims = {
        "iss": "urn:operators",
        "aud": "urn:hookd",
        "sub": "test",
        "scope": SCOPES,
        "iat": now - 7200,
        "exp": now + 7200,
    }
    return jwt.encode(claims, SECRET, "HS256", headers={"typ": "at+jwt"})


def image(database: Path) -> bytes:
    """What is kept of the hook: the one image, for there is one hook."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        ((kept,),) = db.execute("SELECT image FROM images").fetchall()
        return bytes(kept)


def change_image(database: Path, to: bytes) -> None:
    """As a disk might that writes to another place: it would run, and say another number."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("UPDATE images SET image = ?", (to,))


async def with_damaged_code(service: Service, cache: Path) -> None:
    """Whoever reads the compiled guest finds another byte in it: a worker that starts. When there is a whole one, nobody needs the other."""
    file = change_code(cache)
    for victim in sorted(service.workers):
        os.kill(victim, signal.SIGKILL)
        await gone(victim)
        await service.until_said(f"{file.name} is damaged, and is compiled again")
        await service.until_asked(50)
        await service.until(lambda: is_whole(file))
    await service.until_answered()


def change_code(cache: Path) -> Path:
    """One bit of it, in another file in its place: those that run have the one that was."""
    (file,) = cache.glob("guest-*.cwasm")
    code = bytearray(file.read_bytes())
    code[len(code) // 2] ^= 1
    file.unlink()
    return private(file, bytes(code))


def is_whole(file: Path) -> bool:
    """As the engine looks at it."""
    code = file.read_bytes()
    return hashlib.sha256(code[:-32]).digest() == code[-32:]


async def kill_all(service: Service) -> None:
    """The supervisor first, so that it starts nobody. Workers end without it, of themselves if they are not killed before."""
    workers = service.workers
    for pid in (service.process._process.pid, *workers):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    service.process.wait()
    for pid in workers:
        await gone(pid)


def damage(folder: Path) -> None:
    """A log that ends within what was written last, no index of it, and a board of a file system that lost it."""
    log = folder / "hookd.db-wal"
    os.truncate(log, log.stat().st_size - 1000)
    (folder / "hookd.db-shm").unlink()
    (folder / "hookd.db-board").write_bytes(os.urandom(20_000))


async def half_written(service: Service, config: Path) -> None:
    """A configuration, and a key, that somebody is just writing, or another key, when the service is told to start anew: it goes on as it is."""
    before, key = service.workers, private(config.with_name("master.key"), MASTER_KEY[:20].encode())
    cut = CONFIG[: CONFIG.index("tenant") + 10]
    cut_short = f"{config} is not TOML: Unterminated string (at its end, line {cut.count(chr(10)) + 1})."
    keyed = CONFIG.replace(f'master_key = "{MASTER_KEY}"', f'master_key_file = "{key}"')
    await refused(service, keyed, f"The master key in {key} must be 32 bytes")
    another = "The master key in [storage] master_key is not that of the storage sqlite:///"
    await refused(service, CONFIG.replace(MASTER_KEY, new_master_key()), another)
    assert another in await asyncio.to_thread(start, config)  # beside the service, at its database
    await refused(service, cut, cut_short)
    assert service.workers == before
    assert cut_short in await asyncio.to_thread(start, config)


def start(config: Path) -> str:
    """Why it does not."""
    command = [sys.executable, "-m", "runtime.cli", "serve", "--config", str(config)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=config.parent, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


async def refused(service: Service, configuration: str, words: str) -> None:
    """The service can not start anew with this, and says why."""
    written(Path(service.process._log.name).parent, configuration)
    times = service.process.log.count("could not start anew")
    service.process._process.send_signal(signal.SIGHUP)
    await service.until(lambda: service.process.log.count("could not start anew") > times)
    assert words in service.process.log


def private(file: Path, content: bytes) -> Path:
    """The file, with this in it, for its owner only."""
    file.touch(mode=0o600)
    file.write_bytes(content)
    return file
