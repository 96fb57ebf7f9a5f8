"""What outlives an Action: the entries of `api.cache`, which a tenant's Actions of one trigger share.

Best effort (contract-full 10). They go in with the request and the changes come back with the answer: `api.cache.get` answers
at once, and no sandbox reaches out. What two runs change at once, the later one has changed. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

MOST_ENTRIES, MOST_KEY, MOST_VALUE, MOST_TOGETHER = 20, 64, 4096, 8192
"""Of one cache: entries, bytes of a key and of a value, bytes of all keys and values."""

MOST_MS: Final = 24 * 60 * 60 * 1000


class Change(NamedTuple):
    """An entry that was set, or deleted: then the value is None. `expires_at` is milliseconds since the epoch."""

    key: str
    value: str | None = None
    expires_at: float = 0.0

    @property
    def size(self) -> int:
        """Bytes of the key and of the value."""
        return len(self.key.encode()) + len((self.value or "").encode())


class Caches(Protocol):
    """Where entries are between runs. Neither call raises for anything that happens there: who finds nothing begins anew."""

    async def entries(self, owner: str, trigger: str) -> Sequence[Change]:
        """What is there, and has not expired."""
        ...

    async def keep(self, owner: str, trigger: str, changes: Sequence[Change]) -> None:
        """Apply what an Action changed, within the limits of one cache. Returns when it is so, or soon will be."""
        ...


class NoCaches:
    """`Caches` of who keeps nothing."""

    async def entries(self, owner: str, trigger: str) -> Sequence[Change]:  # noqa: ARG002 - the contract
        """None."""
        return ()

    async def keep(self, owner: str, trigger: str, changes: Sequence[Change]) -> None:
        """Nothing."""
