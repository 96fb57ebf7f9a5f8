"""Who guesses is refused for a while: the failures of each name from each address, counted where the store says.

Rule: only failures count, and one success clears them. So who is right is never slowed down by having asked often, and who
is elsewhere is not kept out by a guesser. Behind a proxy every address is the proxy's: there who guesses a user's password
keeps that user out, for as long as the guessing goes on and ten minutes more.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from runtime.issuer.oauth_errors import TooManyAttempts
from runtime.issuer.store import MOST_FAILURES, WINDOW_SECONDS, Failures

MOST_PAIRS: Final = 10_000
"""More pairs of a name and an address than these in memory, and the one whose last failure is the oldest is forgotten."""


class Attempts:
    """At most `MOST_FAILURES` failures in a row for a name from an address within `WINDOW_SECONDS`."""

    def __init__(self, clock: Callable[[], float], failures: Failures) -> None:
        self._clock = clock
        self._failures = failures

    async def check(self, name: str, ip: str) -> None:
        """`TooManyAttempts` when this pair has failed too often; that itself is no failure."""
        if await self._failures.count(_pair(name, ip), self._clock() - WINDOW_SECONDS) >= MOST_FAILURES:
            raise TooManyAttempts

    async def count(self, name: str, ip: str, *, failed: bool) -> None:
        """Remember a failure, or forget the pair's failures."""
        pair = _pair(name, ip)
        await (self._failures.add(pair, self._clock()) if failed else self._failures.forget(pair))


class MemoryFailures(Failures):
    """See `Failures`. Of one process, for as long as it lives."""

    def __init__(self, most_pairs: int = MOST_PAIRS) -> None:
        self._most_pairs = most_pairs
        self._times: OrderedDict[bytes, tuple[float, ...]] = OrderedDict()

    async def count(self, pair: bytes, since: float) -> int:
        """See `Failures.count`."""
        return sum(at > since for at in self._times.get(pair, ()))

    async def add(self, pair: bytes, at: float) -> None:
        """See `Failures.add`."""
        self._times[pair] = (*self._times.get(pair, ()), at)[-MOST_FAILURES:]
        self._times.move_to_end(pair)
        if len(self._times) > self._most_pairs:
            self._times.popitem(last=False)

    async def forget(self, pair: bytes) -> None:
        """See `Failures.forget`."""
        self._times.pop(pair, None)


def _pair(name: str, ip: str) -> bytes:
    # A digest: names are the caller's, and may be long.
    return hashlib.sha256(f"{ip}\0{name}".encode()).digest()
