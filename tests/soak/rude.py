"""Clients that do not speak as HTTP wants it, and go when they like. Whatever they are answered, it is no fault of the service."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import socket
import struct
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from tests.bench.case import PATH
from tests.end_to_end.operators import REQUEST
from tests.soak.load import MEANT, Tenant

SECONDS: Final = 1.0
"""So long one of them waits for an answer, or with half a request."""

NO_VERSION: Final = 505
"""The answer to another version of HTTP."""

ENDS: Final = ("read", "half", "drip", "close", "reset")
"""Read what comes; likewise, after having said that nothing follows; or having sent a few bytes at a time; go at once, in order or not."""

_DRIPS: Final = 10
"""So many times a few bytes, and then the rest."""

_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_RESET: Final = struct.pack("ii", 1, 0)


def said(authorization: str) -> Sequence[bytes]:
    """What they send: a request that is cut, many at once, garbage, heads and bodies that are too long or have no end, or two."""
    body, chance = json.dumps(REQUEST).encode(), random.Random(1)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: hookd\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n"
    )
    begun = head.encode()
    good = begun + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = begun + b"Transfer-Encoding: chunked\r\n\r\n"
    return (
        *(good[:end] for end in (1, 20, len(good) - len(body) - 2, len(good) - 1)),
        good * 3,
        good + b"\x00\xff garbage \r\n\r\n" * 20,
        good + chance.randbytes(3_000),
        chance.randbytes(5_000),
        b"\r\n" * 5_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(200),
        *(
            chunked + rest
            for rest in (
                b"zz\r\nabc\r\n",
                b"5\r\nab",
                b"-5\r\nabc\r\n0\r\n\r\n",
                b"ffffffffffffffff\r\n" + b"a" * 1_000,
            )
        ),
        chunked + b"5;" + b"x" * 20_000,
        chunked + b"%x\r\n" % len(body) + body + b"\r\n0\r\nA: " + b"b" * 30_000,
        begun + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        begun + b"Content-Length: -1\r\n\r\n",
        begun + b"Content-Length: 99999999999999999999\r\n\r\n",
        begun + b"Content-Length: 2000000\r\n\r\n" + b"[" * 300_000,
        begun + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + chance.randbytes(20),
        begun + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n",
        begun + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n",
        begun + b"X-A: b\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: hookd\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT hookd:443 HTTP/1.1\r\nHost: hookd\r\n\r\n",
    )


async def offend(tenant: Tenant, pause: float) -> None:
    """All that, in each way and at each node, as long as it goes on."""
    ways = list(itertools.product(said(tenant.session.headers["Authorization"]), ENDS))
    random.Random(1).shuffle(ways)
    for what, end in itertools.cycle(ways):
        if not tenant.going():
            return
        try:
            heard = await _send(tenant.place, what, end)
        except (OSError, TimeoutError):  # a node is being started again, or hung up
            heard = b""
        judge(tenant, what, heard)
        await asyncio.sleep(pause)


def judge(tenant: Tenant, what: bytes, heard: bytes) -> None:
    """A refusal is right, a decision, where there was a request, and nothing."""
    tenant.told.counts["rude clients"] += 1
    for status in map(int, _STATUS.findall(heard)):
        if status >= 500 and status not in (MEANT, NO_VERSION):
            tenant.told.wrong.append(f"{what[:60]!r} was answered {status}")
        else:
            tenant.told.counts[f"rude requests answered {status}"] += 1


async def _send(url: str, what: bytes, end: str) -> bytes:
    """What is heard of it."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        for at in range(0, _DRIPS * 20, 20) if end == "drip" else ():
            writer.write(what[at : at + 20])
            await asyncio.wait_for(writer.drain(), SECONDS)
            await asyncio.sleep(SECONDS / 100)
        writer.write(what[_DRIPS * 20 if end == "drip" else 0 :])
        if end == "half":
            writer.write_eof()
        return await _heard(reader) if end in ("read", "half", "drip") else b""
    finally:
        if end == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        writer.close()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    """Until the service hangs up, or says nothing for a while."""
    heard = b""
    try:
        async with asyncio.timeout(SECONDS):
            while more := await reader.read(1 << 16):
                heard += more
    except (OSError, TimeoutError):
        pass
    return heard
