"""What the token server's tables in SQLite share: conditions on columns, a new row, and a user within a transaction."""
# ruff: noqa: S608 - the names of tables and columns in these queries are the callers' own; values are always bound

from __future__ import annotations

from collections.abc import Mapping

from runtime.issuer.documents import dump, load
from runtime.issuer.records import Record, User
from runtime.sqlite.database import Connection


def condition(where: Mapping[str, str | None]) -> str:
    """What follows WHERE: every column has its value."""
    return " AND ".join(f"{column} = ?" for column in where) or "1"


def insert(connection: Connection, table: str, record: Record, on_conflict: str = "") -> None:
    """Keep a record. `IntegrityError` where it is there, or what it refers to is not."""
    columns = record.columns
    names, marks = ", ".join((*columns, "document")), ", ".join("?" * (len(columns) + 1))
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks}) {on_conflict}", (*columns.values(), dump(record))
    )


def user_of(connection: Connection, user_id: str) -> User | None:
    """The user as it is within this transaction."""
    row = connection.execute("SELECT document FROM users WHERE user_id = ?", (user_id,)).fetchone()
    return load(User, row[0]) if row else None
