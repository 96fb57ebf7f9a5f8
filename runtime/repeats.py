"""Answers that a caller may ask for again: who sends the same request a second time gets the first answer.

A token server that lost our answer (a broken connection, a time-out of its own) sends its request again, with the same id.
Then the hook's code must not run twice: it may count something or call somebody. Kept for a minute, as far as there is room;
in this process only.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

SECONDS: Final = 60.0
BYTES: Final = 64 << 20
"""Of answers and what belongs to them; the oldest go first."""

# What one takes beside its answer: key, digest and the dictionary's own.
_OVERHEAD: Final = 600


class Repeats:
    """Belongs to one event loop."""

    def __init__(
        self, *, seconds: float = SECONDS, most_bytes: int = BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._free = most_bytes
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._running: dict[Hashable, asyncio.Future[None]] = {}

    async def answer(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> tuple[bytes, bool]:
        """The answer to the request that `key` stands for, and whether it is a repeat.

        Who asks while the first is still being made waits for it. What raises is not kept: the next one makes it anew.
        """
        while key in self._running:
            await asyncio.shield(self._running[key])
        self._expire()
        if key in self._kept:
            return self._kept[key][1], True
        done = self._running[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await make()
        finally:
            del self._running[key]
            done.set_result(None)
        self._kept[key] = (self._clock() + self._seconds, answer)
        self._free -= len(answer) + _OVERHEAD
        while self._free < 0:
            self._drop_oldest()
        return answer, False

    def _expire(self) -> None:
        now = self._clock()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, (_, answer) = self._kept.popitem(last=False)
        self._free += len(answer) + _OVERHEAD
