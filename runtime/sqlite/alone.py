"""A SQLite file that one process has to itself, in one transaction.

Nobody else opens it meanwhile, and in the end all that was written is there, or nothing of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Final, Self, TypeVar

from runtime.sqlite.database import Connection, Work, as_unavailable
from runtime.sqlite.opening import connect

T = TypeVar("T")

_BUSY_SECONDS: Final = 0.5
"""So long another process may take to let go of the file."""


class Alone:
    """One connection, and its one transaction. `open` before use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Who is cancelled leaves a thread behind that works on.
        self._working = threading.Lock()

    @classmethod
    async def open(cls, path: Path, *, is_source: bool) -> Self | None:
        """A file that is a database of ours, at the present schema; None where another process has it open. A source is only read."""
        with as_unavailable():
            connection = await asyncio.to_thread(_begin, path, is_source)
        return None if connection is None else cls(connection)

    async def run(self, work: Work[T]) -> T:
        """What the work gives. `Unavailable`."""
        with as_unavailable():
            return await asyncio.to_thread(self._run, work)

    async def commit(self) -> None:
        """All that was written is on disk. The end: the file is still nobody else's until `close`. `Unavailable`."""
        await self.run(lambda connection: connection.execute("COMMIT"))

    async def close(self) -> None:
        """Let go of the file; what was not committed is not there. Idempotent."""
        await asyncio.to_thread(self._run, Connection.close)

    def _run(self, work: Work[T]) -> T:
        with self._working:
            return work(self._connection)


def _begin(path: Path, is_source: bool) -> Connection | None:
    connection = None
    try:
        # Who has the file open in WAL has a lock on it all the while, also who does nothing: this one bears no other.
        connection = connect(path.absolute(), _BUSY_SECONDS)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute(f"PRAGMA query_only = {int(is_source)}")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return None
        raise
    return connection
