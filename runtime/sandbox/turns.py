"""Who may use a thread next: so many at once, and owners who wait have equal shares of the time.

An owner with a hundred waiting runs delays another owner's one run by one turn, not by a hundred; and one whose runs take a second
has one turn where another, whose runs take a millisecond, has a thousand. (Start-time fair queueing: what counts is the time that
an owner has had since it last found nobody waiting.)
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

_MOST_REMEMBERED: Final = 1_000
"""Owners, beside those who have had more than others who wait."""

_NEWEST: Final = 1 / 8
"""What the newest turn counts in what an owner's turns take."""


class Turns:
    """For one event loop. Every `take` that returned is followed by one `give`. `clock` is in seconds."""

    def __init__(self, places: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._free = self._places = places
        self._clock = clock
        self._took: dict[str, float] = {}
        """Seconds that an owner's turns take: of the last few more than of those before."""
        self._had: dict[str, float] = {}
        """Seconds that owners have had, counted from when all had the same."""
        self._least = 0.0
        """What whoever comes anew counts as having had: as much as the one whose turn came last."""
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def queued(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def waiting(self, owner: str) -> int:
        """How many of this owner wait."""
        return len(self._waiting.get(owner, ()))

    def ahead(self, owner: str) -> float:
        """Seconds until it would be the turn of one more of this owner's, by what its turns took; 0 where it has none who wait.

        Those who wait share the places' time, so what others want counts by their number only.
        """
        return self.waiting(owner) * self._took.get(owner, 0.0) * len(self._waiting) / self._places

    async def take(self, owner: str) -> float:
        """Return when it is this owner's turn: since when, for `give`. Who is cancelled while it waits has taken nothing."""
        if self._free:
            self._free -= 1
            self._least = self._share(owner)
            return self._clock()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(owner, self._clock())  # it came in the very moment of leaving
            else:
                self._leave(owner, turn)
            raise
        return self._clock()

    def give(self, owner: str, since: float) -> None:
        """The turn is over: the one who has waited longest, of the owner who has had least, has it."""
        took = self._clock() - since
        self._had[owner] = self._share(owner) + took
        before = self._took.get(owner, took)
        self._took[owner] = before + (took - before) * _NEWEST
        if len(self._had) > _MOST_REMEMBERED:
            self._had = {other: had for other, had in self._had.items() if had > self._least}
            self._took = {
                other: took for other, took in self._took.items() if other in self._had or other in self._waiting
            }
        while self._waiting:
            # Of equals the first: who had a turn last is behind all others.
            following = min(self._waiting, key=self._share)
            queue = self._waiting.pop(following)
            turn = queue.popleft()
            # Who was cancelled in this same moment is still in the queue, and could neither have nor give the turn.
            while turn.done() and queue:
                turn = queue.popleft()
            if queue:
                self._waiting[following] = queue
            if not turn.done():
                self._least = self._share(following)
                turn.set_result(None)
                return
        self._free += 1

    def _share(self, owner: str) -> float:
        return max(self._had.get(owner, 0.0), self._least)

    def _leave(self, owner: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(owner)
        if queue is None or turn not in queue:
            return  # it was passed over
        queue.remove(turn)
        if not queue:
            del self._waiting[owner]
