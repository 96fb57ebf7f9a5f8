"""How many requests somebody may send: a token bucket for each name. Knows no clock: callers say when it is.

Kept for as many names as there is room for; who was forgotten begins with a full bucket.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Hashable
from typing import Final, NamedTuple, Protocol, TypeAlias

MOST_NAMES: Final = 10_000


class Bucket(NamedTuple):
    """Whose it is; it gets `per_second` tokens, and holds `burst`, one at least."""

    name: str
    per_second: float
    burst: float


Waits: TypeAlias = tuple[float, ...]
"""Seconds until each of some buckets has a token; 0 where it has one."""


class Buckets(Protocol):
    """A token bucket for each name, wherever they are."""

    def wait(self, *buckets: Bucket) -> Waits | Awaitable[Waits]:
        """All 0 where the request may pass, which takes a token of each then; else nothing is taken. Each name once.

        To be awaited where others are asked. What was not looked at, because another one has none, is 0, too.
        """
        ...


class Rates:
    """`per_second` on average, `burst` at once. Belongs to one thread."""

    def __init__(self, *, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = max(burst, 1.0)
        # What was left in the bucket, and when.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, name: Hashable, now: float) -> float:
        """0 where the request may pass, which is counted then; else the seconds until one may. `now` never goes back."""
        left, since = self._buckets.pop(name, (self._burst, now))
        left, wait = after(left, now - since, self._per_second, self._burst)
        self._buckets[name] = left, now
        if len(self._buckets) > MOST_NAMES:
            self._buckets.popitem(last=False)
        return wait


def after(left: float, seconds: float, per_second: float, burst: float) -> tuple[float, float]:
    """What is left in a bucket after somebody came, so long after the one before, and how long that one has to wait."""
    left = min(burst, left + seconds * per_second)
    return (left - 1.0, 0.0) if left >= 1.0 else (left, (1.0 - left) / per_second)
