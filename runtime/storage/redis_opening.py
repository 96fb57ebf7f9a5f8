"""The mark of the storage in a Redis, and the form that this release writes. How a Redis is opened: `runtime/redis/opening`."""

from __future__ import annotations

from typing import Final

from runtime.redis import opening
from runtime.redis.opening import Place, unusable
from runtime.redis.server import Server
from runtime.storage.redis_keys import Keys

__all__ = ["FORMAT", "look", "prepare", "unusable"]

FORMAT: Final = 1
"""Of the keys and what is in them. A release that changes it makes the newer one of an older one here."""


async def prepare(server: Server, keys: Keys) -> None:
    """Make it ours when nothing is there. `SettingsError` when it can not be used; in the log, what should be otherwise."""
    await opening.prepare(server, _place(keys))


async def look(server: Server, keys: Keys) -> int | None:
    """The format that is there, None where nothing is. Nothing is changed. `SettingsError`."""
    return await opening.look(server, _place(keys))


def _place(keys: Keys) -> Place:
    return Place(prefix=keys.prefix, mark=keys.mark, name="hookd", format=FORMAT, setting="[storage] prefix")
