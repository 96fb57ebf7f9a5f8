"""One thread that writes, and *group commit*: what queues while it commits goes into the next transaction together.

Knows no database: it is given a function that commits several writes at once. What it promises: writes are committed in
the order in which they came; each is answered after its commit; one that was taken is done, whoever still waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from runtime.errors import Unavailable

T = TypeVar("T")
D = TypeVar("D")

MOST_TOGETHER: Final = 500


@dataclass(frozen=True, slots=True)
class Done:
    """What a write gave, or the error that undid it."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Write(Generic[D]):
    work: Callable[[D], Any]
    answer: asyncio.Future[Any]


class Writer(Generic[D]):
    """The thread that writes. `commit` never raises and has one `Done` for each write; `close` is called at the end.

    Belongs to the event loop in which it is made.
    """

    def __init__(
        self, commit: Callable[[Sequence[Callable[[D], Any]]], Sequence[Done]], close: Callable[[], None]
    ) -> None:
        self._commit = commit
        self._close = close
        self._loop = asyncio.get_running_loop()
        self._waiting: SimpleQueue[_Write[D] | None] = SimpleQueue()
        self._stopped = False
        # A daemon: a process that ends without `close` must not wait for it.
        self._thread = threading.Thread(target=self._write_until_stopped, name="hookd-write", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[D], T]) -> T:
        """What the work gave, once it is durable. `Unavailable` after `stop`."""
        if self._stopped:
            raise stopped()
        answer: asyncio.Future[T] = self._loop.create_future()
        self._waiting.put(_Write(work, answer))
        return await answer

    def stop(self) -> None:
        """Take nothing more."""
        if not self._stopped:
            self._stopped = True
            self._waiting.put(None)

    def join(self) -> None:
        """Wait, after `stop`, until everything that was taken is written."""
        self._thread.join()

    def _write_until_stopped(self) -> None:
        while writes := self._take():
            done = self._commit([write.work for write in writes])
            # The loop may be gone: then nobody waits for the answers.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_answer, writes, done)
        self._close()

    def _take(self) -> list[_Write[D]]:
        """All that waits, as soon as something does; nothing once nothing more will come."""
        writes: list[_Write[D]] = []
        while not writes or (len(writes) < MOST_TOGETHER and not self._waiting.empty()):
            write = self._waiting.get()
            if write is None:
                self._waiting.put(None)
                break
            writes.append(write)
        return writes


def stopped() -> Unavailable:
    """The error of a call that came after the end."""
    return Unavailable("hookd is stopping.", debug="the storage is closed")


def _answer(writes: Sequence[_Write[D]], done: Sequence[Done]) -> None:
    for write, one in zip(writes, done, strict=True):
        if write.answer.done():  # Its caller was cancelled.
            continue
        if one.error is None:
            write.answer.set_result(one.value)
        else:
            write.answer.set_exception(one.error)
