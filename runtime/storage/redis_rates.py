"""Token buckets of all nodes that share a Redis: see `SharedBuckets`. A key each, which Redis forgets when the bucket is full."""

from __future__ import annotations

from typing import Final

from runtime.storage.rates import Granted
from runtime.storage.redis_part import Part, script

_TAKE: Final = script("take")


class RedisBuckets(Part):
    """See `SharedBuckets`."""

    async def take(self, name: str, per_second: float, burst: float, want: int) -> Granted:
        """See `SharedBuckets.take`."""
        key = self._keys.rate(name)
        tokens, microseconds = await self._server.run(_TAKE, [key], per_second, max(burst, 1.0), want)
        return Granted(tokens, microseconds / 1e6)
