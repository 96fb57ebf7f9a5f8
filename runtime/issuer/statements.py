"""What the token server's tables share: records as JSON documents, and conditions on columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import orjson

from runtime.issuer.records import User
from runtime.sqlite.database import Connection

T = TypeVar("T")


def condition(where: Mapping[str, str | None]) -> str:
    """What follows WHERE: every column has its value."""
    return " AND ".join(f"{column} = ?" for column in where) or "1"


def user_of(connection: Connection, user_id: str) -> User | None:
    """The user as it is within this transaction."""
    row = connection.execute("SELECT document FROM users WHERE user_id = ?", (user_id,)).fetchone()
    return load(User, row[0]) if row else None


def dump(record: Any) -> str:
    """A record's document."""
    return orjson.dumps(asdict(record)).decode()


def load(kind: type[T], document: str) -> T:
    """A record from its document. JSON has no tuples, and records have no lists at their top level."""
    fields: dict[str, object] = orjson.loads(document)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
