"""What outlives an Action: bounded, expiring, and nobody else's."""

from __future__ import annotations

import orjson
import pytest

from runtime.sandbox.caches import MOST_CACHES, MOST_ENTRIES, MOST_MS, MOST_TOGETHER, Caches, Change


class Clock:
    """Seconds since the epoch, as the test wants them."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caches(clock: Clock) -> Caches:
    return Caches(clock)


def entries(caches: Caches, owner: str = "t", trigger: str = "x") -> dict[str, str]:
    """What the next Action is handed."""
    (handed,) = orjson.loads(caches.handed(b"[]", owner, trigger))
    return {key: value for key, value, _ in handed}


def later(clock: Clock, ms: float = 60_000) -> float:
    return clock() * 1000 + ms


def test_an_entry_is_handed_in_behind_the_arguments(caches: Caches, clock: Clock):
    """With the moment at which it expires."""
    assert caches.handed(b"[]", "t", "x") == b"[[]]"
    caches.keep("t", "x", [Change("k", "v", later(clock))])
    assert orjson.loads(caches.handed(b'[1,"a"]', "t", "x")) == [1, "a", [["k", "v", later(clock)]]]


def test_a_later_change_takes_the_place_of_an_earlier(caches: Caches, clock: Clock):
    """Set, set again, deleted."""
    caches.keep(
        "t", "x", [Change("k", "1", later(clock)), Change("k", "2", later(clock)), Change("l", "3", later(clock))]
    )
    assert entries(caches) == {"k": "2", "l": "3"}
    caches.keep("t", "x", [Change("k")])
    assert entries(caches) == {"l": "3"}
    caches.keep("t", "x", [Change("l"), Change("unknown")])
    assert len(caches) == 0


def test_an_entry_expires(caches: Caches, clock: Clock):
    """When it said, and after a day at the latest."""
    caches.keep("t", "x", [Change("short", "v", later(clock, 500)), Change("long", "v", later(clock, 1e15))])
    clock.now += 0.4
    assert entries(caches) == {"short": "v", "long": "v"}
    clock.now += 0.2
    assert entries(caches) == {"long": "v"}
    clock.now += MOST_MS / 1000
    assert entries(caches) == {}


def test_nobody_sees_anothers(caches: Caches, clock: Clock):
    """Not another tenant, and not the same tenant's Actions of another trigger."""
    caches.keep("t", "x", [Change("k", "v", later(clock))])

    assert entries(caches, "u", "x") == {}
    assert entries(caches, "t", "y") == {}


def test_a_cache_has_an_end(caches: Caches, clock: Clock):
    """In entries and in bytes; what does not fit any more is not kept, and what was there stays."""
    caches.keep("t", "x", [Change(f"k{n}", "v", later(clock)) for n in range(MOST_ENTRIES + 5)])
    assert len(entries(caches)) == MOST_ENTRIES
    caches.keep("u", "x", [Change(f"k{n}", "\u00fc" * 1500, later(clock)) for n in range(5)])
    kept = entries(caches, "u")
    assert sum(len((key + value).encode()) for key, value in kept.items()) <= MOST_TOGETHER
    assert list(kept) == ["k0", "k1"]


def test_the_caches_have_an_end(caches: Caches, clock: Clock):
    """What was not used for the longest time makes room."""
    for n in range(MOST_CACHES):
        caches.keep(f"t{n}", "x", [Change("k", "v", later(clock))])
    assert entries(caches, "t0") == {"k": "v"}
    caches.keep("one more", "x", [Change("k", "v", later(clock))])

    assert len(caches) == MOST_CACHES
    assert entries(caches, "t0") == {"k": "v"}
    assert entries(caches, "t1") == {}
