"""Who may use a thread next: so many at once, and those who wait are served owner by owner.

An owner with a hundred waiting runs delays another owner's one run by one turn, not by a hundred.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque


class Turns:
    """For one event loop. Every `take` that returned is followed by one `give`."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._last = ""  # who had a turn last is not the next while others wait
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def queued(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def waiting(self, owner: str) -> int:
        """How many of this owner wait."""
        return len(self._waiting.get(owner, ()))

    async def take(self, owner: str) -> None:
        """Return when it is this owner's turn. Who is cancelled while it waits has taken nothing."""
        if self._free:
            self._free -= 1
            self._last = owner
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()  # it came in the very moment of leaving
            else:
                self._leave(owner, turn)
            raise

    def give(self) -> None:
        """The turn is over: the next owner's longest waiting one has it."""
        if not self._waiting:
            self._free += 1
            return
        if self._last in self._waiting:
            self._waiting.move_to_end(self._last)
        self._last, queue = self._waiting.popitem(last=False)
        queue.popleft().set_result(None)
        if queue:
            self._waiting[self._last] = queue

    def _leave(self, owner: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting[owner]
        queue.remove(turn)
        if not queue:
            del self._waiting[owner]
