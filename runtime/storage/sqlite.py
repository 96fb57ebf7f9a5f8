"""SQLite: the storage of one machine. The only module that knows sqlite3.

Rules:
- One thread writes (`writer`), several writes in one transaction, each in a savepoint of its own: a disk that syncs 200
  times a second takes thousands of writes.
- WAL with synchronous=FULL: what was answered survives kill -9 and a power cut; readers and the writer do not wait for
  each other.
- Several processes may share the file: a write transaction takes SQLite's lock at its beginning (BEGIN IMMEDIATE), so what
  it reads is still so when it writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from runtime.errors import SettingsError, Unavailable
from runtime.model import Execution, Hook
from runtime.storage import tables
from runtime.storage.base import ExecutionFilter, HookChange, HookFilter, HookWritten, Storage
from runtime.storage.writer import Done, Writer, stopped

T = TypeVar("T")
Work: TypeAlias = Callable[[sqlite3.Connection], T]

BUSY_SECONDS: Final = 5.0
"""How long a call waits for another process's lock."""

_APPLICATION_ID: Final = int.from_bytes(b"hook")
_READERS: Final = 2
_PRUNED_TOGETHER: Final = 500
_OPEN_ATTEMPTS: Final = 100


async def open_sqlite(path: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> SqliteStorage:
    """The storage in this file, made (mode 0600) when there is none. `SettingsError` when it can not be used."""
    file = _absolute(path)
    connect = partial(_connect, file, busy_seconds)
    connection = await asyncio.get_running_loop().run_in_executor(None, _open_database, file, connect, migrations())
    return SqliteStorage(connection, connect)


class SqliteStorage(Storage):
    """See `Storage`. Belongs to the event loop that opened it."""

    def __init__(self, connection: sqlite3.Connection, connect: Callable[[], sqlite3.Connection]) -> None:
        self._readers = _Readers(connect)
        self._commits = _Commits(connection)
        self._writer = Writer(self._commits.commit, self._commits.close)

    @property
    def transactions(self) -> int:
        """How many write transactions were begun: fewer than writes when those came together."""
        return self._commits.transactions

    async def close(self) -> None:
        """See `Storage.close`."""
        self._writer.stop()
        self._readers.stop()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._writer.join)
        await loop.run_in_executor(None, self._readers.join)

    async def ping(self) -> None:
        """See `Storage.ping`."""
        await self._readers.run(lambda db: db.execute("SELECT 1 FROM hooks LIMIT 1").fetchone())

    async def create_hook(self, hook: Hook, *, most: int | None = None) -> HookWritten:
        """See `Storage.create_hook`."""
        return await self._writer.run(lambda db: tables.create_hook(db, hook, most))

    async def update_hook(
        self, tenant: str, hook_id: str, change: HookChange, at: float, *, seen: Hook | None = None
    ) -> HookWritten:
        """See `Storage.update_hook`."""
        return await self._writer.run(lambda db: tables.update_hook(db, tenant, hook_id, change, at, seen))

    async def delete_hook(self, tenant: str, hook_id: str) -> Hook:
        """See `Storage.delete_hook`."""
        return await self._writer.run(lambda db: tables.delete_hook(db, tenant, hook_id))

    async def get_hook(self, tenant: str, hook_id: str) -> Hook:
        """See `Storage.get_hook`."""
        return await self._readers.run(lambda db: tables.get_hook(db, tenant, hook_id))

    async def list_hooks(self, tenant: str, wanted: HookFilter, *, start: int, limit: int) -> tuple[list[Hook], int]:
        """See `Storage.list_hooks`."""
        return await self._readers.run(lambda db: tables.list_hooks(db, tenant, wanted, start, limit))

    async def enabled_hook(self, tenant: str, trigger: str) -> Hook | None:
        """See `Storage.enabled_hook`."""
        return await self._readers.run(lambda db: tables.enabled_hook(db, tenant, trigger))

    async def get_secrets(self, tenant: str, hook_id: str) -> dict[str, bytes]:
        """See `Storage.get_secrets`."""
        return await self._readers.run(lambda db: tables.get_secrets(db, tenant, hook_id))

    async def add_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes], *, most: int) -> None:
        """See `Storage.add_secrets`."""
        await self._writer.run(lambda db: tables.add_secrets(db, tenant, hook_id, secrets, most))

    async def update_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes]) -> None:
        """See `Storage.update_secrets`."""
        await self._writer.run(lambda db: tables.update_secrets(db, tenant, hook_id, secrets))

    async def delete_secrets(self, tenant: str, hook_id: str, names: Sequence[str]) -> None:
        """See `Storage.delete_secrets`."""
        await self._writer.run(lambda db: tables.delete_secrets(db, tenant, hook_id, names))

    async def put_image(self, version_id: str, build_id: str, image: bytes) -> None:
        """See `Storage.put_image`."""
        await self._writer.run(lambda db: tables.put_image(db, version_id, build_id, image))

    async def get_image(self, version_id: str, build_id: str) -> bytes | None:
        """See `Storage.get_image`."""
        return await self._readers.run(lambda db: tables.get_image(db, version_id, build_id))

    async def append_executions(self, executions: Sequence[Execution]) -> None:
        """See `Storage.append_executions`."""
        await self._writer.run(lambda db: tables.append_executions(db, executions))

    async def list_executions(self, tenant: str, wanted: ExecutionFilter, *, limit: int) -> list[Execution]:
        """See `Storage.list_executions`."""
        return await self._readers.run(lambda db: tables.list_executions(db, tenant, wanted, limit))

    async def prune_executions(self, *, older_than: float, most: int) -> int:
        """See `Storage.prune_executions`."""
        tenants = await self._readers.run(tables.recorded_tenants)
        return sum([await self._prune(tenant, older_than, most) for tenant in tenants])

    async def _prune(self, tenant: str, older_than: float, most: int) -> int:
        last = await self._readers.run(lambda db: tables.last_to_prune(db, tenant, older_than, most))
        if last is None:
            return 0
        removed = 0
        while some := await self._writer.run(lambda db: tables.prune_some(db, tenant, last, _PRUNED_TOGETHER)):
            removed += some
        return removed


class _Readers:
    """A few threads that read, each with a connection of its own that can not write."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="hookd-read")
        self._mine = threading.local()
        self._connections: list[sqlite3.Connection] = []
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
        with _as_unavailable():
            db = self._connection()
            db.execute("BEGIN")
            try:
                return work(db)
            finally:
                _roll_back(db)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._connect()
            self._connections.append(connection)
            connection.execute("PRAGMA query_only = ON")
            self._mine.connection = connection
        return connection


class _Commits:
    """The connection that writes; called by the writer's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.transactions = 0
        self._connection = connection

    def commit(self, works: Sequence[Work[Any]]) -> Sequence[Done]:
        """All in one transaction; one by one where that fails, for one may break it for all (too large for the disk)."""
        db = self._connection
        begun = False
        self.transactions += 1
        try:
            with _as_unavailable():
                db.execute("BEGIN IMMEDIATE")
                begun = True
                done = [_attempt(db, work) for work in works]
                db.execute("COMMIT")
                return done
        except Exception as error:  # noqa: BLE001 - the thread lives as long as the storage; the callers get it
            _roll_back(db)
            if len(works) == 1 or not begun:
                return [Done(error=error)] * len(works)
        return [done for work in works for done in self.commit([work])]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _attempt(db: sqlite3.Connection, work: Work[Any]) -> Done:
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


_MISTAKES: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError)
"""Errors that say that our own SQL is wrong, not that the database is out of order."""


@contextlib.contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except _MISTAKES:
        raise
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise Unavailable("The storage does not answer. Try again later.", debug=f"{name}: {error}") from error


def _roll_back(db: sqlite3.Connection) -> None:
    # SQLite has done it already after some errors.
    if db.in_transaction:
        db.execute("ROLLBACK")


def migrations() -> list[str]:
    """The scripts of schema/ in order: the first makes version 1 of the schema, and so on."""
    return [file.read_text(encoding="utf-8") for file in sorted(Path(__file__).with_name("schema").glob("*.sql"))]


def _absolute(path: str | Path) -> Path:
    # Readers connect later, maybe in another current directory.
    return Path(path).absolute()


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    # mode=rw: a file that was removed is not made anew, and empty.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _open_database(path: Path, connect: Callable[[], sqlite3.Connection], scripts: Sequence[str]) -> sqlite3.Connection:
    """A connection to an up-to-date database."""
    try:
        # Only a new file is opened here: closing any descriptor of a file drops the locks that SQLite has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = connect()
        try:
            _require_ours(connection, path)
            _enter_wal(connection, path)
            _migrate(connection, path, scripts)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"The database {path} can not be used: {error}.") from error
    return connection


def _require_ours(db: sqlite3.Connection, path: Path) -> None:
    application = _pragma(db, "application_id")
    (tables_there,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION_ID and (application or tables_there):
        raise SettingsError(f"The database {path} can not be used: it belongs to another program.")


def _enter_wal(db: sqlite3.Connection, path: Path) -> None:
    """Remembered in the file. SQLite does not wait here for another process that makes the same file: we do."""
    for _ in range(_OPEN_ATTEMPTS):
        try:
            mode = _pragma(db, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        else:
            if mode != "wal":
                raise SettingsError(f"The database {path} can not be used: its file system has no shared memory (WAL).")
            return
    raise SettingsError(f"The database {path} can not be used: other processes keep it locked.")


def _migrate(db: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    """Apply the scripts that the database has not seen, all or none."""
    if _version(db, path, len(scripts)) == len(scripts):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Asked again: another process may have been faster.
        for script in scripts[_version(db, path, len(scripts)) :]:
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(scripts)}")
        db.execute("COMMIT")
    finally:
        _roll_back(db)


def _version(db: sqlite3.Connection, path: Path, newest: int) -> int:
    version = int(_pragma(db, "user_version"))
    if version > newest:
        raise SettingsError(
            f"The database {path} was written by a newer hookd: its schema has version {version}, this one knows {newest}. "
            "Use that hookd, or a copy of the database from before."
        )
    return version


def _statements(script: str) -> Iterator[str]:
    """One by one, for `executescript` would commit the transaction that they run in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement


def _pragma(db: sqlite3.Connection, text: str) -> Any:
    return db.execute(f"PRAGMA {text}").fetchone()[0]
