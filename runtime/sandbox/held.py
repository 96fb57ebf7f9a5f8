"""Runs that take longer than one turn of the event loop: each holds a place until it is over, whoever asked for it leaves or not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Final, Generic, TypeVar

from runtime.errors import Unavailable

T = TypeVar("T")

LEFT: Final = 3
"""Three quarters for one hook, where the owner's share is so many places whatever happens."""


class Held(Generic[T]):
    """So many places; `most` says how many of them one owner may have, from how many are free. The owner "" may have all.

    Of what an owner may have, a hook has at most `LEFT` times what it leaves to the owner's others.
    """

    def __init__(self, places: int, most: Callable[[int], int]) -> None:
        self._places = places
        self._most = most
        self._busy: Counter[str] = Counter()
        self._hooks: Counter[tuple[str, str]] = Counter()
        self._tasks: set[asyncio.Task[T]] = set()

    @property
    def busy(self) -> int:
        """Places that are taken."""
        return self._busy.total()

    async def run(self, owner: str, work: Callable[[], Coroutine[None, None, T]], *, hook: str = "") -> T:
        """In a place of the owner's and the hook's, or `Unavailable`."""
        free = self._places - self.busy
        left = self._most(free) - self._busy[owner] if owner else free
        if free <= 0 or left <= 0:
            raise Unavailable("Too many hooks are running or waiting at once.")
        if owner and hook and self._hooks[owner, hook] >= LEFT * left:
            raise Unavailable("Too many runs of this hook are going on or waiting at once.")
        self._busy[owner] += 1
        self._hooks[owner, hook] += 1
        task = self._begin(work)
        task.add_done_callback(lambda _: self._give_back(owner, hook))
        return await asyncio.shield(task)

    async def run_beside(self, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """Without a place."""
        return await asyncio.shield(self._begin(work))

    async def end(self) -> None:
        """Return when all are over."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Callable[[], Coroutine[None, None, T]]) -> asyncio.Task[T]:
        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _give_back(self, owner: str, hook: str) -> None:
        self._busy[owner] -= 1
        self._hooks[owner, hook] -= 1
        if not self._busy[owner]:
            del self._busy[owner]
        if not self._hooks[owner, hook]:
            del self._hooks[owner, hook]
