"""What Actions keep by `api.cache`, between the engines and the storage."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.caches import StoredCaches
from runtime.sandbox.caches import MOST_ENTRIES, MOST_MS, MOST_TOGETHER, Change
from runtime.storage.sealing import Sealer
from runtime.storage.sqlite import SqliteStorage, open_sqlite
from tests.databases import other_process
from tests.sandbox.acting import M2M

PLACE = ("acme", M2M)
KEY = bytes(32)
PATIENT = 60.0


class Clock:
    """Seconds since the epoch, as the test wants them."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hookd.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[SqliteStorage]:
    storage = await open_sqlite(path)
    yield storage
    await storage.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def caches(storage: SqliteStorage, clock: Clock) -> AsyncIterator[StoredCaches]:
    caches = StoredCaches(storage, Sealer(KEY), clock=clock, patience=PATIENT)
    yield caches
    await caches.close()


def later(clock: Clock, ms: float = 60_000) -> float:
    return clock() * 1000 + ms


async def test_what_is_kept_is_there(caches: StoredCaches, clock: Clock):
    """Of the same owner and trigger, until it is changed; not of any other."""
    first, second = Change("k", "\U0001f511", later(clock)), Change("l", "", later(clock))
    await caches.keep(*PLACE, [first, second])
    assert await caches.entries(*PLACE) == [first, second]
    await caches.keep(*PLACE, [Change("k"), second._replace(value="2")])

    assert await caches.entries(*PLACE) == [second._replace(value="2")]
    assert await caches.entries("acme", "password-exchange") == []
    assert await caches.entries("other", M2M) == []


async def test_an_entry_expires(caches: StoredCaches, clock: Clock):
    """When it said, and after a day at the latest."""
    await caches.keep(*PLACE, [Change("short", "v", later(clock, 500)), Change("long", "v", later(clock, 1e15))])
    clock.now += 0.6
    assert await caches.entries(*PLACE) == [Change("long", "v", 1_000_000.0 + MOST_MS)]
    clock.now += MOST_MS / 1000

    assert await caches.entries(*PLACE) == []


async def test_a_cache_has_an_end(caches: StoredCaches, clock: Clock):
    """What does not fit any more is not kept, and what was there stays: also where the guest did not count."""
    await caches.keep(*PLACE, [Change(f"k{n}", "v", later(clock)) for n in range(MOST_ENTRIES + 5)])
    assert len(await caches.entries(*PLACE)) == MOST_ENTRIES
    await caches.keep("other", M2M, [Change(f"k{n}", "\u00fc" * 2047, later(clock)) for n in range(5)])
    kept = await caches.entries("other", M2M)

    assert [entry.key for entry in kept] == ["k0", "k1"]
    assert sum(entry.size for entry in kept) <= MOST_TOGETHER


async def test_no_value_lies_there_as_it_is(caches: StoredCaches, clock: Clock, path: Path):
    """It is sealed, and opens nowhere but at its place, and not under another key."""
    await caches.keep(*PLACE, [Change("token", "sesame, open", later(clock))])
    with other_process(path, "PRAGMA wal_checkpoint"):
        assert b"sesame" not in path.read_bytes()  # noqa: ASYNC240 - a small file
    with other_process(path, "UPDATE cache_entries SET tenant = 'thief'"):
        assert await caches.entries("thief", M2M) == []
    with other_process(path, "UPDATE cache_entries SET tenant = 'acme', key = 'k'"):
        assert await caches.entries(*PLACE) == []


async def test_a_storage_that_does_not_answer(
    storage: SqliteStorage, caches: StoredCaches, clock: Clock, caplog: pytest.LogCaptureFixture
):
    """The cache is empty and what is set is lost; the log says so, and not what it was."""
    await caches.keep(*PLACE, [Change("k", "sesame", later(clock))])
    await storage.close()
    with caplog.at_level(logging.WARNING, "hookd.caches"):
        assert await caches.entries(*PLACE) == ()
        await caches.keep(*PLACE, [Change("k", "sesame", later(clock))])

    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "an Action of acme at credentials-exchange found its cache empty",
        "what an Action of acme at credentials-exchange cached is lost",
    ]
    assert "sesame" not in caplog.text


async def test_no_answer_waits_for_a_storage_that_is_busy(path: Path, clock: Clock, caplog: pytest.LogCaptureFixture):
    """What was taken is written when it can be; only so much is taken."""
    storage = await open_sqlite(path, busy_seconds=PATIENT)
    caches = StoredCaches(storage, Sealer(KEY), clock=clock, most=3, patience=0.01)
    with other_process(path, "BEGIN IMMEDIATE") as other:
        changes = [[Change(f"k{n}", "v", later(clock))] for n in range(5)]
        await asyncio.gather(*(caches.keep(*PLACE, change) for change in changes))
        assert await caches.entries(*PLACE) == []
        other.execute("ROLLBACK")
    await caches.close()

    assert [entry.key for entry in await caches.entries(*PLACE)] == ["k0", "k1", "k2"]
    await storage.close()
    assert caplog.text.count("too much waits for the storage") == 2
