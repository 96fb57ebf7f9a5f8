"""What the calls for `api.cache` do to their table: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runtime.storage.base import CacheEntry
from runtime.storage.statements import Database

_PRUNED_TOGETHER: Final = 100
"""Of all tenants, with each write: more than one can add."""

_PLACE: Final = "tenant = ? AND trigger_id = ?"


def get_cache(db: Database, tenant: str, trigger: str, now: float) -> list[CacheEntry]:
    """See `Storage.get_cache`."""
    select = (
        f"SELECT key, sealed, size, expires_at FROM cache_entries WHERE {_PLACE} AND expires_at > ? ORDER BY number"  # noqa: S608 - fixed text
    )
    return [CacheEntry(*row) for row in db.execute(select, (tenant, trigger, now)).fetchall()]


def change_cache(
    db: Database, tenant: str, trigger: str, changes: Sequence[CacheEntry], now: float, most: int, most_bytes: int
) -> None:
    """See `Storage.change_cache`."""
    place = (tenant, trigger)
    old = "SELECT number FROM cache_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
    db.execute(f"DELETE FROM cache_entries WHERE number IN ({old})", (now, _PRUNED_TOGETHER))  # noqa: S608 - fixed text
    db.execute(f"DELETE FROM cache_entries WHERE {_PLACE} AND expires_at <= ?", (*place, now))  # noqa: S608 - fixed text
    for entry in changes:
        db.execute(f"DELETE FROM cache_entries WHERE {_PLACE} AND key = ?", (*place, entry.key))  # noqa: S608 - fixed text
        if entry.sealed is None or entry.expires_at <= now:
            continue
        db.execute(
            "INSERT INTO cache_entries (tenant, trigger_id, key, sealed, size, expires_at) SELECT ?, ?, ?, ?, ?, ?"  # noqa: S608 - fixed text
            f" FROM (SELECT count(*) AS count, total(size) AS size FROM cache_entries WHERE {_PLACE}) AS there"
            " WHERE there.count < ? AND there.size + ? <= ?",
            (*place, entry.key, entry.sealed, entry.size, entry.expires_at, *place, most, entry.size, most_bytes),
        )
