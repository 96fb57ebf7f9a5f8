"""The answer of a busy route is the same as any other, byte for byte but for the order of its headers."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

import orjson
import pytest
from aiohttp import web

from runtime.http.busy import busy_response
from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route
from tests.http.conftest import connect

DATA = {"name": "Zoë", "list": [1, None]}
PUBLIC = Public("a test")


async def busy(call: Call) -> web.StreamResponse:
    return busy_response(orjson.dumps(DATA))


async def plain(call: Call) -> web.StreamResponse:
    return json_response(DATA)


async def closing(call: Call) -> web.StreamResponse:
    response = busy_response(orjson.dumps(DATA))
    response.force_close()
    return response


async def broken(call: Call) -> web.StreamResponse:
    response = busy_response(orjson.dumps(DATA))
    response.headers["X-Name"] = "a\r\nSet-Cookie: b"
    return response


ROUTES = [
    Route(method=method, path=f"/{handler.__name__}", handler=handler, access=PUBLIC)
    for method in ("GET", "POST")
    for handler in (busy, plain, closing, broken)
]


async def ask(url: str, *requests: bytes) -> bytes:
    """All that comes over one connection until it ends."""
    reader, writer = await connect(url)
    writer.write(b"".join(requests))
    answer = await reader.read()
    writer.close()
    return answer


def request(path: str, *headers: str, method: str = "POST", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: x", "X-Request-Id: r-1", "Content-Length: 0", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parsed(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers less the date, body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    assert abs(parsedate_to_datetime(headers.pop("Date")).timestamp() - time.time()) < 60
    return status, headers, body


CLOSE = "Connection: close"


@pytest.mark.parametrize(
    "how",
    [
        {"method": "POST", "version": "1.1"},
        {"method": "POST", "version": "1.0"},
        {"method": "HEAD", "version": "1.1"},
        {"method": "HEAD", "version": "1.0"},
    ],
)
async def test_it_is_the_answer_of_any_route(served, how):
    """Status, headers and body, over connections that end after it."""
    url = await served(*ROUTES)
    answers = [parsed(await ask(url, request(path, CLOSE, **how))) for path in ("/busy", "/plain")]
    assert answers[0] == answers[1]
    assert answers[0][1]["X-Request-Id"] == "r-1"


async def test_over_a_connection_that_stays_open_too(served):
    """Two requests at once, and a last one that ends it: three answers in their order."""
    url = await served(*ROUTES)
    answers = [await ask(url, request(path), request(path), request("/plain", CLOSE)) for path in ("/busy", "/plain")]
    whole = [answer.count(b"HTTP/1.1 200 OK\r\n") for answer in answers]
    assert whole == [3, 3]
    assert len(answers[0]) == len(answers[1])
    first = answers[0][: len(answers[0]) // 3]
    status, headers, body = parsed(first[: first.index(b"}") + 1])
    assert (status, json.loads(body)) == ("HTTP/1.1 200 OK", DATA)
    assert headers == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Server": "hookd",
        "Content-Length": str(len(body)),
        "X-Request-Id": "r-1",
    }


async def test_an_answer_that_is_told_to_close_closes(served):
    """`Connection: close`, and the end."""
    url = await served(*ROUTES)
    _, headers, body = parsed(await ask(url, request("/closing")))
    assert headers["Connection"] == "close"
    assert json.loads(body) == DATA


async def test_no_header_brings_another_with_it(served):
    """A line break in a value: nothing is sent, the connection ends."""
    url = await served(*ROUTES)
    assert await ask(url, request("/broken")) == b""
