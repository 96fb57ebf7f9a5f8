"""The storage contract's part for sessions that were ended before their tokens: kept until those end, then forgotten.

A token is the issuer's, and nobody's to take back here; a session that was begun with it is ours to end (`ended_sessions`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

MOST: Final = 1_000
"""Sessions of one token that are kept. Whoever ends more of them ends all, those that begin later, too: nothing that was ended is
good again, nobody can fill the storage, and nobody else's sessions are concerned.
"""

ALL: Final = "*"
"""In place of a session: all of the token's."""


class Logouts(ABC):
    """See `base.Storage`. Tokens and sessions are named by hashes, in hexadecimal. Times are whole milliseconds since the epoch."""

    @abstractmethod
    async def log_out(self, token: str, sessions: Mapping[str, int], now: int) -> None:
        """Keep that these sessions of a token have ended, each until then. One that is kept already stays as it is.

        Who asks after this finds it, in whatever process. Where there is no room among `MOST`, `ALL` is kept in its place.
        """

    @abstractmethod
    async def is_logged_out(self, token: str, session: str, now: int) -> bool:
        """Whether it is kept at `now` that the session has ended, or that all of its token have."""

    @abstractmethod
    async def logged_out_tokens(self, now: int) -> list[str]:
        """All tokens of which something is kept, sorted."""

    @abstractmethod
    async def logouts(self, token: str, now: int) -> dict[str, int]:
        """What is kept of a token, sorted by the sessions' names."""

    @abstractmethod
    async def forget_logouts(self, token: str) -> None:
        """Keep nothing of it. For a storage that nobody uses yet."""
