"""The storage contract's part for changing the master key: walk all sealed secrets, and put others in their places (`rotation`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping


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
