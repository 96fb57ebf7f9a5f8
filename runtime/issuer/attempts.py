"""Who guesses is refused for a while: the failures of each name from each address, counted where the store says.

All addresses of an IPv6 /64 are one (`http.neighbourhood`).

Rule: only failures count, and one success clears them; an attempt that is still being looked at counts as a failure for those that
came after it, which wait for it where that matters. So who asks many times at once has no more guesses, and who is right is
never refused for having asked often, and who is elsewhere is not kept out by a guesser. That goes for each process; several that
share a store know each other's failures when they are counted. Behind a proxy that is not trusted (`http.client_address`) every
address is the proxy's: there who guesses a user's password keeps that user out, for as long as the guessing goes on and ten minutes
more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from runtime.http.neighbourhood import neighbourhood
from runtime.issuer.oauth_errors import TooManyAttempts
from runtime.issuer.store import MOST_FAILURES, WINDOW_SECONDS, Failures

MOST_PAIRS: Final = 10_000
"""More pairs of a name and an address than these in memory, and the one whose last failure is the oldest is forgotten."""


class Attempts:
    """At most `MOST_FAILURES` failures in a row for a name from an address within `WINDOW_SECONDS`. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float], failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self._under_way: WeakValueDictionary[bytes, _UnderWay] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, name: str, ip: str) -> AsyncIterator[None]:
        """Around one attempt: the block finds out whether it is right, and counts it.

        `TooManyAttempts` when this pair has failed too often; that itself is no failure. Waits while it could turn out so.
        """
        pair = _pair(name, ip)
        same = self._under_way.get(pair)
        if same is None:
            same = self._under_way[pair] = _UnderWay()
        async with same.gate:
            ended = asyncio.get_running_loop().create_future()
            same.ends.append(ended)
            try:
                await self._admit(pair, same, ended)
                yield
            finally:
                same.ends.remove(ended)
                ended.set_result(None)

    async def _admit(self, pair: bytes, same: _UnderWay, own: asyncio.Future[None]) -> None:
        while True:
            ahead = same.ends.index(own)  # before the failures: one that fails meanwhile counts twice, not never
            failed = await self._failures.count(pair, self._clock() - WINDOW_SECONDS)
            if failed >= MOST_FAILURES:
                raise TooManyAttempts
            if failed + ahead < MOST_FAILURES:
                return
            if same.ends[0] is not own:
                await asyncio.wait(same.ends[:1])

    async def count(self, name: str, ip: str, *, failed: bool) -> None:
        """Remember a failure, or forget the pair's failures."""
        pair = _pair(name, ip)
        await (self._failures.add(pair, self._clock()) if failed else self._failures.forget(pair))


class _UnderWay:
    """The attempts of one pair that are being looked at: their ends, in the order in which they came. Others wait at the gate."""

    def __init__(self) -> None:
        self.gate = asyncio.Semaphore(MOST_FAILURES)
        self.ends: list[asyncio.Future[None]] = []


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
    return hashlib.sha256(f"{neighbourhood(ip)}\0{name}".encode()).digest()
