"""The database of a service under load is locked, removed and damaged: no acknowledged write is lost, and no wrong decision issued."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.end_to_end.serving import CONFIG, NUMBERED, Service, serving
from tests.node.waiting import gone
from tests.waiting import PATIENCE


async def test_a_database_is_locked_removed_and_damaged(tmp_path: Path, module_cache: Path) -> None:
    """Hooks that are loaded run, changes are refused: also where SQLite would still write to a file that is not there any more. A
    worker that starts then makes no new one, in which no hook were. When the file is back, all goes on by itself; after damage, when
    the service is started anew.
    """
    config, database = tmp_path / "config.toml", tmp_path / ".hookd/hookd.db"
    config.write_text(CONFIG)
    async with serving(config, module_cache, keep=False) as service:
        await service.deploy(NUMBERED % 0)
        async with service.under_load(4, answers=False):
            async with service.changing():
                await service.until_written()
                await while_locked(service, database)
                await service.until_written()
                await while_removed(service, database)
                await service.until_written()
            await service.until_answered()
            whole = await damage(service, database)
            async with service.changing():
                await service.until_refused()
                await service.until_answered()
        assert service.wrong == []
        assert len(service.lost) <= 10, "what the victim had begun, and what waited for one that did not come"
        assert {body[:40] for body in service.refused} == {'{"statusCode":503,"error":"Service Unava'}
        assert "Traceback" not in service.process.log
    undo(database, whole)
    async with serving(config, module_cache, keep=False) as after:
        after.go_on_from(service)
        async with after.under_load(4, writes=True):
            await after.until_answered()
            await after.until_written()
        assert (after.lost, after.wrong, after.refused) == ([], [], [])
        await after.require_written()


async def while_locked(service: Service, database: Path) -> None:
    """By a process that goes away without a word."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        await service.until_refused(1)
        await service.until_answered()


async def while_removed(service: Service, database: Path) -> None:
    """It is put back later."""
    away = database.with_name("away.db")
    move(database, away)
    await service.until_refused()
    victim = min(service.workers)
    os.kill(victim, signal.SIGKILL)
    await gone(victim)
    await service.until_said("hookd.db is gone. Put it back")
    await service.until_answered()
    move(away, database)


def move(file: Path, to: Path) -> None:
    """Where nothing is."""
    to.hardlink_to(file)
    file.unlink()


async def damage(service: Service, database: Path) -> dict[int, bytes]:
    """Other bytes where the hooks are, as a disk might have them. What there was, by its place."""
    with closing(sqlite3.connect(database, timeout=PATIENCE, isolation_level=None)) as db:
        # All is in the file then, and nothing that is read is in the log.
        while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            await service.until_answered(1)
        db.execute("BEGIN IMMEDIATE")
        (size,) = db.execute("PRAGMA page_size").fetchone()
        roots = db.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = 'hooks' AND rootpage").fetchall()
        whole = {}
        with database.open("r+b") as file:
            for (root,) in roots:
                place = file.seek(size * (root - 1))
                whole[place] = file.read(size)
                file.seek(place)
                file.write(b"\xa5" * size)
        # A change, so that nobody believes what it has in memory.
        db.execute(f"PRAGMA user_version = {db.execute('PRAGMA user_version').fetchone()[0]}")
        db.execute("COMMIT")
    return whole


def undo(database: Path, whole: dict[int, bytes]) -> None:
    """The bytes are what they were."""
    with database.open("r+b") as file:
        for place, page in whole.items():
            file.seek(place)
            file.write(page)
