"""The mark of the storage in a Redis, and the form that this release writes. How a Redis is opened: `runtime/redis/opening`."""

from __future__ import annotations

from typing import Final

from runtime.redis import opening
from runtime.redis.opening import Place, look, unusable
from runtime.redis.server import Server
from runtime.storage.redis_keys import Keys

__all__ = ["FORMAT", "look", "place_of", "prepare", "unusable"]

FORMAT: Final = 1
"""Of the keys and what is in them. A release that changes it makes the newer one of an older one here."""


async def prepare(server: Server, keys: Keys) -> None:
    """Make it ours when nothing is there. `SettingsError` when it can not be used; in the log, what should be otherwise."""
    await opening.prepare(server, place_of(keys))


def place_of(keys: Keys) -> Place:
    """Whose all its keys are."""
    return Place(
        prefix=keys.prefix, mark=keys.mark, name="hookd", format=FORMAT, setting="[storage] prefix", url="[storage] url"
    )
