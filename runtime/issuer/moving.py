"""Everything that the token server keeps, read and written as a whole: to be moved into another store (`issuer_migration`).

Rules:
- A source is only read. That nobody changes it meanwhile: a file is opened by nobody else, a Redis tells whether somebody wrote.
- A target is nobody's until `end_moving`: a file has nothing of it before, a Redis is marked, and no token server starts on it.

What lives for minutes is not moved: whose passwords were wrong, and the key of login pages that are open.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeVar

from runtime.issuer.records import (
    AuthorizationCode,
    Client,
    ClientGrant,
    Record,
    RefreshToken,
    ResourceServer,
    SigningKey,
    User,
)
from runtime.moves import Target

R = TypeVar("R", bound=Record)

TABLES: Final[Mapping[type[Record], str]] = {
    Client: "clients",
    ResourceServer: "resource_servers",
    ClientGrant: "client_grants",
    User: "users",
    RefreshToken: "refresh_tokens",
    AuthorizationCode: "authorization_codes",
    SigningKey: "signing_keys",
}
"""Each kind of record, after those that it refers to, and where both backends keep it."""

TOGETHER: Final = 200
"""Records that are read at once."""


class Moving(Target):
    """A store that is open to be moved, from or into."""

    @abstractmethod
    async def count(self) -> int:
        """How many records there are."""

    @abstractmethod
    def records(self, kind: type[R]) -> AsyncIterator[R]:
        """All of a kind as they are now, also what is used up or over, in the order in which they were added."""

    @abstractmethod
    async def restore(self, record: Record) -> None:
        """Keep a record as another store had it, behind those of its kind. What it refers to is there."""

    @abstractmethod
    async def clear(self, step: Callable[[], None]) -> None:
        """Remove every record; a step for each."""

    @abstractmethod
    async def is_unchanged(self) -> bool:
        """Whether nobody else wrote since this was opened."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of the store. Idempotent."""


def key_of(record: Record) -> str:
    """What a record is known by: an id, or a hash."""
    return str(next(iter(record.columns.values())))
