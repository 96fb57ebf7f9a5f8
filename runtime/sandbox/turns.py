"""Who may use a thread next: so many at once, and owners who wait have equal shares of the time, as have the hooks of each.

An owner with a hundred waiting runs delays another owner's one run by one turn, not by a hundred; and one whose runs take a second
has one turn where another, whose runs take a millisecond, has a thousand. (Start-time fair queueing: what counts is the time that
an owner has had since it last found nobody waiting.) Among the hooks of one owner it is the same, in the owner's time.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

_MOST_REMEMBERED: Final = 1_000
"""Owners, beside those who have had more than others who wait."""

_NEWEST: Final = 1 / 8
"""What the newest turn counts in what a hook's turns take."""

_Turn: TypeAlias = asyncio.Future[None]


class Turns:
    """For one event loop. Every `take` that returned is followed by one `give`. `clock` is in seconds."""

    def __init__(self, places: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._free = self._places = places
        self._clock = clock
        self._shares = _Shares()
        self._took: dict[tuple[str, str], float] = {}
        """Seconds that a hook's turns take: of the last few more than of those before."""
        self._waiting: OrderedDict[str, _Queue] = OrderedDict()

    @property
    def queued(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def waiting(self, owner: str) -> int:
        """How many of this owner wait."""
        return len(self._waiting.get(owner, ()))

    def ahead(self, owner: str, hook: str = "") -> float:
        """Seconds until it would be the turn of one more of this hook, by what its turns took; 0 where none of it waits.

        Those who wait share the places' time, so what others want counts by their number only.
        """
        queue = self._waiting.get(owner)
        if queue is None or hook not in queue.turns:
            return 0.0
        own = len(queue.turns[hook]) * self._took.get((owner, hook), 0.0)
        return own * len(queue.turns) * len(self._waiting) / self._places

    async def take(self, owner: str, hook: str = "") -> float:
        """Return when it is this hook's turn: since when, for `give`. Who is cancelled while it waits has taken nothing."""
        if self._free:
            self._free -= 1
            self._shares.begin(owner)
            return self._clock()
        turn: _Turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, _Queue()).add(hook, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # it came in the very moment of leaving, and tells nothing of what the hook's turns take
            else:
                self._leave(owner, hook, turn)
            raise
        return self._clock()

    def give(self, owner: str, since: float, hook: str = "") -> None:
        """The turn is over: the one who has waited longest, of the hook and the owner who have had least, has it."""
        self._note(owner, hook, self._clock() - since)
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            following = self._shares.least_of(self._waiting)
            # Of equals the first: who had a turn last is behind all others.
            queue = self._waiting.pop(following)
            turn = queue.next()
            if queue.turns:
                self._waiting[following] = queue
            if turn is not None:
                self._shares.begin(following)
                turn.set_result(None)
                return
        self._free += 1

    def _note(self, owner: str, hook: str, took: float) -> None:
        self._shares.add(owner, took)
        if owner in self._waiting:
            self._waiting[owner].shares.add(hook, took)
        before = self._took.get((owner, hook), took)
        self._took[owner, hook] = before + (took - before) * _NEWEST
        if len(self._took) > _MOST_REMEMBERED:
            self._took = {(one, its): seconds for (one, its), seconds in self._took.items() if one in self._waiting}

    def _leave(self, owner: str, hook: str, turn: _Turn) -> None:
        queue = self._waiting.get(owner)
        if queue is not None:
            queue.remove(hook, turn)
            if not queue.turns:
                del self._waiting[owner]


class _Queue:
    """Who waits of one owner, by hook."""

    __slots__ = ("shares", "turns")

    def __init__(self) -> None:
        self.shares = _Shares()
        self.turns: OrderedDict[str, deque[_Turn]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self.turns.values()))

    def add(self, hook: str, turn: _Turn) -> None:
        self.turns.setdefault(hook, deque()).append(turn)

    def next(self) -> _Turn | None:
        """The one whose turn it is, who waits no more; None where all have left.

        Who was cancelled in this same moment is still here, and could neither have nor give the turn.
        """
        while self.turns:
            hook = self.shares.least_of(self.turns)
            queue = self.turns.pop(hook)
            turn = queue.popleft()
            while turn.done() and queue:
                turn = queue.popleft()
            if queue:
                self.turns[hook] = queue
            if not turn.done():
                self.shares.begin(hook)
                return turn
        return None

    def remove(self, hook: str, turn: _Turn) -> None:
        """Nothing where it was passed over."""
        queue = self.turns.get(hook)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self.turns[hook]


class _Shares:
    """How much time each has had, in seconds, counted from when all had the same."""

    __slots__ = ("_had", "_least")

    def __init__(self) -> None:
        self._had: dict[str, float] = {}
        self._least = 0.0
        """What whoever comes anew counts as having had: as much as the one whose turn came last."""

    def least_of(self, names: Iterable[str]) -> str:
        """The first of those who have had least."""
        return min(names, key=self._of)

    def begin(self, name: str) -> None:
        """It has a turn."""
        self._least = self._of(name)

    def add(self, name: str, seconds: float) -> None:
        """Its turn took so long."""
        self._had[name] = self._of(name) + seconds
        if len(self._had) > _MOST_REMEMBERED:
            self._had = {other: had for other, had in self._had.items() if had > self._least}

    def _of(self, name: str) -> float:
        return max(self._had.get(name, 0.0), self._least)
