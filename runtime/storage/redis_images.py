"""Images: one for each version, in keys of their own, for they are many times as large as all else.

They are remade whenever they are missing. So they are in no step with the hooks: one that a node writes in the moment in which the
last hook leaves its version goes by itself, when nobody has asked for it for so long.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from runtime.errors import Unavailable
from runtime.storage.redis_part import Part

_LOG: Final = logging.getLogger("hookd.storage")
_SECONDS: Final = 30 * 86_400
_SECONDS_AHEAD: Final = 60
_SUM: Final = 32


class Images(Part):
    """See the calls of the same names in `Storage`. A value is checksum, build and image."""

    async def put_image(self, version_id: str, build_id: str, image: bytes, *, ahead: bool = False) -> None:
        """See `Storage.put_image`."""
        if ahead or await self._server.command("HEXISTS", self._keys.running, version_id):
            kept, seconds = _head(build_id) + image, _SECONDS_AHEAD if ahead else _SECONDS
            key = self._keys.image(version_id)
            await self._server.command("SET", key, sha256(kept).digest() + kept, "EX", str(seconds))

    async def get_image(self, version_id: str, build_id: str) -> bytes | None:
        """See `Storage.get_image`."""
        key, head = self._keys.image(version_id), _head(build_id)
        value: bytes | None = await self._server.command("GET", key)
        if value is None or not value.startswith(head, _SUM):
            return None
        if sha256(memoryview(value)[_SUM:]).digest() != value[:_SUM]:
            _LOG.warning("the image of version %s is damaged, and is made again", version_id[:12])
            return None
        # Not in one with the read: a Redis that lets nothing be written still has what token requests need.
        with contextlib.suppress(Unavailable):
            await self._server.command("EXPIRE", key, str(_SECONDS))
        return value[_SUM + len(head) :]

    async def drop_images(self, version_ids: Sequence[str]) -> None:
        """Those of versions that no hook has any more."""
        try:
            for version_id in version_ids:
                await self._server.command("UNLINK", self._keys.image(version_id))
        except Unavailable as error:
            _LOG.info("images that nobody needs any more stay until they expire: %s", error.debug)


def _head(build_id: str) -> bytes:
    return f"{len(build_id)} {build_id} ".encode()
