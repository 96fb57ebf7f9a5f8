"""Answers that nodes share: in the storage, sealed, for who reads the storage is to learn nothing of tokens.

Each process gives away so many bytes a minute, whatever hooks answer: the storage has other things to keep. Where it has given much,
long answers are the first that it gives no more, so that one tenant's take no room of others' short ones.

A claim lasts for some seconds, and is renewed as long as the answer is being made: what a node that died was making is made by
another one then. Where the storage can not be asked in a moment, token requests do not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Final
from uuid import uuid4

from runtime.answers import SECONDS, Claim
from runtime.errors import Unavailable
from runtime.patience import Patience
from runtime.storage.answers import SharedAnswers
from runtime.storage.sealing import Sealer, Unsealable

LEASE_SECONDS: Final = 3.0
MOST_BYTES: Final = 1 << 16
"""A longer answer is not shared: there may be many of them."""

ROOM: Final = 64 << 20
"""Bytes of a process's answers that are there at once, at most: each is for `answers.SECONDS`."""

PARTS: Final = 256
"""An answer is given where there is room for so many of its length."""

_LOG: Final = logging.getLogger("hookd.storage")


class Room:
    """What a process may give away: half of `ROOM` at once, and half of it a minute. `clock` gives seconds, and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = ROOM / 2
        self._since = clock()

    def takes(self, size: int) -> bool:
        """Whether there is room for so many bytes, which are gone then."""
        now = self._clock()
        self._left = min(ROOM / 2, self._left + (now - self._since) * ROOM / 2 / SECONDS)
        self._since = now
        if size * PARTS > self._left:
            return False
        self._left -= size
        return True


class StoredAnswers:
    """See `repeats.Elsewhere`. Belongs to one event loop; to be closed before the storage."""

    def __init__(self, answers: SharedAnswers, sealer: Sealer) -> None:
        self._answers = answers
        self._sealer = sealer
        self._room = Room()
        self._me = uuid4().hex
        self._patience = Patience(
            "requests that were sent again may not be known by other nodes",
            "requests that are sent again are known by other nodes",
        )
        self._mine: dict[bytes, float] = {}
        """What is being made here, and since when it was claimed or renewed."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._renewing: asyncio.Task[None] | None = None

    async def claim(self, key: bytes) -> bytes | Claim:
        """See `repeats.Elsewhere.claim`."""
        if self._patience.is_over:
            return Claim.MINE
        now = time.monotonic()
        try:
            claim = await self._patience.wait(self._asked(key))
        except Unavailable:
            # Late is not never: what comes of it is told all the same.
            return self._claimed(key, now)
        return self._claimed(key, now) if claim is Claim.MINE else claim

    async def _asked(self, key: bytes) -> bytes | Claim:
        there = await self._answers.claim(key.hex(), self._me, LEASE_SECONDS)
        if isinstance(there, bytes):
            try:
                return self._sealer.open(key.hex(), there).encode()
            except Unsealable as error:
                # By a key that is gone, or that is not here yet: one of those who can not read it makes it anew, for all of them.
                _LOG.warning("an answer of another node can not be read: %s", error.debug)
                there = await self._answers.claim(key.hex(), self._me, LEASE_SECONDS, unreadable=there)
        return Claim.MINE if there is None else Claim.RUNNING

    def _claimed(self, key: bytes, now: float) -> Claim:
        """It is made here, and its claim renewed for as long."""
        self._mine[key] = now
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew(), name="answers-renewal")
        return Claim.MINE

    def keep(self, key: bytes, answer: bytes) -> None:
        """See `repeats.Elsewhere.keep`."""
        if key not in self._mine:
            return
        if len(answer) > MOST_BYTES or not self._room.takes(len(answer)):
            self.release(key)
        else:
            del self._mine[key]
            self._do(self._answers.keep(key.hex(), self._sealer.seal(key.hex(), answer.decode()), SECONDS))

    def release(self, key: bytes) -> None:
        """See `repeats.Elsewhere.release`."""
        if self._mine.pop(key, None) is not None:
            self._do(self._answers.release(key.hex(), self._me))

    async def close(self) -> None:
        """Tell what there is to tell. Idempotent."""
        if self._renewing is not None:
            self._renewing.cancel()
        await asyncio.gather(*self._tasks, *filter(None, [self._renewing]), return_exceptions=True)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._done(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _done(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Unavailable as error:
            self._patience.end(error)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            now = time.monotonic()
            for key, since in list(self._mine.items()):
                if now - since >= LEASE_SECONDS / 3 and key in self._mine:
                    await self._done(self._renewed(key))

    async def _renewed(self, key: bytes) -> None:
        await self._answers.claim(key.hex(), self._me, LEASE_SECONDS)
        if key in self._mine:
            self._mine[key] = time.monotonic()
