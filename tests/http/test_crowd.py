from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import cast

import pytest

from runtime.http import app as app_module
from runtime.http import crowd as crowd_module
from tests.http.crowds import ANSWER, ASK, serving
from tests.waiting import until

HEAD = b"GET /ok HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 1000


@pytest.mark.parametrize("first", [b"", ASK], ids=["first", "second"])
async def test_a_head_that_drips_in_is_a_408(monkeypatch, first):
    """However steadily its bytes come: on a new connection, and on one whose first request was answered."""
    async with serving() as service:
        assert await (await service.connect()).ask() == 200
        client = await service.connect()
        if first:
            assert await client.ask(first) == 200
        service.hurry(monkeypatch, 0.2)
        with client.dripping(HEAD):
            status, body, head = await client.answer()
            assert (status, body["errorCode"]) == (408, "request_timeout")
            assert b"Server: hookd\r\n" in head
            assert await client.is_over()


async def test_who_says_nothing_at_first_is_let_go_and_who_rests_is_not(monkeypatch):
    """A new connection without a request lasts as long as a head may take; one that was of use is kept for its next request."""
    async with serving() as service:
        resting, silent = await service.connect(), await service.connect()
        assert await resting.ask() == 200
        service.hurry(monkeypatch, 0.2)
        assert (await silent.answer())[0] == 408
        assert await silent.is_over()
        assert await resting.ask() == 200


async def test_a_long_answer_and_a_slow_body_are_no_slow_head(monkeypatch):
    """Whoever waits for its answer, and sends its body meanwhile, is not hurried."""
    async with serving() as service:
        client, other = await service.connect(), await service.connect()
        client.writer.write(b"POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")
        await service.asked.wait()
        service.hurry(monkeypatch, 0.1)
        with client.dripping(b"x" * 20):
            assert (await other.answer())[0] == 408
            service.go_on.set()
            assert (await client.answer())[:2] == (200, {"read": 20})


async def test_a_thousand_silent_connections_keep_nobody_out():
    """There are never more than there may be: each new one takes the place of the one that has been silent for longest."""
    async with serving(most=20) as service:
        friend = await service.connect()
        assert await friend.ask() == 200
        silent = [await service.connect() for _ in range(60)]
        assert await friend.ask() == 200
        assert await (await service.connect()).ask() == 200
        over = await asyncio.gather(*(client.is_over() for client in silent[:40]))
        assert all(over)
        assert [client for client in silent[45:] if client.reader.at_eof()] == []


async def test_connections_that_rest_make_way_and_busy_ones_do_not():
    """The one that has rested longest goes first; where all are busy, a new one is told to come again."""
    async with serving(most=3) as service:
        clients = [await service.connect() for _ in range(3)]
        for client in clients:
            assert await client.ask() == 200
        newest = await service.connect()
        assert await newest.ask() == 200
        assert await clients[0].is_over()
        assert await clients[2].ask() == 200
        for client in (*clients[1:], newest):
            service.asked.clear()
            client.writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            await service.asked.wait()
        refused = await service.connect()
        status, body, head = await refused.answer()
        assert (status, body["errorCode"]) == (503, "temporarily_unavailable")
        assert b"Retry-After: 1\r\n" in head
        assert await refused.is_over()
        service.go_on.set()
        assert (await newest.answer())[0] == 200


@pytest.mark.parametrize("path", ["wait", "read"])
async def test_bodies_that_never_come_keep_nobody_out(path):
    """Whether somebody waits for them or not: they make way, at first those that were owed when the crowd last looked around."""
    async with serving(most=10) as service:
        friend = await service.connect()
        assert await friend.ask() == 200
        for _ in range(30):
            owing = await service.connect()
            owing.writer.write(f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
        stranger = await service.connect()
        assert await stranger.ask() == 200
        if path != "wait":
            await until(lambda: service.owing() >= 3)
            for _ in range(3):
                assert await (await service.connect()).ask() == 200
            assert await stranger.ask() == 200


async def test_an_answer_that_nobody_reads_is_given_up(monkeypatch):
    """It takes memory of ours. Who reads, however slowly, gets all of it."""
    monkeypatch.setattr(crowd_module, "UNREAD_SECONDS", 2.0)
    async with serving() as service:
        deaf, slow = socket.socket(), socket.socket()
        for one in (deaf, slow):
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", service.port))
            await asyncio.get_running_loop().sock_sendall(one, ASK.replace(b"/ok", b"/large"))
            await service.asked.wait()
            service.asked.clear()
        service.hurry(monkeypatch, 0.2)
        assert await take(slow, pause=0.005) > ANSWER
        await until(lambda: service.answering[0].transport is None)
        assert await take(deaf) < ANSWER


async def take(sock: socket.socket, pause: float = 0.0) -> int:
    """Bytes that come, until there are no more or all are here."""
    got = 0
    with sock:
        while got <= ANSWER:
            try:
                async with asyncio.timeout(60):
                    some = await asyncio.get_running_loop().sock_recv(sock, 65_536)
            except ConnectionError:
                break
            if not some:
                break
            got += len(some)
            await asyncio.sleep(pause)
    return got


async def test_who_reads_nothing_keeps_nobody_out(monkeypatch):
    """Without a token, and with little to send, whoever asks for much could have all places for half a minute."""
    monkeypatch.setattr(crowd_module, "STALLED_SECONDS", 600.0)
    async with serving(most=4) as service:
        friend = await service.connect()
        assert await friend.ask() == 200
        async with service.deaf(3):
            refused = await service.connect()  # in place of the friend, on whose connection nothing goes on
            assert await refused.ask() == 200
            assert await friend.is_over()
            monkeypatch.setattr(crowd_module, "STALLED_SECONDS", 0.0)
            for _ in range(3):
                assert await (await service.connect()).ask() == 200
            await until(lambda: all(one.transport is None for one in service.answering))
            assert await refused.ask() == 200


async def test_who_does_not_read_is_not_told_that_its_head_is_late(monkeypatch):
    """To close would be to wait until it reads."""
    async with serving() as service, service.deaf(1, b"/some") as (one,):
        await until(lambda: service.answering[-1].is_idle)
        await asyncio.get_running_loop().sock_sendall(one, b"GET /ok HT")
        await until(lambda: len(service.crowd._waiting) == 1)
        service.hurry(monkeypatch, 0.0)
        await until(lambda: service.crowd._number == 0)


class Reader:
    """What a crowd sees of one that reads."""

    transport = object()
    owes = lingers = False
    idle_until = 0.0

    def __init__(self, *, is_idle: bool = False) -> None:
        self.unread, self.taken, self.left, self.is_idle = 100_000, 0, False, is_idle

    def leave(self) -> None:
        self.left = True


async def test_who_has_read_nothing_for_longest_goes_first_and_who_reads_slowly_stays(monkeypatch):
    """Of those without a whole head, and those that do not read, the one that has not moved for longest."""
    now = 0.0
    everybody: list[crowd_module.Connection] = []
    crowd = crowd_module.Crowd(lambda: everybody, most=5)
    crowd.close()
    monkeypatch.setattr(crowd, "_loop", SimpleNamespace(time=lambda: now))
    slow, done, deaf, late, silent = (cast(crowd_module.Connection, Reader()) for _ in range(5))
    for reader in (slow, done, deaf):
        crowd.falls_behind(reader)
    now = 1.0
    crowd.waits(silent)
    crowd.falls_behind(late)
    now = 10.0
    vars(slow)["taken"] = crowd_module.UNREAD_BYTES
    vars(done)["unread"] = 0
    gone = []
    while crowd._make_room():
        gone.append([one for one in (slow, done, deaf, late, silent) if vars(one)["left"]])
    assert gone == [[deaf], [deaf, silent], [deaf, late, silent]]
    now = 20.0
    assert crowd._make_room()
    assert vars(slow)["left"]


async def test_the_end_of_an_answer_is_waited_for_as_the_rest_of_it(monkeypatch):
    """aiohttp does not: the connection looks as if nothing went on there. Whoever still reads is not cut off, who does not is."""
    now = 0.0
    one = cast(crowd_module.Connection, Reader(is_idle=True))
    crowd = crowd_module.Crowd(lambda: [one], most=1)
    crowd.close()
    monkeypatch.setattr(crowd, "_loop", SimpleNamespace(time=lambda: now))
    while now < 30.0:
        assert not crowd._make_room()
        vars(one)["taken"] += crowd_module.UNREAD_BYTES
        now += 10.0
    assert not crowd._make_room()
    now = 40.0
    assert crowd._make_room()
    assert vars(one)["left"]


async def test_who_has_its_answer_makes_way_first(monkeypatch):
    """Whoever is refused, and owes a body that nobody wants; once that is here, the connection is as good as any."""
    monkeypatch.setattr(app_module, "LINGER_SECONDS", 600)
    async with serving(most=5) as service:
        friend = await service.connect()
        assert await friend.ask() == 200
        lingering = [await service.connect() for _ in range(4)]
        for client in lingering:
            assert await client.ask(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx") == 404
        lingering[0].writer.write(b"x" * 8)
        assert await lingering[0].ask() == 200
        for client in lingering[1:]:
            assert await (await service.connect()).ask() == 200
            assert await client.is_over()
        assert await lingering[0].ask() == 200
        assert await friend.ask() == 200
