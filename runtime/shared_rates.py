"""How many requests somebody may send to all workers of a service together: token buckets in memory that they share.

Sets of buckets, found by 128 bits of a hash: nobody is refused for what another sent. Where more than `_WAYS` that are not full
fall into one set, the one that would be full first gives way, and is full when it comes back: a little more may pass then, never
less, and a flood does not push itself out by calls of others. Half of a bucket that a killed process wrote errs by what came in the
meantime, no more.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from runtime.memory import Lock, mapped
from runtime.rates import Bucket, Waits, after

START: Final = 1 << 30
"""Where in the file they are: behind all that `answers` has."""

SETS: Final = 1 << 14
"""For each hook that was called in the last seconds, and each tenant; a page of them takes memory when it is written."""

_WAYS: Final = 4
_BUCKET: Final = struct.Struct("<16sddd")
"""Whose it is, what was left in it, and when; and when it is full again."""

_FULL: Final = struct.Struct("<" + "32xd" * _WAYS)
_SET: Final = _BUCKET.size * _WAYS
_LOCK: Final = 1 << 49


class SharedRates:
    """One process's view of a file that all have. `clock` is one that all processes of the machine share."""

    def __init__(self, file: int, *, sets: int = SETS, clock: Callable[[], float] = time.monotonic) -> None:
        self._sets = sets
        self._clock = clock
        self._memory = mapped(file, START, sets * _SET)
        self._lock = Lock(file, _LOCK, clock)

    def wait(self, *buckets: Bucket) -> Waits:
        """See `rates.Buckets.wait`: in one step, for all processes.

        It may pass, too, where somebody holds all up: a limit is no reason to answer nobody.
        """
        keys = [blake2b(bucket.name.encode("utf-8", "surrogatepass"), digest_size=16).digest() for bucket in buckets]
        if not self._lock.take():
            return (0.0,) * len(buckets)
        try:
            now = self._clock()
            counted = [self._after(key, bucket, now) for key, bucket in zip(keys, buckets, strict=True)]
            waits = tuple(wait for _, wait in counted)
            if not any(waits):
                for key, bucket, (left, _) in zip(keys, buckets, counted, strict=True):
                    full = now + (max(bucket.burst, 1.0) - left) / bucket.per_second
                    # Found once more: of two that are new in a set, the second would be put where the first is.
                    _BUCKET.pack_into(self._memory, self._find(key)[0], key, left, now, full)
            return waits
        finally:
            self._lock.give_back()

    def _after(self, key: bytes, bucket: Bucket, now: float) -> tuple[float, float]:
        """See `rates.after`."""
        at, is_known = self._find(key)
        burst = max(bucket.burst, 1.0)
        _, left, since, _ = _BUCKET.unpack_from(self._memory, at) if is_known else (key, burst, now, now)
        return after(left, max(0.0, now - since), bucket.per_second, burst)

    def _find(self, key: bytes) -> tuple[int, bool]:
        """Where its bucket is; where there is none, where to put it."""
        start = int.from_bytes(key[:4], "little") % self._sets * _SET
        for at in range(start, start + _SET, _BUCKET.size):
            if self._memory[at : at + len(key)] == key:
                return at, True
        full = _FULL.unpack_from(self._memory, start)
        return start + full.index(min(full)) * _BUCKET.size, False
