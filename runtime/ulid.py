"""Ids that sort by time: 48 bits of milliseconds, then 80 bits of chance, as 26 characters (ULID specification).

Own code, because it is shorter than the dependency would be. Knows no clock: the time is an argument.
"""

from __future__ import annotations

import random
import secrets
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_RANDOM_BITS: Final = 80


class Ulids:
    """Makes ids, each greater than the one before: also within a millisecond, and when the clock is set back."""

    def __init__(self) -> None:
        self._last = 0
        # An id is no secret: what is asked of the system is the seed, for a call per id is two microseconds of a request.
        self._chance = random.Random(secrets.randbits(256))  # noqa: S311 - likewise

    def new(self, at: float) -> str:
        """An id for this moment, in seconds since the epoch."""
        fresh = int(at * 1000) << _RANDOM_BITS | self._chance.getrandbits(_RANDOM_BITS)
        self._last = fresh if fresh >> _RANDOM_BITS > self._last >> _RANDOM_BITS else self._last + 1
        return "".join([_PAIRS[self._last >> shift & 1023] for shift in range(120, -1, -10)])
