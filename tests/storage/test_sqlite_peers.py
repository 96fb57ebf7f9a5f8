"""Processes that share a SQLite file, where one of them dies."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import threading
from pathlib import Path

from runtime.storage import sqlite_peers
from runtime.storage.base import HookChange
from runtime.storage.board import CHANGES, Board
from runtime.storage.sqlite import open_sqlite
from tests.waiting import until


async def test_a_change_is_seen_though_its_process_died_before_it_could_tell(
    tmp_path: Path, nouns, monkeypatch
) -> None:
    """Killed between its commit and its word on the board: the database is asked every half second."""
    mine, dying = await open_sqlite(tmp_path / "hookd.db"), await open_sqlite(tmp_path / "hookd.db")
    hook = nouns.hook()
    await mine.create_hook(hook)
    await mine.peers.catch_up(lambda _: None)
    assert dying.peers._beating is not None
    dying.peers._beating.cancel()
    monkeypatch.setattr(dying.peers._board, "committed", lambda *_: None)

    await dying.update_hook("acme", hook.id, HookChange(enabled=True), 2.0)

    await until(lambda: mine.peers.is_behind)
    places: list[object] = []
    await mine.peers.catch_up(places.append)
    assert places == [("acme", hook.trigger)]
    await dying.close()
    await mine.close()


async def test_a_backup_is_put_back_right_after_a_kill(tmp_path: Path, nouns) -> None:
    """What killed processes left on the board is of a database that had more changes: those of the older one are seen."""
    killed = Board(tmp_path / "hookd.db-board")
    killed.committed(500, 5000)
    mine, other = await open_sqlite(tmp_path / "hookd.db"), await open_sqlite(tmp_path / "hookd.db")
    await other.create_hook(nouns.hook())
    assert mine.peers.is_behind
    await mine.close()
    await other.close()
    killed.close()


async def test_processes_may_come_to_a_database_by_a_link(tmp_path: Path, nouns) -> None:
    """As SQLite does with its own files."""
    (tmp_path / "link.db").symlink_to(tmp_path / "hookd.db")
    mine, other = await open_sqlite(tmp_path / "hookd.db"), await open_sqlite(tmp_path / "link.db")
    await other.create_hook(nouns.hook())
    assert mine.peers.is_behind
    await mine.close()
    await other.close()


async def test_the_heart_goes_on_beating(tmp_path: Path, monkeypatch) -> None:
    """Whatever breaks: it is said, and the storage closes as always."""
    monkeypatch.setattr(sqlite_peers, "BEAT_SECONDS", 0.01)
    mine = await open_sqlite(tmp_path / "hookd.db")
    asked = 0

    def breaks() -> list[int]:
        nonlocal asked
        asked += 1
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as broken:
        broken.setattr(mine.peers._board, "others", breaks)
        await until(lambda: asked >= 2)
    other = await open_sqlite(tmp_path / "hookd.db")
    await until(lambda: mine.peers.are_there)
    await other.close()
    await mine.close()


async def test_a_process_that_comes_back_sees_changes_again(tmp_path: Path, nouns, monkeypatch) -> None:
    """Its board was taken away meanwhile."""
    monkeypatch.setattr(sqlite_peers, "BEAT_SECONDS", 0.01)
    mine = await open_sqlite(tmp_path / "hookd.db")
    (tmp_path / "hookd.db-board").unlink()
    other = await open_sqlite(tmp_path / "hookd.db")
    await until(lambda: mine.peers.are_there and other.peers.are_there)
    await mine.peers.catch_up(lambda _: None)
    await other.create_hook(nouns.hook())
    assert mine.peers.is_behind
    await other.close()
    await mine.close()


async def test_a_process_that_is_stopped_with_the_board_s_lock_holds_nobody_up(
    tmp_path: Path, nouns, monkeypatch
) -> None:
    """Whoever looks for news waits in a thread; token requests go on."""
    monkeypatch.setattr(sqlite_peers, "BEAT_SECONDS", 0.01)
    mine = await open_sqlite(tmp_path / "hookd.db")
    await mine.create_hook(nouns.hook())
    with (tmp_path / "hookd.db-board").open("rb") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        goes_on = threading.Timer(60, fcntl.flock, (stopped, fcntl.LOCK_UN))
        goes_on.start()
        mine.peers._board.numbers[CHANGES] = 0
        await until(mine.peers._board._swapping.locked)
        await asyncio.sleep(0.05)
        assert goes_on.is_alive()
        fcntl.flock(stopped, fcntl.LOCK_UN)
        goes_on.cancel()
        await until(lambda: mine.peers._board.changes)
    await mine.close()
