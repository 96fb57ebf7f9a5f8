"""What outlives an Action, as it is written down."""

from __future__ import annotations

from runtime.sandbox.caches import Change, NoCaches


def test_the_size_of_an_entry_is_bytes():
    """Of the key and the value, as UTF-8."""
    assert Change("k\u00fc", "\U0001f511").size == 7
    assert Change("key").size == 3


async def test_nothing_is_kept_where_nothing_can_be():
    """An engine without a storage."""
    caches = NoCaches()
    await caches.keep("t", "x", [Change("k", "v", 1e15)])

    assert await caches.entries("t", "x") == ()
