"""How long token requests wait for a storage that nodes share: a moment, and after that not at all for a while."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from runtime.errors import Unavailable

PATIENCE_SECONDS: Final = 0.1
AWAY_SECONDS: Final = 1.0
"""How long it is not asked again after it did not answer."""

_LOG: Final = logging.getLogger("hookd.storage")
_Answer = TypeVar("_Answer")


class Patience:
    """Of those who ask for one thing. `lost` and `found` say in the log, once, what is amiss without it, and that it is no more."""

    def __init__(self, lost: str, found: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._lost = lost
        self._found = found
        self._clock = clock
        self._is_lost = False
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it is not to be asked now."""
        return self._is_lost and self._clock() < self._until

    async def wait(self, asked: Awaitable[_Answer]) -> _Answer:
        """What it answers. `Unavailable` where that takes too long, too."""
        finds_out = self._is_lost
        if finds_out:
            # One is enough for that: meanwhile it is over for the others.
            self._until = self._clock() + AWAY_SECONDS
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await asked
        except TimeoutError:
            late = Unavailable("The storage is late.", debug=f"no answer in {PATIENCE_SECONDS:g} s")
            self.end(late)
            raise late from None
        except Unavailable as error:
            self.end(error)
            raise
        if finds_out and self._is_lost:
            self._is_lost = False
            _LOG.info(self._found)
        return answer

    def end(self, error: Unavailable) -> None:
        """It does not answer."""
        if not self._is_lost:
            _LOG.warning("%s: %s", self._lost, error.debug)
        self._is_lost = True
        self._until = self._clock() + AWAY_SECONDS
