"""What the token server's tables in SQLite share: conditions on columns, and a user within a transaction."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.issuer.documents import load
from runtime.issuer.records import User
from runtime.sqlite.database import Connection


def condition(where: Mapping[str, str | None]) -> str:
    """What follows WHERE: every column has its value."""
    return " AND ".join(f"{column} = ?" for column in where) or "1"


def user_of(connection: Connection, user_id: str) -> User | None:
    """The user as it is within this transaction."""
    row = connection.execute("SELECT document FROM users WHERE user_id = ?", (user_id,)).fetchone()
    return load(User, row[0]) if row else None
