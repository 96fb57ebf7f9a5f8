"""Ids that sort by time: 48 bits of milliseconds, then 80 bits of chance, as 26 characters (ULID specification).

Own code, because it is shorter than the dependency would be. Knows no clock: the time is an argument.
"""

from __future__ import annotations

import random
import re
import secrets
from typing import Final

ULID_PATTERN: Final = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
_ULID: Final = re.compile(ULID_PATTERN)
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_RANDOM_BITS: Final = 80
_TAIL_BITS: Final = 20


def is_ulid(text: str) -> bool:
    """Whether this could be an id of ours."""
    return _ULID.fullmatch(text) is not None


def least_at(at: float) -> str:
    """What no id is less than that was made at this moment, in seconds since the epoch, or later."""
    milliseconds = int(at * 1000)
    return "".join([_PAIRS[milliseconds >> shift & 1023] for shift in range(40, -1, -10)]) + "0" * 16


class Ulids:
    """Makes ids, each greater than the one before: also within a millisecond, and when the clock is set back.

    Within a millisecond only the last four characters are written anew: a whole id is five microseconds of a request.
    """

    def __init__(self) -> None:
        # An id is no secret: only the seed is asked of the system.
        self._chance = random.Random(secrets.randbits(256))  # noqa: S311 - likewise
        self._milliseconds = -1
        self._head, self._head_text, self._tail = -1, "", 0

    def new(self, at: float) -> str:
        """An id for this moment, in seconds since the epoch."""
        milliseconds = int(at * 1000)
        self._tail += 1
        if milliseconds > self._milliseconds or self._tail >> _TAIL_BITS:
            self._begin(max(milliseconds, self._milliseconds))
        tail = self._tail
        return self._head_text + _PAIRS[tail >> 10] + _PAIRS[tail & 1023]

    def _begin(self, milliseconds: int) -> None:
        fresh = milliseconds << _RANDOM_BITS | self._chance.getrandbits(_RANDOM_BITS)
        # When the tail is full, the head rises within its millisecond.
        head = fresh >> _TAIL_BITS if milliseconds > self._milliseconds else self._head + 1
        self._milliseconds, self._head = milliseconds, head
        self._head_text = "".join([_PAIRS[head >> shift & 1023] for shift in range(100, -1, -10)])
        self._tail = fresh & (1 << _TAIL_BITS - 1) - 1
