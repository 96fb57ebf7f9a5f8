"""Servers that say much and never answer: what they send is not read for long, whatever it is."""

from __future__ import annotations

import asyncio

import pytest

from tests.network.fetching import failed, fetched, opened
from tests.network.servers import speaking

FLOODS = {
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 1000),
    "beside a piece of the body": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_what_is_no_body_is_bounded_too(name: str):
    """It ends by its size, and not only by its time."""
    head, more = FLOODS[name]
    sent = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while sent < 64 << 20:
            writer.write(more)
            sent += len(more)
            await writer.drain()

    async with speaking(speak) as server, opened(allow=(server.place,), response_bytes=1024) as client:
        assert await failed(client, server.url()) == "ERR_RESPONSE_TOO_LARGE"

    assert sent < 32 << 20


async def test_each_response_counts_by_itself():
    """However many come on one connection; a body that comes byte by byte has room."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(4):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
            )
            await writer.drain()

    async with speaking(speak) as server, opened(allow=(server.place,), response_bytes=100_000) as client:
        sizes = [len((await fetched(client, server.url())).body) for _ in range(4)]

    assert sizes == [100_000] * 4
    assert server.connections == 1
