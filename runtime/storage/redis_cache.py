"""What a tenant's Actions of one trigger keep by `api.cache`: a hash that Redis removes after its last entry's end."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from runtime.storage.base import CacheEntry
from runtime.storage.redis_hooks import pairs
from runtime.storage.redis_part import Part, script

_CHANGE: Final = script("cache")
_HEAD: Final = struct.Struct(">ddd")
"""Number, end, size."""

_LONGER: Final = 60_000
"""Milliseconds: nodes' clocks may differ that much from Redis's. Who reads looks at each entry's end."""


class Cache(Part):
    """See the calls of the same names in `Storage`."""

    async def get_cache(self, tenant: str, trigger: str, now: float) -> list[CacheEntry]:
        """See `Storage.get_cache`."""
        fields = await self._server.command("HGETALL", self._keys.cache(tenant, trigger))
        flat = [item for pair in fields.items() for item in pair] if isinstance(fields, dict) else fields
        kept = sorted((*_HEAD.unpack_from(packed), key, packed[_HEAD.size :]) for key, packed in pairs(flat))
        return [CacheEntry(key, sealed, int(size), end) for _, end, size, key, sealed in kept if end > now]

    async def change_cache(
        self, tenant: str, trigger: str, changes: Sequence[CacheEntry], now: float, *, most: int, most_bytes: int
    ) -> None:
        """See `Storage.change_cache`."""
        arguments: list[str | bytes] = []
        for change in changes:
            end = "" if change.sealed is None else repr(change.expires_at)
            arguments += [change.key, end, str(change.size), change.sealed or b""]
        key = self._keys.cache(tenant, trigger)
        await self._server.run(_CHANGE, [key], repr(now), str(most), str(most_bytes), str(_LONGER), *arguments)
