"""Opening a SQLite file: made private when there is none, known by its mark, in WAL, at the present schema.

Rule: what is no database of ours is left as it is, journal mode included, and named in a `SettingsError`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from runtime.errors import SettingsError

T = TypeVar("T")

_ATTEMPTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a file holds. `mark` are four letters in its head (`application_id`) that no other program's files have.

    The first of `scripts` makes version 1 of the schema, the second makes version 2 of that, and so on.
    """

    mark: bytes
    scripts: Sequence[str]

    @property
    def application_id(self) -> int:
        """The mark as SQLite keeps it."""
        return int.from_bytes(self.mark)


def open_file(path: Path, schema: Schema, busy_seconds: float) -> sqlite3.Connection:
    """A connection to an up-to-date database in this file (mode 0600 when it is new)."""
    try:
        # Only a new file is opened here: closing any descriptor of a file drops the locks that SQLite has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = connect(path, busy_seconds)
        try:
            _require_ours(connection, path, schema)
            enter_wal(connection, path)
            _migrate(connection, path, schema)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"The database {path} can not be used: {error}.") from error
    return connection


def look(path: Path, schema: Schema, busy_seconds: float, ask: Callable[[sqlite3.Connection], T]) -> tuple[int, T]:
    """The version of the schema that this file has, and what `ask` finds in it. `SettingsError` when it can not be used.

    Nothing of it is changed; beside one that nobody has open nothing is made, either.
    """
    beside = Path(f"{os.path.realpath(path)}-wal")
    try:
        alone = "" if beside.exists() else "&immutable=1"
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{alone}", uri=True, timeout=busy_seconds)
        ) as db:
            _require_ours(db, path, schema)
            return _version(db, path, len(schema.scripts)), ask(db)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"The database {path} can not be used: {error}.") from error


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """One more connection to a file that is open; it waits so long for another process's lock."""
    # mode=rw: a file that was removed is not made anew, and empty.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is sorted goes to no folder that all may use, which a confined process has not.
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def enter_wal(db: sqlite3.Connection, path: Path) -> None:
    """Remembered in the file. SQLite does not wait here for another process that makes the same file: we do."""
    for _ in range(_ATTEMPTS):
        try:
            mode = _pragma(db, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            db.execute("BEGIN EXCLUSIVE")  # waits for those who read, too
            db.execute("ROLLBACK")
        else:
            if mode != "wal":
                raise SettingsError(f"The database {path} can not be used: its file system has no shared memory (WAL).")
            return
    raise SettingsError(f"The database {path} can not be used: other processes keep it locked.")


def _require_ours(db: sqlite3.Connection, path: Path, schema: Schema) -> None:
    # One snapshot: between two, another process may have made a new file ours.
    db.execute("BEGIN")
    application = _pragma(db, "application_id")
    (tables_there,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    db.execute("ROLLBACK")
    if application != schema.application_id and (application or tables_there):
        raise SettingsError(f"The database {path} can not be used: it belongs to another program.")


def _migrate(db: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Apply the scripts that the database has not seen, all or none."""
    newest = len(schema.scripts)
    if _version(db, path, newest) == newest:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Asked again: another process may have been faster.
        for script in schema.scripts[_version(db, path, newest) :]:
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {schema.application_id}")
        db.execute(f"PRAGMA user_version = {newest}")
        db.execute("COMMIT")
    finally:
        # SQLite has done it already after some errors.
        if db.in_transaction:
            db.execute("ROLLBACK")


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
