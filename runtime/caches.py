"""What Actions keep by `api.cache`, as the engines see it. Values are sealed: an access token is what one keeps there most.

An Action can do without its cache, and without knowing why: where the storage does not answer it finds nothing, and what it
sets is lost. The log says so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from runtime.errors import HookdError
from runtime.sandbox.caches import MOST_ENTRIES, MOST_MS, MOST_TOGETHER, Change
from runtime.storage.base import CacheEntry, Storage
from runtime.storage.sealing import Sealer, Unsealable

PATIENCE: Final = 0.1
"""Seconds that an answer waits for what its Action has set, so that the next request finds it. It is written all the same."""

MOST_WRITING: Final = 1_000
"""Of 8 kB at most; further ones are lost, as long as the storage is so slow."""

_LOG: Final = logging.getLogger("hookd.caches")


class StoredCaches:
    """See `Caches`. `sealer` has a key for this alone; `clock` gives seconds since the epoch. `close` before the storage."""

    def __init__(
        self,
        storage: Storage,
        sealer: Sealer,
        *,
        clock: Callable[[], float] = time.time,
        most: int = MOST_WRITING,
        patience: float = PATIENCE,
    ) -> None:
        self._storage = storage
        self._sealer = sealer
        self._clock = clock
        self._most = most
        self._patience = patience
        self._writing: set[asyncio.Task[None]] = set()

    async def entries(self, owner: str, trigger: str) -> Sequence[Change]:
        """See `Caches.entries`."""
        try:
            kept = await self._storage.get_cache(owner, trigger, self._clock() * 1000)
        except HookdError as error:
            _LOG.warning("an Action of %s at %s found its cache empty: %s", owner, trigger, error.debug or error)
            return ()
        return [change for entry in kept if (change := self._opened(owner, trigger, entry)) is not None]

    async def keep(self, owner: str, trigger: str, changes: Sequence[Change]) -> None:
        """See `Caches.keep`."""
        if len(self._writing) >= self._most:
            _LOG.warning("what an Action of %s at %s cached is lost: too much waits for the storage", owner, trigger)
            return
        task = asyncio.create_task(self._write(owner, trigger, changes))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait((task,), timeout=self._patience)

    async def close(self) -> None:
        """Return when all is written that was taken."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _write(self, owner: str, trigger: str, changes: Sequence[Change]) -> None:
        now = self._clock() * 1000
        entries = [self._sealed(owner, trigger, change, now + MOST_MS) for change in changes]
        try:
            await self._storage.change_cache(owner, trigger, entries, now, most=MOST_ENTRIES, most_bytes=MOST_TOGETHER)
        except HookdError as error:
            _LOG.warning("what an Action of %s at %s cached is lost: %s", owner, trigger, error.debug or error)

    def _sealed(self, owner: str, trigger: str, change: Change, until: float) -> CacheEntry:
        if change.value is None:
            return CacheEntry(change.key)
        sealed = self._sealer.seal(_context(owner, trigger, change.key), change.value)
        return CacheEntry(change.key, sealed, change.size, min(change.expires_at, until))

    def _opened(self, owner: str, trigger: str, entry: CacheEntry) -> Change | None:
        """None for what a master key sealed that is known no more: after a day it is over anyhow."""
        assert entry.sealed is not None
        try:
            value = self._sealer.open(_context(owner, trigger, entry.key), entry.sealed)
        except Unsealable as error:
            _LOG.warning("an Action of %s at %s does not find what it cached: %s", owner, trigger, error.debug)
            return None
        return Change(entry.key, value, entry.expires_at)


def _context(owner: str, trigger: str, key: str) -> str:
    return f"{trigger}/{len(owner)}/{owner}/{key}"
