"""The client and servers that answer too much, too little, too late, or are not whom they seem."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runtime.model import Operation
from runtime.network import client as client_module
from runtime.network.client import Request
from runtime.network.failing import NetworkError
from tests.certificates import make_certificate, server_side
from tests.network.fetching import echo, failed, fetched, opened
from tests.network.servers import saying, serving, speaking


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    "coding, packed",
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)],
)
async def test_packed_bodies(coding: str, packed: Any):
    """Unpacked, and what was said of the packed one is left out."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=packed(b"hello " * 100), headers={"Content-Encoding": coding, "X-A": "b"})

    async with serving(answer) as server, opened(allow=(server.place,)) as client:
        got = await fetched(client, server.url())

    assert got.body == b"hello " * 100
    assert {name.lower() for name, _ in got.headers} == {"x-a", "content-type", "date", "server"}


@pytest.mark.parametrize(
    "coding, made, code",
    [
        ("gzip", lambda: gzip.compress(bytes(50 << 20), 1), "ERR_RESPONSE_TOO_LARGE"),
        ("deflate", lambda: zlib.compress(bytes(50 << 20), 1), "ERR_RESPONSE_TOO_LARGE"),
        ("", lambda: bytes((1 << 20) + 1), "ERR_RESPONSE_TOO_LARGE"),
        ("gzip", lambda: gzip.compress(b"hello" * 100)[:-20], "Z_BUF_ERROR"),
        ("gzip", lambda: b"hello", "Z_DATA_ERROR"),
    ],
    ids=["gzip bomb", "deflate bomb", "long", "cut", "not packed"],
)
async def test_bodies_that_are_too_much(coding: str, made: Callable[[], bytes], code: str):
    """Bounded after unpacking; nothing more than that is ever in memory."""
    body = made()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": coding} if coding else {})

    async with serving(answer) as server, opened(allow=(server.place,)) as client:
        assert await failed(client, server.url()) == code


@pytest.mark.parametrize(
    "head, more",
    [(gzip.compress(b"done"), b"x" * 65_536), (gzip.compress(b"")[:10], b"\0\0\0\xff\xff" * 13_000)],
    ids=["after the end", "of nothing"],
)
async def test_what_is_packed_is_bounded_too(head: bytes, more: bytes):
    """A packed body of which nothing comes out, or nothing more: not kept, and not read for long."""
    sent = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + head)
        while sent < 64 << 20:
            writer.write(more)
            sent += len(more)
            await writer.drain()

    async with speaking(speak) as server, opened(allow=(server.place,)) as client:
        assert await failed(client, server.url()) == "ERR_RESPONSE_TOO_LARGE"

    assert sent < 32 << 20


async def test_bodies_have_room_together():
    """What servers hold back of many responses is bounded, for each tenant by half; then there is room again."""
    go = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(bytes(600_000))
        await go.wait()
        return response

    async with serving(answer) as server, opened(allow=(server.place,), bodies_bytes=2 << 20) as client:
        asked = {asyncio.create_task(fetched(client, server.url())) for _ in range(2)}
        other = asyncio.create_task(fetched(client, server.url(), tenant="other"))
        (full,), (whole,) = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        go.set()
        bodies = [len((await one).body) for one in (whole, other, asyncio.create_task(fetched(client, server.url())))]
    error = full.exception()

    assert isinstance(error, NetworkError)
    assert error.code == "ENOBUFS"
    assert bodies == [600_000] * 3


async def test_a_tenant_whose_request_is_under_way_is_not_forgotten(monkeypatch: pytest.MonkeyPatch):
    """However many others come meanwhile; connections that nobody uses are closed."""
    monkeypatch.setattr(client_module, "MOST_TENANTS", 1)
    reached, go = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            reached.set()
            await go.wait()
        return web.Response(text=request.path)

    async with serving(answer) as server, opened(allow=(server.place,)) as client:
        slow = asyncio.create_task(fetched(client, server.url("/slow")))
        await reached.wait()
        others = [await fetched(client, server.url(f"/{tenant}"), tenant=tenant) for tenant in ("b", "c")]
        kept = list(client._egresses)
        go.set()
        bodies = [got.body for got in (await slow, *others)]

    assert bodies == [b"/slow", b"/b", b"/c"]
    assert kept == ["acme", "c"]


async def test_idle_connections_are_few(monkeypatch: pytest.MonkeyPatch):
    """However many were used at once: the rest is closed, though the servers would keep them."""
    monkeypatch.setattr(client_module, "MOST_IDLE", 2)
    reached, closed, go = asyncio.Semaphore(0), asyncio.Semaphore(0), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.release()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()
        closed.release()

    async with speaking(speak) as server, opened(allow=(server.place,)) as client:
        asked = [asyncio.create_task(fetched(client, server.url())) for _ in range(5)]
        for _ in asked:
            await reached.acquire()
        go.set()
        await asyncio.gather(*asked)
        async with asyncio.timeout(60):
            for _ in range(3):
                await closed.acquire()
        assert closed.locked()


async def test_a_redirect_to_nowhere_has_a_body():
    """A 3xx without `Location` is an answer like any other."""
    reply = b"HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nbody"
    async with speaking(saying(reply)) as server, opened(allow=(server.place,)) as client:
        got = await fetched(client, server.url())

    assert (got.status, got.body) == (302, b"body")


async def test_a_body_of_just_the_limit():
    """Is not too much."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(1 << 20)), headers={"Content-Encoding": "gzip"})

    async with serving(answer) as server, opened(allow=(server.place,)) as client:
        assert len((await fetched(client, server.url())).body) == 1 << 20


@pytest.mark.parametrize(
    "reply, code",
    [
        (b"", "ECONNRESET"),
        (b"HELLO\r\n\r\n", "HPE_INVALID_CONSTANT"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi", "ECONNRESET"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HPE_INVALID_CONSTANT"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", "HPE_INVALID_CONSTANT"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n", "HPE_INVALID_CONSTANT"),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"A%d: %b\r\n" % (n, b"b" * 8000) for n in range(20)) + b"\r\n", "HPE_HEADER_OVERFLOW"),
        (b"HTTP/1.1 302 OK\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n", "ERR_INVALID_REDIRECT"),
    ],
    ids=["nothing", "not HTTP", "cut", "bad chunk", "long header", "many headers", "long headers", "bad location"],
)  # fmt: skip
async def test_servers_that_do_not_keep_to_http(reply: bytes, code: str):
    """Each has its code, as Node has them; none breaks anything."""
    async with speaking(saying(reply)) as server, opened(allow=(server.place,)) as client:
        assert await failed(client, server.url()) == code


async def test_headers_are_latin_1():
    """As fetch has them; a name that comes twice comes twice."""
    reply = b"HTTP/1.1 200 OK\r\nA: \xe9\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"
    async with speaking(saying(reply)) as server, opened(allow=(server.place,)) as client:
        got = await fetched(client, server.url())

    assert got.headers == (("A", "\xe9"), ("Set-Cookie", "a"), ("Set-Cookie", "b"), ("Content-Length", "0"))


async def test_time_is_up():
    """For a server that accepts and says nothing, and for one that never ends."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n.")
        await reader.read()  # until the client leaves

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await reader.read()

    for speak in (drip, silent):
        async with speaking(speak) as server, opened(allow=(server.place,), timeout_ms=100) as client:
            assert await failed(client, server.url()) == "ETIMEDOUT"


async def test_whose_time_is_up():
    """The record says so of this request, not of one that began after it."""
    begun = asyncio.Semaphore(0)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.release()
        await reader.read()

    notes: list[Operation] = []
    async with speaking(silent) as server, opened(allow=(server.place,), timeout_ms=300) as client:
        tasks = []
        for _ in range(2):
            tasks.append(asyncio.create_task(client.request("acme", Request(method="GET", url=server.url()), notes)))
            # On a busy machine its time may be up before the server has heard of it.
            heard = asyncio.create_task(begun.acquire())
            await asyncio.wait([tasks[-1], heard], return_when=asyncio.FIRST_COMPLETED)
            heard.cancel()
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert notes[0].error == "ETIMEDOUT"


@pytest.mark.parametrize(
    "names, ends, trusts, code",
    [
        (["127.0.0.1"], 1, False, "DEPTH_ZERO_SELF_SIGNED_CERT"),
        (["127.0.0.1"], -1, True, "CERT_HAS_EXPIRED"),
        (["127.0.0.2", "good.example"], 1, True, "ERR_TLS_CERT_ALTNAME_INVALID"),
        (["127.0.0.1"], 1, True, ""),
    ],
)
async def test_tls_is_verified(tmp_path: Path, names: list[str], ends: int, trusts: bool, code: str):
    """Who signed it, until when, for whom; `ca_file` adds who is trusted."""
    certificate = make_certificate(tmp_path, *names, days=ends)
    ca_file = str(certificate) if trusts else ""
    async with (
        serving(echo, tls=server_side(certificate)) as server,
        opened(allow=(server.place,), ca_file=ca_file) as client,
    ):
        url = f"https://{server.place}/"
        if code:
            assert await failed(client, url) == code
        else:
            assert (await fetched(client, url)).status == 200

    assert len(server.requests) == (not code)


async def test_a_server_without_tls():
    """EPROTO."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 no\r\n\r\n")
        await writer.drain()

    async with speaking(plain) as server, opened(allow=(server.place,)) as client:
        assert await failed(client, f"https://{server.place}/") == "EPROTO"
