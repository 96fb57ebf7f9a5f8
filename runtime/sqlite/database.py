"""One SQLite file in use: a thread that writes, threads that read. The only room that knows sqlite3.

Rules:
- One thread writes (`writer`), several writes in one transaction, each in a savepoint of its own: a disk that syncs 200
  times a second takes thousands of writes.
- WAL with synchronous=FULL: what was answered survives kill -9 and a power cut; readers and the writer do not wait for
  each other.
- Several processes may share the file: a write transaction takes SQLite's lock at its beginning (BEGIN IMMEDIATE), so what
  it reads is still so when it writes.
- A database that is locked, full or damaged is `Unavailable`, with SQLite's words for the operator only. So is a write where the
  file was removed or replaced since: SQLite would go on in one that nobody finds any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from sqlite3 import Connection, IntegrityError
from typing import Any, Final, TypeAlias, TypeVar

from runtime.errors import SettingsError, Unavailable
from runtime.sqlite.opening import Schema, connect, open_file
from runtime.sqlite.writer import Done, Writer, stopped

__all__ = ["Connection", "Database", "IntegrityError", "Work", "as_unavailable", "is_dangling", "open_database"]

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]

BUSY_SECONDS: Final = 5.0
"""How long a call waits for another process's lock."""

_READERS: Final = 2
_LOG: Final = logging.getLogger("hookd.storage")


async def open_database(
    path: str | Path,
    schema: Schema,
    *,
    busy_seconds: float = BUSY_SECONDS,
    committed: Work[None] = lambda _: None,
) -> Database:
    """The database in this file, made (mode 0600) when there is none. `SettingsError` when it can not be used.

    `committed` is called after each transaction that wrote, in the thread that writes, before anybody has its answer.
    """
    # Readers connect later, maybe in another current directory.
    file = Path(path).absolute()  # noqa: ASYNC240 - asks for the current directory, which is in memory
    connection = await asyncio.to_thread(open_file, file, schema, busy_seconds)
    try:
        place = await asyncio.to_thread(_Place, file)
    except OSError as error:
        connection.close()
        raise SettingsError(f"The database {path} can not be used: {error}.") from error
    return Database(connection, partial(connect, file, busy_seconds), place.require, committed)


class Database:
    """Belongs to the event loop that opened it."""

    def __init__(
        self,
        connection: Connection,
        connect: Callable[[], Connection],
        require_file: Callable[[], None],
        committed: Work[None],
    ) -> None:
        self._readers = _Readers(connect)
        self._commits = _Commits(connection, require_file, committed)
        self._writer = Writer(self._commits.commit, self._commits.close)

    @property
    def transactions(self) -> int:
        """How many write transactions were begun: fewer than writes when those came together."""
        return self._commits.transactions

    async def read(self, work: Work[T]) -> T:
        """What the work gives, from one snapshot, with everything in it that was written before. It can not write."""
        return await self._readers.run(work)

    async def write(self, work: Work[T]) -> T:
        """What the work gave, once it is on disk; nothing of it is kept when it raises."""
        return await self._writer.run(work)

    async def close(self) -> None:
        """Finish what was taken and let go of the file. Idempotent; later calls are `Unavailable`."""
        self._writer.stop()
        self._readers.stop()
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.join)


def is_dangling(error: IntegrityError) -> bool:
    """Whether a write was refused because it refers to a row that is not there; else a row is there a second time."""
    return error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY


class _Place:
    """Where the file is that was opened. `OSError` when it is not there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._status = file.stat()

    def require(self) -> None:
        """`Unavailable` when it is not there any more, or another one is."""
        with contextlib.suppress(OSError):
            if os.path.samestat(self._status, self._file.stat()):
                return
        raise Unavailable(
            "The storage does not answer. Try again later.",
            debug=f"{self._file} was removed, or another file is in its place",
        )


class _Readers:
    """A few threads that read, each with a connection of its own that can not write."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="hookd-read")
        self._mine = threading.local()
        self._connections: list[Connection] = []
        self._stopped = False

    async def run(self, work: Work[T]) -> T:
        """What the work gives, from one snapshot of the database."""
        if self._stopped:
            raise stopped()
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    def stop(self) -> None:
        """Take nothing more."""
        self._stopped = True

    def join(self) -> None:
        """Wait until the reads that were taken are done and the connections are closed."""
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    def _read(self, work: Work[T]) -> T:
        with as_unavailable():
            db = self._connection()
            db.execute("BEGIN")
            try:
                return work(db)
            finally:
                _roll_back(db)

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._connect()
            self._connections.append(connection)
            connection.execute("PRAGMA query_only = ON")
            self._mine.connection = connection
        return connection


class _Commits:
    """The connection that writes; called by the writer's thread."""

    def __init__(self, connection: Connection, require_file: Callable[[], None], committed: Work[None]) -> None:
        self.transactions = 0
        self._connection = connection
        self._require_file = require_file
        self._committed = committed

    def commit(self, works: Sequence[Work[Any]]) -> Sequence[Done]:
        """All in one transaction; one by one where that fails, for one may break it for all (too large for the disk)."""
        db = self._connection
        begun = False
        self.transactions += 1
        try:
            self._require_file()
            with as_unavailable():
                db.execute("BEGIN IMMEDIATE")
                begun = True
                done = [_attempt(db, work) for work in works]
                db.execute("COMMIT")
                begun = False
            # Again: what was written meanwhile to a file without a name is not acknowledged either.
            self._require_file()
        except Exception as error:  # noqa: BLE001 - the thread lives as long as the database; the callers get it
            _roll_back(db)
            if len(works) == 1 or not begun:
                return [Done(error=error)] * len(works)
        else:
            self._tell()
            return done
        return [done for work in works for done in self.commit([work])]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _tell(self) -> None:
        try:
            self._committed(self._connection)
        except Exception:  # noqa: BLE001 - the writes are done, and must not be done again
            _LOG.exception("a transaction was committed, but nobody told of it")


def _attempt(db: Connection, work: Work[Any]) -> Done:
    """One write within the transaction; one that raises leaves no trace. `sqlite3.Error`: the transaction is lost."""
    db.execute("SAVEPOINT one")
    try:
        done = Done(work(db))
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, _MISTAKES):
            raise
        db.execute("ROLLBACK TO one")
        done = Done(error=error)
    db.execute("RELEASE one")
    return done


_MISTAKES: Final = (IntegrityError, sqlite3.ProgrammingError)
"""Errors that say that our own SQL is wrong, not that the database is out of order."""


@contextlib.contextmanager
def as_unavailable() -> Iterator[None]:
    """What is wrong with the database is `Unavailable`; what is wrong with our SQL stays what it is."""
    try:
        yield
    except _MISTAKES:
        raise
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise Unavailable("The storage does not answer. Try again later.", debug=f"{name}: {error}") from error


def _roll_back(db: Connection) -> None:
    # SQLite has done it already after some errors.
    if db.in_transaction:
        db.execute("ROLLBACK")
