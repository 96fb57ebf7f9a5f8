"""What outlives an Action: the entries of `api.cache`.

Best effort (contract-full 10): it lives in this process, a tenant's Actions of one trigger share it, and what is not used
for long makes room. It goes in with the request and its changes come back with the answer, so that a sandbox never reaches
out; what two runs change at once, the later one has changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import orjson

MOST_ENTRIES, MOST_KEY, MOST_VALUE, MOST_TOGETHER = 20, 64, 4096, 8192
"""Of one cache: entries, bytes of a key and of a value, bytes of all keys and values."""

MOST_MS: Final = 24 * 60 * 60 * 1000
MOST_CACHES: Final = 2_000
"""Caches of all tenants together: some 20 MB were they full."""


class Change(NamedTuple):
    """An entry that was set, or deleted: then the value is None. `expires_at` is milliseconds since the epoch."""

    key: str
    value: str | None = None
    expires_at: float = 0.0


class Caches:
    """The caches of all tenants' triggers, by use. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._caches: OrderedDict[tuple[str, str], dict[str, Change]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._caches)

    def handed(self, arguments: bytes, owner: str, trigger: str) -> bytes:
        """The arguments, a JSON array, and behind them the entries: `[key, value, expires_at]` each."""
        entries = orjson.dumps([list(entry) for entry in self._entries(owner, trigger)])
        return b"%b%b%b]" % (arguments[:-1], b"," if len(arguments) > len(b"[]") else b"", entries)

    def keep(self, owner: str, trigger: str, changes: Iterable[Change]) -> None:
        """Apply what an Action changed, within the limits of one cache."""
        place = (owner, trigger)
        entries = {entry.key: entry for entry in self._entries(owner, trigger)}
        until = self._clock() * 1000 + MOST_MS
        for change in changes:
            entries.pop(change.key, None)
            if change.value is not None and self._has_room(entries, change):
                entries[change.key] = change._replace(expires_at=min(change.expires_at, until))
        self._caches.pop(place, None)
        if entries:
            self._caches[place] = entries
        while len(self._caches) > MOST_CACHES:
            self._caches.popitem(last=False)

    def _entries(self, owner: str, trigger: str) -> list[Change]:
        place = (owner, trigger)
        kept = self._caches.get(place)
        if kept is None:
            return []
        self._caches.move_to_end(place)
        now = self._clock() * 1000
        return [entry for entry in kept.values() if entry.expires_at > now]

    def _has_room(self, entries: dict[str, Change], change: Change) -> bool:
        size = sum(_size(entry) for entry in entries.values()) + _size(change)
        return len(entries) < MOST_ENTRIES and size <= MOST_TOGETHER


def _size(entry: Change) -> int:
    return len(entry.key.encode()) + len((entry.value or "").encode())
