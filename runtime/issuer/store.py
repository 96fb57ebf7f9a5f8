"""What the token server keeps, and what may be asked of it: the contract. `opening` chooses who keeps it.

Rules:
- A call that returned is kept. One that can not be done now is `Unavailable`, and may have been done where its answer was lost.
- Each call is one step: whoever shares the store, in this process or another, sees all of it or nothing.
- What a record refers to is there. With what it refers to, it goes.
- An `edit` is pure: where somebody else was first, it is called again, on what they left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

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

R = TypeVar("R", bound=Record)

REMEMBERED_SECONDS: Final = 600.0
"""A code is known for so long after its end, so that a second use is seen."""

MOST_FAILURES: Final = 10
WINDOW_SECONDS: Final = 600.0
"""Failures are counted for so long."""


class Table(ABC, Generic[R]):
    """All records of one kind, in the order in which they were added."""

    @abstractmethod
    async def get(self, key: str) -> R | None:
        """The record with this key, or None."""

    @abstractmethod
    async def find(self, **where: str | None) -> R | None:
        """The one record whose columns have these values, or None."""

    @abstractmethod
    async def page(self, where: Mapping[str, str | None], *, start: int, limit: int) -> tuple[list[R], int]:
        """At most `limit` records from the `start`th on, and how many there are in all."""

    @abstractmethod
    async def add(self, record: R) -> None:
        """Keep a new record. `Conflict` when there is one with a value that may exist only once."""

    @abstractmethod
    async def put(self, record: R) -> None:
        """Keep a record, in place of the one with the same key if there is one."""

    @abstractmethod
    async def change(self, key: str, edit: Callable[[R], R]) -> R | None:
        """Edit one record and return what it is now, or None when there is none."""

    @abstractmethod
    async def remove(self, key: str) -> bool:
        """Remove a record and what depends on it; False when there is none."""


class ResourceServers(Table[ResourceServer]):
    """The APIs."""

    @abstractmethod
    async def move(self, api: ResourceServer, old: str) -> None:
        """Keep the API whose identifier was `old`; what names it by that names it by the new one, in one step."""


class RefreshTokens(ABC):
    """Refresh tokens with rotation: each is good for one use, and a second use ends its whole family."""

    @abstractmethod
    async def add(self, token: RefreshToken, signed_in: User, now: float) -> bool:
        """Keep the first token of a family, and forget the ones that are over.

        `signed_in` is the user as it was when the password was checked. False, and nothing is kept, when the user has
        another password by now, is blocked or gone, or when the client or the API is gone.
        """

    @abstractmethod
    async def get(self, token_hash: str) -> RefreshToken | None:
        """The token with this hash, used or not, or None."""

    @abstractmethod
    async def rotate(self, used: RefreshToken, successor: RefreshToken) -> bool:
        """Use up a token and keep its successor, in one step; False when somebody else was first."""

    @abstractmethod
    async def revoke(self, **where: str) -> int:
        """End all tokens of a family (`family=`), a client or a user, and return how many there were."""


class AuthorizationCodes(ABC):
    """Authorization codes: each is good for one use, and a second use ends the refresh tokens of the first."""

    @abstractmethod
    async def add(self, code: AuthorizationCode, signed_in: User, now: float) -> bool:
        """Keep a code, and forget the ones that are long over. False as `RefreshTokens.add`."""

    @abstractmethod
    async def get(self, code_hash: str) -> AuthorizationCode | None:
        """The code with this hash, used or not, over or not; or None."""

    @abstractmethod
    async def redeem(self, code: AuthorizationCode, token: RefreshToken | None, now: float) -> bool:
        """Use up a code and keep the refresh token that comes of it, in one step.

        False, and all refresh tokens of the code's family are gone, when somebody else was first; also when the code is
        gone, because the user was changed meanwhile.
        """


class SigningKeys(ABC):
    """The signing keys: exactly one is `current`, exactly one is `next`, the others are `previous`."""

    @abstractmethod
    async def all(self) -> list[SigningKey]:
        """Every key that is still kept, oldest first."""

    @abstractmethod
    async def change(self, edit: Callable[[list[SigningKey]], Sequence[SigningKey]]) -> list[SigningKey]:
        """Replace all keys by what `edit` makes of them, in one step, and return them."""


class Failures(ABC):
    """Who was wrong, and when: the failures of pairs, each a digest of a name and an address."""

    @abstractmethod
    async def count(self, pair: bytes, since: float) -> int:
        """How many failures there were after this moment, at least `MOST_FAILURES` of them known."""

    @abstractmethod
    async def add(self, pair: bytes, at: float) -> None:
        """Remember one, for `WINDOW_SECONDS`."""

    @abstractmethod
    async def forget(self, pair: bytes) -> None:
        """Forget all of a pair."""


class IssuerStore(ABC):
    """Everything that the token server keeps.

    Who gets another password or is blocked, by whatever change of `users`, loses codes and refresh tokens in the same step.
    """

    clients: Table[Client]
    resource_servers: ResourceServers
    client_grants: Table[ClientGrant]
    users: Table[User]
    refresh_tokens: RefreshTokens
    authorization_codes: AuthorizationCodes
    signing_keys: SigningKeys
    user_failures: Failures
    client_failures: Failures

    @abstractmethod
    async def form_key(self, fresh: bytes) -> bytes:
        """The key that login forms are authenticated by: of all token servers that one browser may meet. `fresh` is a new one."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was accepted and let go of the store. Idempotent."""
