from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import pytest

from runtime.ended_sessions import REMEMBERED, UNTOLD, EndedSessions, open_ended_sessions
from runtime.errors import Unavailable
from runtime.storage.base import Storage
from tests.waiting import until

UNTIL = 4e9
AT = 1e9


class Away:
    """A storage that can be taken away; it counts what it is asked."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.is_away = False
        self.told = self.asked = 0
        self.names: list[str] = []

    async def log_out(self, token: str, sessions: Mapping[str, int], now: int) -> None:
        self.told += 1
        self.names += [token, *sessions]
        self._require()
        await self._storage.log_out(token, sessions, now)

    async def is_logged_out(self, token: str, session: str, now: int) -> bool:
        self.asked += 1
        self._require()
        return await self._storage.is_logged_out(token, session, now)

    def _require(self) -> None:
        if self.is_away:
            raise Unavailable("The storage is not available.", debug="taken away")


@pytest.fixture
def away(runtime) -> Away:
    return Away(runtime.storage)


def process(away: Away, at: float = AT) -> EndedSessions:
    """One of those that share the storage."""
    return EndedSessions(away, clock=lambda: at, pause=0.001)  # type: ignore[arg-type]


async def test_what_one_ends_has_ended_for_all(away: Away):
    """At once; that session only, until its end, and for one that is started later, too. The second time, it had ended."""
    one, other = process(away), process(away)
    assert not await other.has_ended("token", "secret")
    assert await one.end("token", "secret", UNTIL)

    for each in (one, other, process(away)):
        assert await each.has_ended("token", "secret")
        assert not await each.has_ended("token", "another")
        assert not await each.has_ended("another", "secret")
        assert not await each.end("token", "secret", UNTIL)
    assert await process(away, UNTIL - 1).has_ended("token", "secret")
    assert not await process(away, UNTIL).has_ended("token", "secret")
    assert away.told == 1


async def test_the_storage_learns_no_token_and_no_secret(away: Away):
    """Hashes, of 128 bits each."""
    await process(away).end("token", "secret", UNTIL)

    assert [len(name) for name in away.names] == [32, 32]
    assert set("".join(away.names)) <= set("0123456789abcdef")


async def test_without_the_storage_each_knows_what_it_knew(away: Away, caplog: pytest.LogCaptureFixture):
    """What it ended, and what it had found ended; the log says so once, and that it is over. Other sessions go on."""
    caplog.set_level(logging.INFO, "hookd.dashboard")
    one, other = process(away), process(away)
    await one.end("token", "1", UNTIL)
    assert await other.has_ended("token", "1")
    await one.end("token", "2", UNTIL)
    away.is_away = True

    assert await other.has_ended("token", "1")
    assert [await one.has_ended("token", secret) for secret in "123"] == [True, True, False]
    assert not await other.has_ended("token", "2")
    away.is_away = False
    assert await other.has_ended("token", "2")
    assert not await one.has_ended("token", "3")
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO", "INFO"]


async def test_what_could_not_be_told_is_told_later(away: Away):
    """Who ends it hears that; here it has ended at once, elsewhere as soon as the storage is back. Nothing is tried after that."""
    one, other = process(away), process(away)
    away.is_away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await one.end("token", "1", UNTIL)
    with pytest.raises(Unavailable):
        await one.end("token", "2", UNTIL)
    assert await one.has_ended("token", "1")
    tried = away.told
    await until(lambda: away.told > tried + 3)
    away.is_away = False

    await until(lambda: not one._untold)
    assert [await other.has_ended("token", secret) for secret in "123"] == [True, True, False]
    assert one._telling is not None
    await one._telling
    away.is_away = True
    with pytest.raises(Unavailable):
        await one.end("token", "3", UNTIL)
    away.is_away = False
    await until(lambda: not one._untold)
    assert await other.has_ended("token", "3")
    await one.close()


async def test_who_ends_it_again_tells_it_himself(away: Away):
    """Where the storage is back by then."""
    one = EndedSessions(away, pause=3_600)  # type: ignore[arg-type]
    away.is_away = True
    with pytest.raises(Unavailable):
        await one.end("token", "1", UNTIL)
    away.is_away = False

    assert await one.end("token", "1", UNTIL)
    assert await process(away).has_ended("token", "1")
    assert not one._untold
    await one.close()


async def test_memory_has_an_end(away: Away):
    """Of what is known here, and of what waits for the storage."""
    one = EndedSessions(away, pause=3_600)  # type: ignore[arg-type]
    away.is_away = True
    for number in range(REMEMBERED + 10):
        with pytest.raises(Unavailable):
            await one.end("token", f"{number}", UNTIL)

    assert (len(one._known), len(one._untold)) == (REMEMBERED, UNTOLD)
    assert not await one.has_ended("token", "0")
    assert await one.has_ended("token", f"{REMEMBERED}")
    await one.close()


async def test_closing_waits_for_no_storage(away: Away):
    """What could not be told is lost then."""
    away.is_away = True
    async with open_ended_sessions(away) as one:  # type: ignore[arg-type]
        with pytest.raises(Unavailable):
            await one.end("token", "1", UNTIL)
    await asyncio.wait_for(one.close(), 60)
    assert one._telling is not None
    assert one._telling.done()
