"""What `runtime/storage/base.py` promises of caches, of every backend."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runtime.storage.base import CacheEntry, Storage
from runtime.storage.sqlite import open_sqlite
from tests.databases import other_process

NOW = 1_000.0
PLACE = ("acme", "credentials-exchange")
STRANGE = "a'b\"c\0d\u202e\U0001f511%_; DROP TABLE hooks --"


def entry(key: str, sealed: bytes = b"sealed", *, size: int = 10, until: float = 2_000.0) -> CacheEntry:
    """An entry that is still good for a second."""
    return CacheEntry(key, sealed, size, until)


async def change(
    storage: Storage, *changes: CacheEntry, place: tuple[str, str] = PLACE, now: float = NOW, most: int = 20
) -> None:
    """What there is room for."""
    await storage.change_cache(*place, changes, now, most=most, most_bytes=100)


async def test_an_entry_comes_back_as_it_was_set(storage: Storage):
    """Whatever its key and its bytes are; of several changes of one key, the last counts."""
    first, strange = entry("a", b"\0\xff"), entry(STRANGE, b"", size=0, until=1_000.5)
    await change(storage, entry("a"), first, strange, entry("gone"), CacheEntry("gone"), CacheEntry("unknown"))
    assert await storage.get_cache(*PLACE, NOW) == [first, strange]
    again = entry("a", b"again", until=5_000.0)
    await change(storage, again)

    assert await storage.get_cache(*PLACE, NOW) == [strange, again]


async def test_nobody_sees_or_changes_anothers(storage: Storage):
    """Not another tenant, and not the tenant's other triggers."""
    others = ("other", PLACE[1]), (PLACE[0], "password-exchange")
    await change(storage, entry("k", b"mine"))
    for place in others:
        assert await storage.get_cache(*place, NOW) == []
        await change(storage, CacheEntry("k"), entry("l", b"theirs"), place=place)

    assert await storage.get_cache(*PLACE, NOW) == [entry("k", b"mine")]


async def test_what_has_expired_is_nowhere(storage: Storage):
    """It is not given, takes no room, and what has expired before it is set is a deletion."""
    await change(storage, *(entry(f"{number}", until=NOW + number + 1) for number in range(3)), entry("past"))
    await change(storage, entry("past", until=NOW))
    assert [kept.key for kept in await storage.get_cache(*PLACE, NOW + 1)] == ["1", "2"]
    await change(storage, entry("new", until=NOW + 9), now=NOW + 2, most=2)

    assert [kept.key for kept in await storage.get_cache(*PLACE, NOW + 2)] == ["2", "new"]


async def test_a_cache_has_an_end(storage: Storage):
    """In entries and in bytes; what does not fit is not kept, and no older value stays under its key."""
    await change(storage, *(entry(f"{number}", size=1) for number in range(5)), most=3)
    assert [kept.key for kept in await storage.get_cache(*PLACE, NOW)] == ["0", "1", "2"]
    await change(storage, entry("0", size=99), entry("1", size=98), entry("2", size=2))

    assert [kept.key for kept in await storage.get_cache(*PLACE, NOW)] == ["1", "2"]
    await change(storage, entry("1", size=101))
    assert [kept.key for kept in await storage.get_cache(*PLACE, NOW)] == ["2"]


async def test_who_comes_last_is_right(storage: Storage):
    """Many at once: each change is whole, and keys that nobody else changed stay."""
    pairs = [(entry("a", b"%d" % number), entry("b", b"%d" % number)) for number in range(50)]
    await change(storage, entry("c"))
    await asyncio.gather(*(change(storage, *pair) for pair in pairs))
    kept = {one.key: one.sealed for one in await storage.get_cache(*PLACE, NOW)}

    assert kept["a"] == kept["b"]
    assert kept["c"] == b"sealed"


async def test_two_processes_see_the_same(tmp_path: Path):
    """What one has set the other finds, also after both have ended."""
    path = tmp_path / "hookd.db"
    one, other = await open_sqlite(path), await open_sqlite(path)
    await change(one, entry("k", b"1"), entry("l"))
    await change(other, entry("k", b"2"), CacheEntry("l"))
    assert await one.get_cache(*PLACE, NOW) == [entry("k", b"2")]
    await one.close()
    await other.close()
    again = await open_sqlite(path)

    assert await again.get_cache(*PLACE, NOW) == [entry("k", b"2")]
    await again.close()


async def test_what_has_expired_goes_with_the_next_changes(tmp_path: Path):
    """Whosever they are: nothing lies there for ever."""
    path = tmp_path / "hookd.db"
    storage = await open_sqlite(path)
    for tenant in range(10):
        await change(storage, entry("k"), entry("l"), entry("m", until=9_000.0), place=(f"{tenant}", "x"))
    await change(storage, entry("n", until=9_000.0), now=2_000.0)
    await storage.close()

    with other_process(path) as database:
        rows = database.execute("SELECT DISTINCT key FROM cache_entries").fetchall()
        plan = database.execute(
            "EXPLAIN QUERY PLAN SELECT key FROM cache_entries WHERE tenant = '' AND trigger_id = '' AND expires_at > 0"
        ).fetchall()
    assert sorted(key for (key,) in rows) == ["m", "n"]
    assert "USING INDEX" in plan[0][3]
