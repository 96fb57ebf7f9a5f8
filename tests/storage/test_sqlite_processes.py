"""SQLite under several processes: killed, racing, starting together."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from runtime.storage.base import HookFilter
from runtime.storage.sqlite import open_sqlite

REPOSITORY = Path(__file__).parents[2]
ALL = HookFilter()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hookd.db"


def start(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """A Python process of its own that has `asyncio`, `sys`, `open_sqlite` and the tests' nouns."""
    head = (
        "import asyncio, sys; sys.path.insert(0, 'tests/storage'); from conftest import Nouns\n"
        "from runtime.storage.base import HookChange, HookFilter; from runtime.storage.sqlite import open_sqlite\n"
    )
    command = [sys.executable, "-c", head + program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


WRITE_1000 = """
async def write(storage, nouns, numbers):
    for number in numbers:
        await storage.create_hook(nouns.hook(name=f"{number}", enabled=number % 7 == 0))
        print(number, flush=True)

async def main():
    storage = await open_sqlite(sys.argv[1])
    numbers = iter(range(1000))
    await asyncio.gather(*(write(storage, Nouns(), numbers) for _ in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("attempt", range(5))
async def test_kill_9_loses_no_acknowledged_write(path, attempt):
    """A process is killed at a random moment of 1,000 writes; each that it had acknowledged is there, whole."""
    moment = random.randrange(1, 950)
    with start(WRITE_1000, path) as process:
        assert process.stdout is not None
        acknowledged = [next(process.stdout) for _ in range(moment)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout
    assert process.returncode == -signal.SIGKILL

    storage = await open_sqlite(path)
    hooks, _ = await storage.list_hooks("acme", ALL, start=0, limit=2000)
    enabled, _ = await storage.list_hooks("acme", HookFilter(enabled=True), start=0, limit=2000)
    await storage.close()

    lost = {line.strip() for line in acknowledged if line.endswith("\n")} - {hook.name for hook in hooks}
    assert lost == set(), f"killed after {moment}"
    assert len(enabled) == 1
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()


WRITE_UNTIL_KILLED = """
import os, sqlite3

async def main():
    storage, nouns = await open_sqlite(sys.argv[1]), Nouns()
    for number in range(1000):
        await storage.create_hook(nouns.hook(name=f"{number}", enabled=True))
        if number == 9:
            with sqlite3.connect(sys.argv[1]) as db:
                assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        print(os.stat(sys.argv[1] + "-wal").st_size, flush=True)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A database whose process was killed, and how long its log was when each hook was acknowledged. The file itself has ten."""
    path = tmp_path_factory.mktemp("killed") / "hookd.db"
    with start(WRITE_UNTIL_KILLED, path) as process:
        assert process.stdout is not None
        sizes = [int(next(process.stdout)) for _ in range(30)]
        process.send_signal(signal.SIGKILL)
    assert sizes[9] == 0 < sizes[10]
    assert sizes[10:] == sorted(set(sizes[10:]))
    return path, sizes


def flip(log: Path, place: int) -> None:
    """One bit."""
    content = bytearray(log.read_bytes())
    content[place] ^= 1
    log.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "there"),
    [
        (lambda log, sizes: os.truncate(log, sizes[20] + 2000), 21),
        (lambda log, sizes: os.truncate(log, sizes[20] - 1), 20),
        (lambda log, sizes: flip(log, sizes[20] + 2000), 21),
        (lambda log, _: os.truncate(log, 31), 10),
        (lambda log, _: log.unlink(), 10),
    ],
    ids=["cut in a frame", "cut in its last byte", "changed", "cut in its head", "gone"],
)
async def test_a_damaged_log_loses_no_more_than_the_damage(killed, path, damage, there):
    """All that was acknowledged before the damaged place is there, whole, and nothing after it."""
    (source, sizes), log = killed, path.with_name("hookd.db-wal")
    shutil.copy(source, path)
    shutil.copy(source.with_name(log.name), log)
    damage(log, sizes)

    storage = await open_sqlite(path)
    hooks, _ = await storage.list_hooks("acme", ALL, start=0, limit=2000)
    enabled = await storage.enabled_hooks("acme", "credentials-exchange")
    await storage.close()

    assert sorted(int(hook.name) for hook in hooks) == list(range(there))
    assert [hook.name for hook in enabled] == [f"{there - 1}"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


ENABLE_30_TIMES = """
async def main():
    storage = await open_sqlite(sys.argv[1])
    for _ in range(30):
        await storage.update_hook("acme", sys.argv[2], HookChange(enabled=True), 2.0)
    await storage.close()

asyncio.run(main())
"""


async def test_processes_that_race_to_enable_leave_one_enabled(path, nouns):
    """At every moment in between, too."""
    storage = await open_sqlite(path)
    hooks = [nouns.hook(), nouns.hook(enabled=True)]
    for hook in hooks:
        await storage.create_hook(hook)

    processes = [start(ENABLE_30_TIMES, path, hook.id) for hook in hooks]
    seen = set()
    while any(process.poll() is None for process in processes):
        enabled, total = await storage.list_hooks("acme", HookFilter(enabled=True), start=0, limit=9)
        assert total == len(enabled) == 1
        seen.add(enabled[0].id)
    for process in processes:
        with process:
            assert process.wait() == 0

    assert (await storage.list_hooks("acme", HookFilter(enabled=True), start=0, limit=9))[1] == 1
    await storage.close()


OPEN_AND_WRITE = """
async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    storage = await open_sqlite(sys.argv[1])
    await storage.create_hook(Nouns().hook(name=sys.argv[2]))
    await storage.close()

asyncio.run(main())
"""


async def test_processes_may_make_the_file_at_once(path):
    """Workers start together: each finds the whole schema."""
    processes = [start(OPEN_AND_WRITE, path, f"{number}") for number in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        with process:
            assert process.wait() == 0

    storage = await open_sqlite(path)
    assert (await storage.list_hooks("acme", ALL, start=0, limit=9))[1] == 4
    await storage.close()


LEAVE = """
async def main():
    storage = await open_sqlite(sys.argv[1])
    await storage.create_hook(Nouns().hook(name="n"))
    await storage.ping()

asyncio.run(main())
"""


async def test_a_process_that_forgets_to_close_ends(path):
    """And what it was told is there."""
    with start(LEAVE, path) as process:
        assert process.wait(30) == 0

    storage = await open_sqlite(path)
    assert (await storage.list_hooks("acme", ALL, start=0, limit=9))[1] == 1
    await storage.close()
