"""How many requests somebody may send to all workers of a service together: token buckets in memory that they share.

Sets of buckets; in a full set the one that was asked for the longest time ago gives way, and is full when it comes back. Half
of a bucket that a killed process wrote errs by what came in the meantime, no more.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from runtime.memory import Lock, mapped
from runtime.rates import after

START: Final = 1 << 30
"""Where in the file they are: behind all that `answers` has."""

SETS: Final = 1 << 12
_WAYS: Final = 4
_BUCKET: Final = struct.Struct("<16sdd")
"""Whose it is, what was left in it, and when."""

_TIMES: Final = struct.Struct("<" + "24xd" * _WAYS)
_SET: Final = _BUCKET.size * _WAYS
_LOCK: Final = 1 << 49


class SharedRates:
    """One process's view of a file that all have. `clock` is one that all processes of the machine share."""

    def __init__(self, file: int, *, sets: int = SETS, clock: Callable[[], float] = time.monotonic) -> None:
        self._sets = sets
        self._clock = clock
        self._memory = mapped(file, START, sets * _SET)
        self._lock = Lock(file, _LOCK, clock)

    def wait(self, name: str, per_second: float, burst: float) -> float:
        """0 where the request may pass, which is counted then; else the seconds until one may.

        It may, too, where somebody holds all up: a limit is no reason to answer nobody.
        """
        key = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if not self._lock.take():
            return 0.0
        try:
            now, burst = self._clock(), max(burst, 1.0)
            start = int.from_bytes(key[:4], "little") % self._sets * _SET
            times = _TIMES.unpack_from(self._memory, start)
            for at in range(start, start + _SET, _BUCKET.size):
                whose, left, since = _BUCKET.unpack_from(self._memory, at)
                if whose == key:
                    break
            else:
                at = start + times.index(min(times)) * _BUCKET.size
                left, since = burst, now
            left, wait = after(left, max(0.0, now - since), per_second, burst)
            _BUCKET.pack_into(self._memory, at, key, left, now)
            return wait
        finally:
            self._lock.give_back()
