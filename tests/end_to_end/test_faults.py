"""What goes wrong around the service, while it is under load: no acknowledged write is lost, and no wrong decision issued."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import aiohttp
import jwt

from tests.end_to_end.clocks import Clock
from tests.end_to_end.delaying import Delay, delaying
from tests.end_to_end.disks import Disk
from tests.end_to_end.operators import SCOPES, SECRET
from tests.end_to_end.serving import CONFIG, MASTER_KEY, NUMBERED, Service, serving
from tests.node.waiting import gone
from tests.redis_servers import RedisServer, free_ports
from tests.waiting import PATIENCE


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
        async with service.under_load(4, pause=0.01, writes=True):
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
        assert "execution records wait for the storage: SQLITE_" in service.process.log
        assert "Traceback" not in service.process.log


async def test_what_lies_on_the_disk_was_changed(tmp_path: Path, engine_cache: Path) -> None:
    """All processes are killed; images have other bytes then, the newest of SQLite's log is cut in its middle, its index is gone, the
    board is nonsense. The service starts, and has every change that was acknowledged before. Images are made again. So is the
    engine's code by a worker that finds it damaged, whatever the configuration is by then; the other serves meanwhile.
    """
    config, folder = written(tmp_path), tmp_path / ".hookd"
    cache = Path(shutil.copytree(engine_cache, tmp_path / "cache"))
    async with serving(config, cache, keep=False) as service:
        await service.deploy(NUMBERED % 0)
        async with service.under_load(4, pause=0.01):
            for _ in range(5):
                await service.write()
                await service.until_asked(10)
            change_images(folder / "hookd.db")
            newest = (folder / "hookd.db-wal").stat().st_mtime_ns
            await service.until(lambda: (folder / "hookd.db-wal").stat().st_mtime_ns > newest)
            await kill_all(service)
        assert (service.wrong, service.acknowledged) == ([], 5)
    damage(folder)
    async with serving(config, cache, keep=False) as after:
        after.hook, after.sent, after.acknowledged = service.hook, 5, 5
        async with after.under_load(4, pause=0.01, writes=True):
            await after.until_asked(50)
            await after.until_written()
            await half_written(after, config)
            assert after.lost == []
            await with_damaged_code(after, cache)
            await after.until_written()
        assert (after.wrong, after.refused) == ([], [])
        assert len(after.lost) <= 10, "what two victims had begun"
        assert "is damaged, and is made again" in after.process.log
        assert "Traceback" not in after.process.log


async def test_the_clock_jumps_and_descriptors_run_out(tmp_path: Path, module_cache: Path) -> None:
    """An hour forwards, then two back: requests, changes, the log and its tail go on, and nothing took longer than it did. Without
    descriptors, who has a connection does not notice; with some, others get one again.
    """
    clock, config = Clock(tmp_path), written(tmp_path)
    bearer = token_for_hours()
    async with serving(config, module_cache, environ=clock.environ, bearer=bearer) as service:
        await service.deploy(NUMBERED % 0)
        async with service.following() as heard:
            async with service.under_load(4, pause=0.01, writes=True):
                for hours in (0, 1, -1):
                    clock.set(hours * 3600)
                    await service.until_asked(50)
                    await service.until_written()
            await service.until(lambda: set(service.seen) <= set(heard))
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        rows = await service.rows()
        assert {row["id"] for row in rows} == set(service.seen)
        seen = {round((datetime.fromisoformat(row["at"]).timestamp() - time.time()) / 3600) for row in rows}
        assert seen == {0, 1, -1}
        assert all(0 <= row["duration_ms"] < 60_000 for row in rows)
        async with service.under_load(4, pause=0.01):
            await service.until_asked(20)
            await without_descriptors(service)
            await service.write()
            await service.until_asked(20)
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        assert "Traceback" not in service.process.log


async def without_descriptors(service: Service) -> None:
    """Its workers can open nothing, until somebody has noticed who has no connection."""
    limits = {pid: leave_no_descriptor(pid) for pid in service.workers}
    async with asyncio.timeout(PATIENCE):
        while await is_reached(service):
            await service.until_asked(1)
        await service.until_asked(50)
        for pid, limit in limits.items():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        while not await is_reached(service):
            await service.until_asked(1)


def leave_no_descriptor(pid: int) -> tuple[int, int]:
    """The process has those that it has; what its limits were."""
    taken = {int(file.name) for file in Path(f"/proc/{pid}/fd").iterdir()}
    limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(set(range(len(taken) + 1)) - taken), limit[1]))
    return limit


async def is_reached(service: Service) -> bool:
    """By a connection of its own, in a second."""
    try:
        async with aiohttp.request(
            "GET", f"{service.process.url}/livez", timeout=aiohttp.ClientTimeout(total=1)
        ) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


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


async def test_a_redis_is_slow_breaks_off_is_full_and_dies(tmp_path: Path, module_cache: Path) -> None:
    """Token requests take what is loaded, and are as quick as ever. Changes take longer, or are refused in time; then all goes on by
    itself, and what ran is in the log.
    """
    (port,) = free_ports(1)
    with RedisServer(tmp_path / "redis", port=str(port), appendfsync="always") as redis, delaying(port) as delay:
        url = f"[storage]\nurl = 'redis://127.0.0.1:{delay.port}/0'\ntimeout_ms = 1000"
        config = written(tmp_path, CONFIG.replace("workers = 2", "workers = 1").replace("[storage]", url))
        async with serving(config, module_cache, keep=False) as service:
            await service.deploy(NUMBERED % 0)
            async with service.under_load(4, pause=0.01):
                for _ in range(3):
                    await service.write()
                for seconds in (0.3, 5.0):
                    await answer_late(service, delay, seconds)
                assert service.refused == []
                await service.write()
                await written_again(service)
                await break_off(service, delay)
                await while_full(service, redis)
                await while_killed(service, redis)
            assert (service.lost, service.wrong) == ([], [])
            assert {body[:40] for body in service.refused} == {'{"statusCode":503,"error":"Service Unava'}
            assert {row["id"] for row in await service.rows()} == set(service.seen)
            assert "Traceback" not in service.process.log


async def test_workers_change_hooks_while_their_redis_fails(tmp_path: Path, module_cache: Path) -> None:
    """Whichever is asked, it runs no hook that an acknowledged change had replaced: where it can not read what it is to run, there is
    no decision. A worker that is killed while Redis is full comes back when that is not.
    """
    (port,) = free_ports(1)
    with RedisServer(tmp_path / "redis", port=str(port), appendfsync="always") as redis, delaying(port) as delay:
        url = f"[storage]\nurl = 'redis://127.0.0.1:{delay.port}/0'\ntimeout_ms = 1000"
        async with serving(written(tmp_path, CONFIG.replace("[storage]", url)), module_cache, keep=False) as service:
            await service.deploy(NUMBERED % 0)
            async with service.under_load(4, writes=True, answers=False):
                for _ in range(3):
                    await service.until_written()
                    delay.break_off()
                await service.until_written()
                redis.kill()
                await service.until_refused()
                await asyncio.to_thread(redis.start)
                await service.until_written()
                redis.cli("config", "set", "maxmemory", "1")
                await service.until_refused()
                victim = min(service.workers)
                os.kill(victim, signal.SIGKILL)
                await gone(victim)
                await service.until_said("The storage can not be used")
                await service.until_answered()
                redis.cli("config", "set", "maxmemory", "0")
                await service.until_written()
            assert service.wrong == []
            assert len(service.lost) <= 10, "what the victim had begun, and what waited for one that did not come"
            assert "Traceback" not in service.process.log


async def answer_late(service: Service, delay: Delay, seconds: float) -> None:
    """Each time by so much."""
    await service.until_asked(10)
    service.took.clear()
    delay.set(seconds)
    await service.until_asked(100)
    # Who waited for it would have waited for seconds; the rest is the machine's.
    assert sorted(service.took)[len(service.took) * 9 // 10] < max(seconds, 2.5)
    assert await change(service, seconds) < 10
    delay.set(0.0)


async def break_off(service: Service, delay: Delay) -> None:
    """While something is being changed."""
    for _ in range(3):
        writing = asyncio.create_task(service.write())
        await service.until_asked(1)
        delay.break_off()
        await writing
        await written_again(service)


async def while_full(service: Service, redis: RedisServer) -> None:
    """It takes nothing more, until it may. What is read is there."""
    async with service.changing():
        await service.until_written()
        redis.cli("config", "set", "maxmemory", "1")
        await service.until_refused()
        await service.until_answered()
        redis.cli("config", "set", "maxmemory", "0")
        await service.until_written()
    await service.until_answered()


async def while_killed(service: Service, redis: RedisServer) -> None:
    """It is started again later, and has what it had acknowledged. Where a change is in force that could not be read yet, there is no
    decision meanwhile.
    """
    redis.kill()
    await service.until_asked(50)
    refused = len(service.refused)
    await service.write()
    assert len(service.refused) > refused
    await service.until_asked(50)
    await asyncio.to_thread(redis.start)
    await written_again(service)


async def written_again(service: Service) -> None:
    """A change is acknowledged, and in force."""
    async with asyncio.timeout(PATIENCE):
        while service.acknowledged < service.sent:
            await service.write()
    await service.until_asked(20)


async def change(service: Service, delay: float) -> float:
    """Seconds until a change is acknowledged, or refused where each answer takes longer than it is waited for."""
    began = time.monotonic()
    if delay < 1:
        await service.write()
    else:
        body = {"name": "a-hook", "triggerId": "credentials-exchange", "script": NUMBERED % 0}
        refused = await service.call("POST", "/api/v2/hooks", body, 503)
        assert refused["errorCode"] == "temporarily_unavailable"
    return time.monotonic() - began


def change_images(database: Path) -> None:
    """As a disk might: one bit of each."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        for version, image in db.execute("SELECT version_id, image FROM images").fetchall():
            changed = bytes([*image[:-1], image[-1] ^ 1])
            db.execute("UPDATE images SET image = ? WHERE version_id = ?", (changed, version))


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
    """A configuration, and a key, that somebody is just writing when the service is told to start anew: it goes on as it is."""
    before, key = service.workers, private(config.with_name("master.key"), MASTER_KEY[:20].encode())
    cut = CONFIG[: CONFIG.index("tenant") + 10]
    cut_short = f"{config} is not TOML: Unterminated string (at its end, line {cut.count(chr(10)) + 1})."
    keyed = CONFIG.replace(f'master_key = "{MASTER_KEY}"', f'master_key_file = "{key}"')
    await refused(service, keyed, f"The master key in {key} must be 32 bytes")
    await refused(service, cut, cut_short)
    assert service.workers == before
    assert cut_short in await asyncio.to_thread(start, config)


def start(config: Path) -> str:
    """Why it does not."""
    command = [sys.executable, "-m", "runtime.cli", "serve", "--config", str(config)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
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
