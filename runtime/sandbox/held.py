"""Runs that take longer than one turn of the event loop: each holds a place until it is over, whoever asked for it leaves or not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

from runtime.errors import Unavailable

T = TypeVar("T")


class Held(Generic[T]):
    """So many places; `most` says how many of them one owner may have, from how many are free. The owner "" may have all."""

    def __init__(self, places: int, most: Callable[[int], int]) -> None:
        self._places = places
        self._most = most
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[T]] = set()

    @property
    def busy(self) -> int:
        """Places that are taken."""
        return self._busy.total()

    async def run(self, owner: str, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """In a place of the owner's, or `Unavailable`."""
        free = self._places - self.busy
        if free <= 0 or (owner and self._busy[owner] >= self._most(free)):
            raise Unavailable("Too many hooks are running or waiting at once.")
        self._busy[owner] += 1
        task = self._begin(work)
        task.add_done_callback(lambda _: self._give_back(owner))
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

    def _give_back(self, owner: str) -> None:
        self._busy[owner] -= 1
        if not self._busy[owner]:
            del self._busy[owner]
