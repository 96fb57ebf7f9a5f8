"""Sessions of people that they have ended, as all processes of a storage know them.

A session is sealed in its cookie, and the server keeps none of them. What it keeps is which ones have ended, until their tokens do
(`storage.logouts`). Each request that comes with a session asks the storage: whoever has the answer to a logout finds it in force in
every process of every node.

Where the storage can not be asked, a session goes on that is not known here to have ended: almost all that a session opens asks
that same storage. What was ended meanwhile is told to the storage as soon as it can be, as long as this process lives.

Rule: neither a token nor a session's secret is told, but hashes of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final, TypeAlias

from runtime.errors import Unavailable
from runtime.storage.logouts import Logouts

REMEMBERED: Final = 4_096
"""Ended sessions that a process knows by itself: the newest."""

UNTOLD: Final = 1_000
"""Of them, how many wait for the storage; further ones are known here only."""

PAUSE_SECONDS: Final = 1.0
"""Between two attempts to tell the storage."""

_Session: TypeAlias = tuple[str, str]
_LOG: Final = logging.getLogger("hookd.dashboard")


class EndedSessions:
    """Belongs to one event loop. `clock` gives seconds since the epoch; to be closed before the storage."""

    def __init__(
        self, storage: Logouts, *, clock: Callable[[], float] = time.time, pause: float = PAUSE_SECONDS
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._pause = pause
        self._known: OrderedDict[_Session, None] = OrderedDict()
        self._untold: dict[_Session, int] = {}
        self._telling: asyncio.Task[None] | None = None
        self._is_away = False

    async def end(self, token: str, secret: str, until: float) -> bool:
        """End the session of this token and this secret of its own. False where it had ended. `until` is seconds since the epoch.

        `Unavailable` where the storage does not take it: then this process knows it, and the others as soon as they can.
        """
        session = _hashed(token, secret)
        if session not in self._untold and await self.has_ended(token, secret):
            return False
        self._remember(session)
        try:
            await self._tell(session, int(until * 1000))
        except Unavailable:
            self._tell_later(session, int(until * 1000))
            raise
        return True

    async def has_ended(self, token: str, secret: str) -> bool:
        """Whether it has. Where the storage can not be asked: whether it is known here."""
        session = _hashed(token, secret)
        if session in self._known:
            return True
        try:
            has_ended = await self._storage.is_logged_out(*session, self._now())
        except Unavailable as error:
            self._note(error)
            return False
        self._note(None)
        if has_ended:
            self._remember(session)
        return has_ended

    async def close(self) -> None:
        """Tell nothing more. Idempotent."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _remember(self, session: _Session) -> None:
        self._known[session] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _tell(self, session: _Session, until: int) -> None:
        token, name = session
        await self._storage.log_out(token, {name: until}, self._now())
        self._untold.pop(session, None)

    def _tell_later(self, session: _Session, until: int) -> None:
        if len(self._untold) < UNTOLD:
            self._untold[session] = until
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_all(), name="ended-sessions")

    async def _tell_all(self) -> None:
        while self._untold:
            await asyncio.sleep(self._pause)
            try:
                for session, until in list(self._untold.items()):
                    await self._tell(session, until)
            except Unavailable as error:
                self._note(error)

    def _note(self, error: Unavailable | None) -> None:
        """In the log, once, that it is away, and that it is back."""
        if error is not None and not self._is_away:
            _LOG.warning("sessions that were ended elsewhere may not be known here: %s", error.debug)
        elif error is None and self._is_away:
            _LOG.info("sessions that were ended elsewhere are known here")
        self._is_away = error is not None


@asynccontextmanager
async def open_ended_sessions(storage: Logouts) -> AsyncIterator[EndedSessions]:
    """Them, as long as the block runs."""
    ended = EndedSessions(storage)
    try:
        yield ended
    finally:
        await ended.close()


def _hashed(token: str, secret: str) -> _Session:
    # 128 bits of each: both are longer than anybody could guess.
    return sha256(token.encode()).hexdigest()[:32], sha256(secret.encode()).hexdigest()[:32]
