"""What the SQL of the `tables` modules shares: the part of a connection that it uses, and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class Database(Protocol):
    """The part of a connection that this module uses."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]], /) -> Rows:
        """Run one statement for each row of parameters."""


def where(conditions: Mapping[str, object]) -> tuple[str, list[object]]:
    """A condition on the columns that are given, and its values."""
    given = {column: value for column, value in conditions.items() if value is not None}
    return " AND ".join(f"{column} = ?" for column in given), list(given.values())
