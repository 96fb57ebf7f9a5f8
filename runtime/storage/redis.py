"""The storage that nodes share: the contract in a Redis. Where what lies: `redis_keys`.

What a Redis must be told to keep what was acknowledged: `appendonly yes`, with `appendfsync always` to lose nothing at all, or
`everysec` to lose a second at most when its machine dies (not when it is killed); and `maxmemory-policy noeviction`, for any other
removes hooks when memory is short. `open_redis` says in the log where it is otherwise. Redis 6.2 or newer.

Every step of a call is a command or a script, which Redis does whole or not at all. A write that may have been done, because the
connection broke, is asked for again under the same id, and done once. Where Redis does not come back in time, its caller reads
`Unavailable`, though it may have been done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runtime.errors import Advice, Unavailable
from runtime.moves import Looked
from runtime.redis.address import Address, Means
from runtime.redis.opening import warnings
from runtime.redis.server import Server, connect
from runtime.storage.base import Storage
from runtime.storage.redis_cache import Cache
from runtime.storage.redis_keys import Keys
from runtime.storage.redis_logouts import RedisLogouts
from runtime.storage.redis_moving import Moved, unfinished_in
from runtime.storage.redis_opening import FORMAT, look, place_of, prepare, unusable
from runtime.storage.redis_peers import RedisPeers
from runtime.storage.redis_proof import Proof, sealed_in
from runtime.storage.redis_stored import BLOCK_SECONDS

_WAITING: Final = 4
"""Connections that wait for news."""


async def open_redis(address: Address, *, prefix: str = "hookd", means: Means | None = None) -> RedisStorage:
    """The storage under this prefix. `SettingsError` when it can not be used."""
    keys, means = Keys(prefix), means or Means()
    server = connect(address, means)
    waiting = connect(address, replace(means, at_once=_WAITING, seconds=means.seconds + BLOCK_SECONDS))
    storage = RedisStorage(server, waiting, keys)
    try:
        await prepare(server, keys)
        await storage.peers.open()
    except Unavailable as error:
        await storage.close()
        raise unusable(error, place_of(keys)) from None
    except BaseException:
        await storage.close()
        raise
    return storage


async def look_at_redis(address: Address, *, prefix: str = "hookd", means: Means | None = None) -> Looked | None:
    """What is under this prefix, None where nothing is. Changes nothing. `SettingsError`."""
    keys = Keys(prefix)

    async def ask(server: Server) -> tuple[str | None, dict[str, bytes]]:
        return await unfinished_in(server, keys), await sealed_in(server, keys)

    found = await look(address, means or Means(), place_of(keys), ask)
    if found is None:
        return None
    has, (source, sealed) = found
    return Looked(has=has, will=FORMAT, unfinished=source, sealed=sealed)


async def warnings_of_redis(address: Address, *, prefix: str = "hookd", means: Means | None = None) -> list[Advice]:
    """What it should be told, see the module. Changes nothing. `SettingsError`."""
    return await warnings(address, means or Means(), place_of(Keys(prefix)))


class RedisStorage(Moved, Cache, RedisLogouts, Proof, Storage):
    """See `Storage`. Belongs to the event loop that opened it."""

    def __init__(self, server: Server, waiting: Server, keys: Keys) -> None:
        self._waiting = waiting
        self._peers = RedisPeers(server, waiting, keys)
        super().__init__(server, keys, self._peers.changed, lambda: self._peers.known)

    @property
    def peers(self) -> RedisPeers:
        """See `Storage.peers`."""
        return self._peers

    async def close(self) -> None:
        """See `Storage.close`."""
        await self._peers.close()
        await self._server.close()
        await self._waiting.close()

    async def ping(self) -> None:
        """See `Storage.ping`."""
        await self._server.command("EXISTS", self._keys.mark)
