"""What `runtime/storage/logouts.py` promises, of every backend."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from runtime.redis.address import parse_address
from runtime.storage.base import Storage
from runtime.storage.logouts import ALL, MOST
from runtime.storage.redis import open_redis
from runtime.storage.sqlite import open_sqlite
from tests.databases import other_process
from tests.redis_servers import RedisServer

NOW = int(time.time() * 1000)
SOON = NOW + 3_600_000
LAST = 253_402_300_799_000
"""The last millisecond that can be written as a date."""

TOKEN, OTHER = "0f" * 16, "f0" * 16


async def kept(storage: Storage, token: str = TOKEN, now: int = NOW) -> dict[str, int]:
    return await storage.logouts(token, now)


async def test_a_session_that_was_ended_is_known(storage: Storage):
    """It and no other, of this token alone; what is kept already stays as it is."""
    assert not await storage.is_logged_out(TOKEN, "a", NOW)
    await storage.log_out(TOKEN, {"a": SOON}, NOW)
    await storage.log_out(TOKEN, {"b": LAST, "a": SOON + 1}, NOW)

    assert [await storage.is_logged_out(TOKEN, session, NOW) for session in "abc"] == [True, True, False]
    assert not await storage.is_logged_out(OTHER, "a", NOW)
    assert await kept(storage) == {"a": SOON, "b": LAST}


async def test_it_is_forgotten_after_its_end(storage: Storage):
    """To the millisecond; what had ended before it was told is not kept at all."""
    await storage.log_out(TOKEN, {"a": SOON, "b": SOON + 5, "c": NOW}, NOW)

    assert await storage.is_logged_out(TOKEN, "a", SOON - 1)
    assert not await storage.is_logged_out(TOKEN, "a", SOON)
    assert not await storage.is_logged_out(TOKEN, "c", NOW)
    assert await kept(storage, now=SOON) == {"b": SOON + 5}
    assert await storage.logged_out_tokens(SOON) == [TOKEN]
    assert await storage.logged_out_tokens(SOON + 5) == []


async def test_who_ends_too_many_ends_all(storage: Storage):
    """Nothing that was ended is good again, no more is kept, and another token's sessions go on. Ending one again ends no more."""
    many = {f"{number:04}": SOON for number in range(MOST)}
    for _ in range(2):
        await storage.log_out(TOKEN, many, NOW)
    assert not await storage.is_logged_out(TOKEN, "new", NOW)
    for session in ("x", "y"):
        await storage.log_out(TOKEN, {session: SOON}, NOW)
    await storage.log_out(OTHER, {"a": SOON}, NOW)

    assert all([await storage.is_logged_out(TOKEN, session, NOW) for session in ("0000", "0999", "x", "new")])
    assert not await storage.is_logged_out(OTHER, "new", NOW)
    assert await kept(storage) == {ALL: SOON, **many}
    assert not await storage.is_logged_out(TOKEN, "new", SOON)
    await storage.log_out(TOKEN, {"a": SOON + 1}, SOON)
    assert await kept(storage, now=SOON) == {"a": SOON + 1}


async def test_what_is_kept_can_be_put_elsewhere(storage: Storage):
    """In the order in which it is listed, all of it, also where there was no room any more; and forgotten."""
    full = {ALL: SOON, **{f"{number:04}": SOON for number in range(MOST)}}
    await storage.log_out(OTHER, {"a": SOON}, NOW)
    await storage.log_out(TOKEN, full, NOW)

    assert await storage.logged_out_tokens(NOW) == [TOKEN, OTHER]
    assert list((await kept(storage)).items()) == list(full.items())
    await storage.forget_logouts(TOKEN)
    assert await storage.logged_out_tokens(NOW) == [OTHER]
    assert await kept(storage) == {}


async def test_many_at_once(storage: Storage):
    """None is lost."""
    await asyncio.gather(*(storage.log_out(TOKEN, {f"{number:02}": SOON}, NOW) for number in range(50)))

    assert await kept(storage) == {f"{number:02}": SOON for number in range(50)}


async def test_two_processes_see_the_same_file(tmp_path: Path):
    """At once, and after both have ended."""
    path = tmp_path / "hookd.db"
    one, other = await open_sqlite(path), await open_sqlite(path)
    for number in range(10):
        await one.log_out(TOKEN, {f"{number}": SOON}, NOW)
        assert await other.is_logged_out(TOKEN, f"{number}", NOW)
    await one.close()
    await other.close()
    again = await open_sqlite(path)

    assert await again.is_logged_out(TOKEN, "0", NOW)
    await again.close()


async def test_two_nodes_see_the_same_redis(redis_server: RedisServer, prefix: str):
    """At once."""
    one, other = [await open_redis(parse_address(redis_server.url), prefix=prefix) for _ in range(2)]
    for number in range(10):
        await one.log_out(TOKEN, {f"{number}": SOON}, NOW)
        assert await other.is_logged_out(TOKEN, f"{number}", NOW)
    await one.close()
    await other.close()


async def test_a_file_does_not_grow(tmp_path: Path):
    """What is of no use any more goes with the next, whosever it is, and is found by an index."""
    path = tmp_path / "hookd.db"
    storage = await open_sqlite(path)
    await storage.log_out(TOKEN, {f"{number}": NOW + number for number in range(1, 500)}, NOW)
    await storage.log_out(OTHER, {"a": SOON}, NOW + 498)
    await storage.close()

    with other_process(path) as database:
        assert database.execute("SELECT session FROM logouts ORDER BY session").fetchall() == [("499",), ("a",)]
        plans = [
            database.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()[0][3]
            for statement in (
                "DELETE FROM logouts WHERE until <= 0",
                "SELECT 1 FROM logouts WHERE token = '' AND session IN ('', '') AND until > 0",
            )
        ]
    assert "logouts_by_end" in plans[0]
    assert "USING PRIMARY KEY (token=? AND session=?)" in plans[1]


async def test_a_redis_does_not_grow(redis_server: RedisServer, prefix: str):
    """Redis itself forgets a token, a minute after the last of its sessions: clocks may differ so much."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    await storage.log_out(TOKEN, {"a": SOON, "b": SOON + 500, "c": SOON - 500}, NOW)
    key = f"{prefix}:{{{prefix}}}:logouts:{TOKEN}"
    before, left, after = time.time(), int(redis_server.cli("--raw", "pttl", key)), time.time()

    assert int(before * 1000) + left <= SOON + 500 + 60_000 <= int(after * 1000) + left + 1
    minute_ago = int(time.time() * 1000) - 60_000
    await storage.log_out(OTHER, {"a": minute_ago + 50}, minute_ago)
    async with asyncio.timeout(60):
        while redis_server.cli("--raw", "exists", key.replace(TOKEN, OTHER)) != "0\n":
            await asyncio.sleep(0.01)
    await storage.close()
