"""Sessions that were ended before their tokens: a sorted set for each token, which Redis removes after its last entry's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.storage.logouts import ALL, MOST
from runtime.storage.redis_keys import in_pattern
from runtime.storage.redis_part import Part, script

_LOG_OUT: Final = script("log_out")
_LONGER: Final = 60_000
"""Milliseconds: nodes' clocks may differ that much from Redis's. Who reads looks at each entry's end."""

_SCANNED: Final = 1_000
"""Keys that are looked at with one call."""


class RedisLogouts(Part):
    """See the calls of the same names in `Logouts`."""

    async def log_out(self, token: str, sessions: Mapping[str, int], now: int) -> None:
        """See `Logouts.log_out`."""
        each = [word for session, until in sessions.items() for word in (str(until), session)]
        await self._server.run(_LOG_OUT, [self._keys.logouts(token)], str(now), str(MOST), ALL, str(_LONGER), *each)

    async def is_logged_out(self, token: str, session: str, now: int) -> bool:
        """See `Logouts.is_logged_out`."""
        ends = await self._server.command("ZMSCORE", self._keys.logouts(token), session, ALL)
        return any(end is not None and float(end) > now for end in ends)

    async def logged_out_tokens(self, now: int) -> list[str]:
        """See `Logouts.logged_out_tokens`. Redis walks all keys that lie where the catalogue does."""
        found, begin, cursor = set[str](), self._keys.logouts(""), "0"
        while True:
            following, keys = await self._server.ask(
                self._keys.catalogue, "SCAN", cursor, "MATCH", f"{in_pattern(begin)}*", "COUNT", _SCANNED
            )
            found.update(key.decode().removeprefix(begin) for key in keys)
            cursor = following.decode() if isinstance(following, bytes) else str(following)
            if cursor == "0":
                break
        return [token for token in sorted(found) if await self.logouts(token, now)]

    async def logouts(self, token: str, now: int) -> dict[str, int]:
        """See `Logouts.logouts`."""
        names = await self._server.command("ZRANGEBYSCORE", self._keys.logouts(token), f"({now}", "+inf")
        ends = await self._server.command("ZMSCORE", self._keys.logouts(token), *names) if names else []
        return {name.decode(): int(float(end)) for name, end in sorted(zip(names, ends, strict=True))}

    async def forget_logouts(self, token: str) -> None:
        """See `Logouts.forget_logouts`."""
        await self._server.command("DEL", self._keys.logouts(token))
