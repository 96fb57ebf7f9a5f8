"""A request that comes a second time gets the first answer, and no hook runs for it.

A token server that lost our answer (a broken connection, a time-out of its own) sends its request again, with the same id.
Then the hook's code must not run twice: it may count something or call somebody. For a minute, as far as there is room, by
all workers of a service (`answers`), and by all nodes where they share a storage (`stored_answers`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from runtime.answers import Answers, Claim

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.05
"""Seconds between two looks whether another process has made the answer."""


class Elsewhere(Protocol):
    """What other machines know of answers. Nothing here fails: where it can not be asked, each machine is on its own."""

    async def claim(self, key: bytes) -> bytes | Claim:
        """As `Answers.claim`."""
        ...

    def keep(self, key: bytes, answer: bytes) -> None:
        """As `Answers.keep`, soon."""
        ...

    def release(self, key: bytes) -> None:
        """As `Answers.release`, soon."""
        ...


class Repeats:
    """Belongs to one event loop."""

    def __init__(self, answers: Answers, elsewhere: Elsewhere | None = None) -> None:
        self._answers = answers
        self._elsewhere = elsewhere
        self._running: dict[bytes, asyncio.Future[None]] = {}

    async def answer(self, key: bytes, make: Callable[[], Awaitable[bytes]]) -> tuple[bytes, bool]:
        """The answer to the request that `key` (16 bytes) stands for, and whether it is a repeat.

        Who asks while the first is still being made waits for it, wherever that is. What raises is not kept: the next one makes
        it anew.
        """
        while key in self._running:
            await asyncio.shield(self._running[key])
        done = self._running[key] = asyncio.get_running_loop().create_future()
        try:
            found = await self._claimed(key)
            if found is not None:
                return found, True
            try:
                answer = await make()
            except BaseException:
                self._release(key)
                raise
            self._answers.keep(key, answer)
            if self._elsewhere is not None:
                self._elsewhere.keep(key, answer)
            return answer, False
        finally:
            del self._running[key]
            done.set_result(None)

    async def _claimed(self, key: bytes) -> bytes | None:
        """The answer that was given, None where it is for us to make one."""
        pause = _FIRST_PAUSE
        while True:
            claim = self._answers.claim(key)
            if claim is Claim.MINE and self._elsewhere is not None:
                claim = await self._claimed_elsewhere(key, self._elsewhere)
            if claim is Claim.MINE:
                return None
            if isinstance(claim, bytes):
                return claim
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _claimed_elsewhere(self, key: bytes, elsewhere: Elsewhere) -> bytes | Claim:
        """As `Elsewhere.claim`; what it has is ours then, too."""
        claim: bytes | Claim = Claim.RUNNING
        try:
            claim = await elsewhere.claim(key)
        finally:
            if isinstance(claim, bytes):
                self._answers.keep(key, claim)
            elif claim is Claim.RUNNING:
                self._answers.release(key)
        return claim

    def _release(self, key: bytes) -> None:
        self._answers.release(key)
        if self._elsewhere is not None:
            self._elsewhere.release(key)
