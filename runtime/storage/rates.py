"""Token buckets that nodes share: the contract of a storage that several machines share."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Granted(NamedTuple):
    """What a bucket gave: so many tokens, and the seconds until it has another one, 0 where it gave all that were wanted."""

    tokens: int
    wait_seconds: float


class SharedBuckets(Protocol):
    """A bucket for each name, which is full where nobody knows it. Time is the storage's. `Unavailable`."""

    async def take(self, name: str, per_second: float, burst: float, want: int) -> Granted:
        """As many tokens as are there, `want` at most, from one that gets `per_second` and holds `burst`, one at least.

        Those of a call whose answer is lost are lost, too: never are there more than the bucket had.
        """
        ...
