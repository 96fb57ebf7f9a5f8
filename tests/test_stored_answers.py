"""Answers that nodes share, in a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime import patience, stored_answers
from runtime.answers import SECONDS, Answers, Claim
from runtime.errors import Unavailable
from runtime.memory import nameless_file
from runtime.redis.address import Means, parse_address
from runtime.repeats import Repeats
from runtime.storage.redis import RedisStorage, open_redis
from runtime.storage.sealing import Sealer
from runtime.stored_answers import MOST_BYTES, ROOM, Room, StoredAnswers
from tests.other_process import key_of
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

A, B = key_of("a"), key_of("b")
ANSWER = b'{"claims": {"https://a/secret": "of-a-token"}}'


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has much else to do is no storage that is away."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", PATIENCE)


@pytest.fixture
async def storage(redis_server: RedisServer, prefix: str) -> AsyncIterator[RedisStorage]:
    opened = await open_redis(parse_address(redis_server.url), prefix=prefix)
    yield opened
    await opened.close()


@pytest.fixture
async def two(storage: RedisStorage) -> AsyncIterator[tuple[StoredAnswers, StoredAnswers]]:
    nodes = [StoredAnswers(storage.peers.answers, Sealer(bytes(32))) for _ in range(2)]
    yield nodes[0], nodes[1]
    for node in nodes:
        await node.close()
        await node.close()


async def given(node: StoredAnswers, key: bytes) -> bytes | Claim:
    """What it says when it is no longer being made."""
    async with asyncio.timeout(60):
        while (claim := await node.claim(key)) is Claim.RUNNING:
            await asyncio.sleep(0.01)
    return claim


async def test_what_one_node_gives_the_other_has(
    two: tuple[StoredAnswers, StoredAnswers], storage: RedisStorage, prefix: str
):
    """And nobody else: it is sealed."""
    one, other = two
    assert [await one.claim(A), await other.claim(A)] == [Claim.MINE, Claim.RUNNING]
    one.keep(A, ANSWER)
    assert await given(other, A) == ANSWER
    stored = await storage._server.command("GET", f"{prefix}:answer:{{{A.hex()}}}")
    assert len(stored) > len(ANSWER)
    assert b"of-a-token" not in stored
    assert await other.claim(B) is Claim.MINE
    other.keep(B, b"x" * (stored_answers.MOST_BYTES + 1))
    assert await given(one, B) is Claim.MINE


async def test_a_claim_lasts_as_long_as_the_work(
    two: tuple[StoredAnswers, StoredAnswers], storage: RedisStorage, prefix: str, monkeypatch
):
    """Longer than a lease; what a dead node was making another one makes."""
    monkeypatch.setattr(stored_answers, "LEASE_SECONDS", 3.0)
    one, other = two
    assert await one.claim(A) is Claim.MINE
    left, before = 3_000, 3_001
    async with asyncio.timeout(60):
        while left <= before:  # until it is renewed
            await asyncio.sleep(0.02)
            left, before = await storage._server.command("PTTL", f"{prefix}:answer:{{{A.hex()}}}"), left
    assert await other.claim(A) is Claim.RUNNING
    await one.close()
    assert await given(other, A) is Claim.MINE


async def test_an_answer_that_does_not_open_is_none(storage: RedisStorage, caplog, monkeypatch):
    """Sealed under another key, or for another request: it is made again by one of those who find it, and the log says why."""
    monkeypatch.setattr(stored_answers, "LEASE_SECONDS", PATIENCE)
    before, one, other = [StoredAnswers(storage.peers.answers, Sealer(bytes([key]) * 32)) for key in (0, 1, 1)]
    await before.claim(A)
    before.keep(A, b"of a key that is gone")
    assert await given(one, A) is Claim.MINE
    assert "an answer of another node can not be read" in caplog.text
    assert await other.claim(A) is Claim.RUNNING
    one.release(A)
    assert await given(other, A) is Claim.MINE
    other.keep(A, ANSWER)
    assert await given(one, A) == ANSWER
    for node in (before, one, other):
        await node.close()


async def test_what_nobody_here_can_read_is_made_once(storage: RedisStorage, monkeypatch):
    """However many ask at once, at however many nodes."""
    monkeypatch.setattr(stored_answers, "LEASE_SECONDS", PATIENCE)
    before, *nodes = [StoredAnswers(storage.peers.answers, Sealer(bytes([key]) * 32)) for key in (0, 1, 1, 1)]
    await before.claim(A)
    before.keep(A, b"of a key that is gone")
    await given(before, A)
    repeats = [Repeats(Answers(nameless_file("hookd-test")), node) for node in nodes]
    done = 0

    async def make() -> bytes:
        nonlocal done
        done += 1
        return ANSWER

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(repeats[number % 3].answer(A, make) for number in range(9)))
    assert sorted(answers, key=lambda answer: answer[1]) == [(ANSWER, False)] + [(ANSWER, True)] * 8
    assert done == 1
    for node in (before, *nodes):
        await node.close()


async def test_a_redis_that_does_not_answer_holds_nobody_up(tmp_path: Path, caplog, monkeypatch):
    """Requests go on, each machine on its own; when it is back they are shared again."""
    monkeypatch.setattr(patience, "AWAY_SECONDS", 600.0)
    with RedisServer(tmp_path / "redis") as redis:
        storage = await open_redis(parse_address(redis.url), means=Means(seconds=0.3))
        node, other = [StoredAnswers(storage.peers.answers, Sealer(bytes(32))) for _ in range(2)]
        await node.claim(key_of("warm"))
        monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.1)
        redis.pause()
        assert [await node.claim(A), await node.claim(B)] == [Claim.MINE, Claim.MINE]
        assert caplog.text.count("may not be known by other nodes") == 1
        monkeypatch.setattr(patience, "AWAY_SECONDS", 0.2)
        node._patience._until = 0.0
        node.keep(A, ANSWER)
        node.release(B)
        redis.resume()
        await until(lambda: not node._tasks)

        async def is_shared() -> bool:
            key = key_of(f"{asyncio.get_running_loop().time()}")
            return [await node.claim(key), await other.claim(key)] == [Claim.MINE, Claim.RUNNING]

        async with asyncio.timeout(60):
            while not await is_shared():
                await asyncio.sleep(0.05)
        for one in (node, other):
            await one.close()
        await storage.close()


async def test_two_nodes_do_it_once(two: tuple[StoredAnswers, StoredAnswers]):
    """A request that reaches both at once, and again."""
    tables = [Answers(nameless_file("hookd-test")), Answers(nameless_file("hookd-test"))]
    repeats = [Repeats(table, node) for table, node in zip(tables, two, strict=True)]
    done = 0

    async def make() -> bytes:
        nonlocal done
        done += 1
        await asyncio.sleep(0.01)
        return ANSWER

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(repeats[number % 2].answer(A, make) for number in range(10)))
        answers += [await one.answer(A, make) for one in repeats]
    assert sorted(answers, key=lambda answer: answer[1]) == [(ANSWER, False)] + [(ANSWER, True)] * 11
    assert done == 1

    async def breaks() -> bytes:
        raise Unavailable("The sandbox is full.")

    with pytest.raises(Unavailable):
        await repeats[0].answer(B, breaks)
    assert await repeats[1].answer(B, make) == (ANSWER, False)


def test_long_answers_leave_room_for_short_ones():
    """However many come: what a process gives away in a minute is bounded, and others' short answers are given all the same."""
    now = 0.0
    room = Room(lambda: now)
    long, short = MOST_BYTES, 300
    given = sum(room.takes(long) for _ in range(100_000)) * long
    assert 0 < given < ROOM / 2
    assert all(room.takes(short) for _ in range(1_000))

    now += SECONDS
    assert 0 < sum(room.takes(long) for _ in range(100_000)) * long < ROOM - given


async def test_an_answer_without_room_holds_nobody_up(two: tuple[StoredAnswers, StoredAnswers], monkeypatch):
    """It is not shared: another node makes its own, at once."""
    monkeypatch.setattr(Room, "takes", lambda _, size: size < len(ANSWER))
    assert await two[0].claim(A) is Claim.MINE
    two[0].keep(A, ANSWER)
    assert await given(two[1], A) is Claim.MINE
    two[1].keep(A, ANSWER[1:])
    assert await given(two[0], A) == ANSWER[1:]
