"""The token server's file while it is moved: one transaction, and nobody else has it open. What is cut off leaves no trace."""
# ruff: noqa: S608 - the names of tables and columns in these queries are this package's own

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from runtime.issuer.documents import load
from runtime.issuer.moving import TABLES, TOGETHER, Moving
from runtime.issuer.records import Record
from runtime.issuer.sqlite_store import SCHEMA, open_sqlite_store
from runtime.issuer.statements import insert
from runtime.moves import Looked, NotAlone, require_source
from runtime.sqlite.alone import Alone
from runtime.sqlite.database import BUSY_SECONDS, Connection
from runtime.sqlite.opening import look

R = TypeVar("R", bound=Record)


async def open_sqlite_moving(path: Path, name: str, *, is_target: bool) -> SqliteMoving:
    """The file, which is made where it is the target and there is none. `SettingsError`, `NotAlone`."""
    if is_target:
        await (await open_sqlite_store(path)).close()
    else:
        require_source(look_at_sqlite(path), name, "data of a token server")
    file = await Alone.open(path, is_source=not is_target)
    if file is None:
        raise NotAlone(name)
    return SqliteMoving(file)


def look_at_sqlite(path: Path) -> Looked | None:
    """What is in this file, which is changed in nothing; None where there is none. `SettingsError`."""
    if not path.exists():
        return None
    version, is_unused = look(path, SCHEMA, BUSY_SECONDS, _has_no_key)
    return Looked(has=version, will=len(SCHEMA.scripts), is_unused=is_unused)


def _has_no_key(db: Connection) -> bool:
    """A token server makes signing keys at its first start."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'signing_keys'").fetchone() is None:
        return True
    return db.execute("SELECT 1 FROM signing_keys").fetchone() is None


class SqliteMoving(Moving):
    """See `Moving`."""

    def __init__(self, file: Alone) -> None:
        self._file = file

    async def count(self) -> int:
        """See `Moving.count`."""
        query = "SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in TABLES.values())
        return await self._file.run(lambda db: int(db.execute(query).fetchone()[0]))

    async def records(self, kind: type[R]) -> AsyncIterator[R]:
        """See `Moving.records`."""
        # A record is used up without its document being written again.
        beside = [field.name for field in fields(cast("Any", kind)) if field.name == "is_used"]
        query = f"SELECT {', '.join(('document', *beside))} FROM {TABLES[kind]} ORDER BY rowid"
        cursor = await self._file.run(lambda db: db.execute(query))
        while rows := await self._file.run(lambda _: cursor.fetchmany(TOGETHER)):
            for document, *is_used in rows:
                record = load(kind, document)
                yield cast("R", replace(cast("Any", record), is_used=bool(is_used[0]))) if is_used else record

    async def restore(self, record: Record) -> None:
        """See `Moving.restore`."""
        await self._file.run(lambda db: insert(db, TABLES[type(record)], record))

    async def clear(self, step: Callable[[], None]) -> None:
        """See `Moving.clear`."""
        for table in reversed([*TABLES.values()]):
            for _ in range(await self._file.run(partial(_empty, table))):
                step()

    async def is_unchanged(self) -> bool:
        """See `Moving.is_unchanged`. Nobody else can write."""
        return True

    async def unfinished(self) -> str | None:
        """See `Target.unfinished`. A file never is: all of it comes at once."""
        return None

    async def begin_moving(self, source: str) -> None:
        """See `Target.begin_moving`."""

    async def end_moving(self) -> None:
        """See `Target.end_moving`."""
        await self._file.commit()

    async def close(self) -> None:
        """See `Moving.close`."""
        await self._file.close()


def _empty(table: str, connection: Connection) -> int:
    return connection.execute(f"DELETE FROM {table}").rowcount
