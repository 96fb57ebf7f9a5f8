"""Whose request is next, a token request or a run by URL, where several tenants ask: one's storm is not the others' weather.

The event loop handles whatever has arrived in one go: sixty requests of one tenant, then the one of another. Here only a few of
each go pass in the order in which they come; the others wait, and pass in turn, a few each time round the loop, so that
somebody else's is seen in between. As long as all come from one tenant nobody waits.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from runtime.errors import Unavailable

AT_ONCE: Final = 1
"""So many pass each time round: each is a part of a millisecond that somebody else waits. More cost less, in system calls."""

MOST_WAITING: Final = 1_000
"""Of one tenant."""

CONTENDED_SECONDS: Final = 1.0
"""So long after requests of two tenants came one after the other, turns are taken."""


class Turns:
    """Belongs to one event loop. Times are seconds of its clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = ""
        self._until = 0.0
        self._passed: list[str] = []
        """Who has passed this time round."""
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def wait(self, tenant: str) -> asyncio.Future[None] | None:
        """None where it may pass at once; else what to await. `Unavailable` where too many wait already."""
        if tenant == self._last:
            if self._clock() >= self._until:
                return None
        else:
            if self._last:
                self._until = self._clock() + CONTENDED_SECONDS
            self._last = tenant
        passed = self._passed
        if tenant in self._waiting or (len(passed) >= AT_ONCE and tenant in passed):
            return self._queue(tenant)
        if not passed:
            asyncio.get_running_loop().call_soon(self._next_round)
        passed.append(tenant)
        return None

    def _queue(self, tenant: str) -> asyncio.Future[None]:
        queue = self._waiting.setdefault(tenant, deque())
        if len(queue) >= MOST_WAITING:
            raise Unavailable("Too many requests of this tenant wait.")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        return turn

    def _next_round(self) -> None:
        """Let the next few pass: of each tenant in turn."""
        self._passed.clear()
        while self._waiting and len(self._passed) < AT_ONCE:
            tenant, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[tenant] = queue
            if not turn.done():  # who has left meanwhile takes nothing
                turn.set_result(None)
                self._passed.append(tenant)
        if self._passed:
            asyncio.get_running_loop().call_soon(self._next_round)
