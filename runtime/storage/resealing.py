"""The storage contract's part for the master key: know the right one (`proof`), and change it.

To change it is to walk all sealed secrets, and to put others in their places (`rotation`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from typing import Final

ENOUGH: Final = 100
"""Secrets that tell whether a key is the right one."""


class Resealing(ABC):
    """See `base.Storage`."""

    @abstractmethod
    async def hooks_with_secrets(self, after: str) -> tuple[list[tuple[str, str]], str]:
        """Tenant and id of some hooks of all tenants, and where to go on, "" at the end as at the beginning.

        Whoever has secrets from the beginning to the end is there at least once.
        """

    @abstractmethod
    async def replace_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Put the second of each two sealed values in place of the first. Both are the same when they are opened.

        A name that has another value by now keeps it; a hook that is gone stays gone.
        """

    async def each_with_secrets(self) -> AsyncIterator[tuple[str, str]]:
        """Tenant and id of all that `hooks_with_secrets` gives, from its beginning to its end."""
        after = ""
        while True:
            hooks, after = await self.hooks_with_secrets(after)
            for hook in hooks:
                yield hook
            if not after:
                return

    @abstractmethod
    async def get_proof(self) -> bytes | None:
        """The proof of the master key, sealed; None where there is none yet."""

    @abstractmethod
    async def replace_proof(self, old: bytes | None, new: bytes | None) -> None:
        """Put the second proof in place of the first, None for none. Where another is there by now, that stays."""

    @abstractmethod
    async def some_secrets(self) -> dict[str, bytes]:
        """Sealed secrets of whichever hooks, by their contexts (`sealing.secret_context`): all, or `ENOUGH` and maybe some more."""
