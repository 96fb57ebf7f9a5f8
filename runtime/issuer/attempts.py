"""Who guesses is refused for a while: the failures of each name from each address, counted in memory.

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

MOST_FAILURES: Final = 10
WINDOW_SECONDS: Final = 600.0

MOST_PAIRS: Final = 10_000
"""More pairs of a name and an address than these, and the one whose last failure is the oldest is forgotten."""


class Attempts:
    """At most `MOST_FAILURES` failures in a row for a name from an address within `WINDOW_SECONDS`."""

    def __init__(self, clock: Callable[[], float], *, most_pairs: int = MOST_PAIRS) -> None:
        self._clock = clock
        self._most_pairs = most_pairs
        self._failures: OrderedDict[bytes, tuple[float, ...]] = OrderedDict()

    def check(self, name: str, ip: str) -> None:
        """`TooManyAttempts` when this pair has failed too often; that itself is no failure."""
        pair = _pair(name, ip)
        if len(self._recent(pair)) >= MOST_FAILURES:
            raise TooManyAttempts

    def count(self, name: str, ip: str, *, failed: bool) -> None:
        """Remember a failure, or forget the pair's failures."""
        pair = _pair(name, ip)
        if not failed:
            self._failures.pop(pair, None)
            return
        self._failures[pair] = (*self._recent(pair), self._clock())[-MOST_FAILURES:]
        self._failures.move_to_end(pair)
        if len(self._failures) > self._most_pairs:
            self._failures.popitem(last=False)

    def _recent(self, pair: bytes) -> tuple[float, ...]:
        since = self._clock() - WINDOW_SECONDS
        return tuple(at for at in self._failures.get(pair, ()) if at > since)


def _pair(name: str, ip: str) -> bytes:
    # A digest: names are the caller's, and may be long.
    return hashlib.sha256(f"{ip}\0{name}".encode()).digest()
