"""What nodes tell each other of answers, in a real Redis."""

from __future__ import annotations

import asyncio

from runtime.redis.address import parse_address
from runtime.storage.answers import SharedAnswers
from runtime.storage.redis import open_redis
from tests.redis_servers import RedisServer

KEY = "0f" * 16


async def test_one_makes_it_and_all_have_it(redis_server: RedisServer, prefix: str):
    """Whoever claims it first; claiming again is no harm, for calls are tried again."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    answers: SharedAnswers = storage.peers.answers
    assert [await answers.claim(KEY, "one", 60), await answers.claim(KEY, "one", 60)] == [None, None]
    assert await answers.claim(KEY, "other", 60) == "one"
    await answers.keep(KEY, b"\x00=@\xff", 60)
    assert [await answers.claim(KEY, name, 60) for name in ("one", "other")] == [b"\x00=@\xff"] * 2
    assert await answers.claim("another", "other", 60) is None
    await storage.close()


async def test_one_of_those_who_can_not_read_it_makes_it_anew(redis_server: RedisServer, prefix: str):
    """An answer that came meanwhile stays, whatever somebody had found before."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    answers: SharedAnswers = storage.peers.answers
    await answers.keep(KEY, b"old", 60)
    assert await answers.claim(KEY, "one", 60, unreadable=b"other") == b"old"
    assert await answers.claim(KEY, "one", 60, unreadable=b"old") is None
    assert await answers.claim(KEY, "other", 60, unreadable=b"old") == "one"
    await answers.keep(KEY, b"new", 60)
    assert await answers.claim(KEY, "other", 60, unreadable=b"old") == b"new"
    await storage.close()


async def test_only_its_maker_gives_it_up(redis_server: RedisServer, prefix: str):
    """An answer that was given stays; what was given up is anybody's."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    answers: SharedAnswers = storage.peers.answers
    await answers.claim(KEY, "one", 60)
    await answers.release(KEY, "other")
    assert await answers.claim(KEY, "other", 60) == "one"
    await answers.release(KEY, "one")
    assert await answers.claim(KEY, "other", 60) is None
    await answers.keep(KEY, b"x", 60)
    await answers.release(KEY, "other")
    assert await answers.claim(KEY, "one", 60) == b"x"
    await storage.close()


async def test_all_of_it_ends(redis_server: RedisServer, prefix: str):
    """A claim that nobody extends, and an answer: nothing stays in Redis."""
    storage = await open_redis(parse_address(redis_server.url), prefix=prefix)
    answers: SharedAnswers = storage.peers.answers
    await answers.claim(KEY, "one", 0.05)
    async with asyncio.timeout(20):
        while await answers.claim(KEY, "other", 60) is not None:
            await asyncio.sleep(0.01)
    await answers.keep(KEY, b"x", 0.05)
    async with asyncio.timeout(20):
        while redis_server.cli("--raw", "exists", f"{prefix}:answer:{{{KEY}}}") != "0\n":
            await asyncio.sleep(0.01)
    await storage.close()
