"""What is kept of heads, and of whatever else is no body: no more than there may be."""

from __future__ import annotations

import pytest

from runtime.http import crowd as crowd_module
from tests.http.crowds import ASK, serving

LINE = b"X-A: " + b"a" * 8_000 + b"\r\n"
CHUNKED = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def head_of(size: int) -> bytes:
    """The beginning of a head."""
    return (ASK[:-2] + LINE * 9)[:size]


@pytest.mark.parametrize("first", [b"", ASK], ids=["first", "second"])
async def test_a_head_that_is_too_large_is_a_431(first):
    """Whether it is whole or not: aiohttp would keep a megabyte of it."""
    async with serving() as service:
        client = await service.connect()
        if first:
            assert await client.ask(first) == 200
        client.writer.write(head_of(crowd_module.HEAD_BYTES + 1))
        status, body, head = await client.answer()
        assert (status, body["errorCode"]) == (431, "request_header_fields_too_large")
        assert b"Server: hookd\r\n" in head
        assert await client.is_over()


@pytest.mark.parametrize(
    "first, then",
    [
        (CHUNKED + b"1\r\nx\r\n0\r\n", LINE * 10),
        (CHUNKED + b"1\r\nx\r\n", b"1;" + b"a" * 80_000),
        (ASK.replace(b"/ok", b"/wait"), head_of(40_000)),
        (ASK.replace(b"/ok", b"/wait") + ASK[:-2] + LINE, LINE * 5),
        (ASK[:-2] + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n" + ASK * 2, b""),
    ],
    ids=["trailers", "chunk", "behind another", "begun behind another", "behind an upgrade"],
)
async def test_nothing_else_that_does_not_end_is_kept(first, then):
    """Trailers, extensions of chunks, heads that nobody has asked for yet: the connection ends."""
    async with serving() as service:
        client = await service.connect()
        client.writer.write(first)
        if b"/wait" in first:
            await service.asked.wait()
        client.writer.write(then)
        if not then:
            assert b"Connection: close\r\n" in (await client.answer())[2]
        assert await client.is_over()


async def test_large_heads_and_bodies_that_are_honest_are_taken():
    """However they are cut: what is bounded is what is no body."""
    whole = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
    async with serving() as service:
        client = await service.connect()
        assert await client.ask(ASK[:-2] + LINE * 4 + b"\r\n") == 200
        assert await client.ask(ASK * 2_000) == 200
        for _ in range(1_999):
            assert (await client.answer())[0] == 200
        chunks = b"1\r\nx\r\n" * 50_000 + b"0\r\nX-A: b\r\n\r\n"
        for body in (chunks, b"%x\r\n%b\r\n0\r\n\r\n" % (500_000, b"x" * 500_000)):
            client.writer.write(CHUNKED + body)
            assert (await client.answer())[:2] == (200, 50_000 if body is chunks else 500_000)
        for cut in (10, whole.index(b"\r\n\r\n") + 3, 40_000):
            client.writer.write(whole[:cut])
            assert await (await service.connect()).ask() == 200
            client.writer.write(whole[cut:])
            assert (await client.answer())[:2] == (200, 500_000)


@pytest.mark.parametrize("line", [b"/ok HTTP/2.0", b"/ok HTTP/0.9", b"/ok"])
@pytest.mark.parametrize("before", [b"", ASK + ASK], ids=["first", "behind others"])
async def test_another_version_of_http_is_refused(line, before):
    """aiohttp takes 0.9 and 2.0 for 1.1; a proxy may not. Nothing of it is run, and no more is answered on that connection."""
    async with serving() as service:
        client = await service.connect()
        client.writer.write(before + b"GET " + line + b"\r\nHost: x\r\n\r\n")
        for _ in range(before.count(ASK)):
            assert (await client.answer())[0] == 200
        status, body, head = await client.answer()
        assert (status, body["errorCode"]) == (505, "http_version_not_supported")
        assert head.startswith(b"HTTP/1.0 ")
        assert await client.is_over()
