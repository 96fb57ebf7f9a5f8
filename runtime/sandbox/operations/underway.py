"""The operations of one run: begun as the guest asks, told when they are done, cancelled when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Final

import orjson

from runtime.model import Operation
from runtime.sandbox.asked import Asked, Cancel
from runtime.sandbox.operations.base import Failed, Perform, Place

MOST_NOTES: Final = 100
"""In a record; redirects count."""

_LOG = logging.getLogger("hookd.sandbox")


class UnderWay:
    """Of one run, on the event loop. `close` it in every case."""

    __slots__ = ("_at_once", "_cancelled", "_done", "_left", "_notes", "_perform", "_place", "_some", "_tasks")

    def __init__(self, perform: Perform, place: Place, *, most: int, at_once: int) -> None:
        self._perform = perform
        self._place = place
        self._left = most
        self._at_once = asyncio.Semaphore(at_once)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._cancelled: list[asyncio.Task[None]] = []
        self._done: list[dict[str, object]] = []
        self._some = asyncio.Event()
        self._notes: list[Operation] = []

    @property
    def waits(self) -> bool:
        """Whether anything is still to come."""
        return bool(self._tasks or self._done)

    def begin(self, asked: Iterable[Asked]) -> bool:
        """Begin these, and cancel those. False when they are more than a run may begin: the guest is not to be believed."""
        for one in asked:
            if isinstance(one, Cancel):
                self._cancel(one.id)
                continue
            self._left -= 1
            if self._left < 0 or one.id in self._tasks:
                return False
            self._tasks[one.id] = asyncio.create_task(self._do(one))
        return True

    async def wait(self, seconds: float) -> None:
        """Until one is done, or somebody says `wake`, or so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._some.wait()

    def wake(self) -> None:
        """End `wait`, and every one that follows."""
        self._some.set()

    def results(self) -> bytes:
        """A JSON array of what is done and was not told yet, in the order in which it was done."""
        done, self._done = self._done, []
        self._some.clear()
        return orjson.dumps(done)

    async def close(self) -> tuple[Operation, ...]:
        """Cancel what is still under way. What was done, for the record."""
        for number in list(self._tasks):
            self._cancel(number)
        if self._cancelled:
            await asyncio.wait(self._cancelled)
        notes, more = self._notes[:MOST_NOTES], len(self._notes) - MOST_NOTES
        return (*notes, Operation(kind=f"({more} more)")) if more > 0 else tuple(notes)

    def _cancel(self, number: int) -> None:
        task = self._tasks.pop(number, None)
        if task is not None:
            task.cancel()
            self._cancelled.append(task)

    async def _do(self, asked: Asked) -> None:
        try:
            async with self._at_once:
                result = {"id": asked.id, **await self._perform(self._place, asked, self._notes)}
        except Failed as failed:
            result = {"id": asked.id, "error": failed.said}
        except Exception:  # noqa: BLE001 - the run goes on, and the hook is told
            _LOG.exception("an operation broke")
            result = {"id": asked.id, "error": {"code": "ERR_INTERNAL", "message": "the operation broke"}}
        if self._tasks.pop(asked.id, None) is not None:
            self._done.append(result)
            self._some.set()
