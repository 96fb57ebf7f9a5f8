"""What nodes that share a Redis tell each other of answers: see `SharedAnswers`. A key each, which Redis forgets in time."""

from __future__ import annotations

from typing import Final

from runtime.storage.redis_part import Part, script

_CLAIM: Final = script("claim")
_RELEASE: Final = script("release")
_ANSWER, _MAKER = b"=", b"@"
"""What a value begins with."""


class RedisAnswers(Part):
    """See `SharedAnswers`."""

    async def claim(self, key: str, maker: str, seconds: float, *, unreadable: bytes = b"") -> bytes | str | None:
        """See `SharedAnswers.claim`."""
        claim = (_MAKER + maker.encode(), int(seconds * 1000), _ANSWER + unreadable if unreadable else b"")
        there = await self._server.run(_CLAIM, [self._keys.answer(key)], *claim)
        if there is None:
            return None
        return bytes(there[1:]) if there[:1] == _ANSWER else there[1:].decode()

    async def keep(self, key: str, answer: bytes, seconds: float) -> None:
        """See `SharedAnswers.keep`."""
        await self._server.command("SET", self._keys.answer(key), _ANSWER + answer, "PX", int(seconds * 1000))

    async def release(self, key: str, maker: str) -> None:
        """See `SharedAnswers.release`."""
        await self._server.run(_RELEASE, [self._keys.answer(key)], _MAKER + maker.encode())
