from __future__ import annotations

import asyncio
import json
import logging
import socket
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import aiohttp
import pytest
import uvloop
from aiohttp import web

from runtime.errors import HookdError, Unavailable
from runtime.http import app as app_module
from runtime.http.app import Address, create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.json import json_response
from runtime.http.routes import STOPPING, Call, Public, Route, Scopes, install
from tests.http.conftest import connect

PUBLIC = Public("a test")


async def ok(call: Call) -> web.Response:
    return json_response({})


ROUTES = [
    Route(method="GET", path="/things", handler=ok, access=PUBLIC),
    Route(method="POST", path="/things", handler=ok, access=PUBLIC),
    Route(method="PATCH", path="/things/{id}", handler=ok, access=PUBLIC),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_an_unknown_path_is_a_json_404(served, client, method):
    """Whatever the method, the answer names the path and has the usual shape."""
    url = await served(*ROUTES)
    async with client.request(method, f"{url}/nowhere?secret=1") as answer:
        assert answer.status == 404
        assert await answer.json() == {
            "statusCode": 404,
            "error": "Not Found",
            "message": "There is nothing at /nowhere.",
            "errorCode": "inexistent_resource",
        }


async def test_a_wrong_method_is_a_json_405_with_allow(served, client):
    """`Allow` has every method of the path (RFC 9110 section 15.5.6)."""
    url = await served(*ROUTES)
    async with client.delete(f"{url}/things") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD, POST"
        assert (await answer.json())["message"] == "DELETE is not possible at /things; possible: GET, HEAD, POST."
    async with client.get(f"{url}/things/1") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "PATCH")


def oauth_error(error: HookdError) -> web.Response:
    return json_response({"error": error.code}, error.status)


async def test_a_wrong_method_is_answered_as_its_path_answers_errors(served, client):
    """A client of the token endpoint reads `error` and knows no `errorCode` (RFC 6749 section 5.2)."""
    path = "/oauth/{kind}"
    own = Route(
        method="POST", path=path, handler=ok, access=PUBLIC, answer_error=oauth_error, busy=({"kind": "token"},)
    )
    url = await served(own, *ROUTES)
    for path in ("/oauth/token", "/oauth/other"):
        async with client.get(url + path) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")
            assert await answer.json() == {"error": "method_not_allowed"}
    async with client.delete(f"{url}/things") as answer:
        assert (await answer.json())["errorCode"] == "method_not_allowed"


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer hunter2" + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /hunter2" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["garbage", "header", "address", "smuggling"],
)
async def test_what_is_no_http_request_is_a_json_400(served, sent, caplog):
    """In the usual shape, without a version; none of its bytes are in the log, for a token may be among them."""
    url = await served(*ROUTES)
    reader, writer = await connect(url)
    with caplog.at_level(logging.DEBUG):
        writer.write(sent)
        async with asyncio.timeout(60):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.split(b" ")[1] == b"400"
    assert b"Server: hookd\r\n" in head + b"\r\n"
    assert json.loads(body) == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "This is not an HTTP request that can be read.",
        "errorCode": "invalid_request",
    }
    assert "hunter2" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]


async def ask_raw(url: str, sent: bytes) -> tuple[bytes, dict[str, object]]:
    """Head and body of the answer to a request that an HTTP library would not send; the server ends the connection."""
    reader, writer = await connect(url)
    writer.write(sent)
    async with asyncio.timeout(60):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head + b"\r\n", json.loads(body)


@pytest.mark.parametrize(
    "sent, status, code, words",
    [
        (b"POST /things HTTP/1.1\r\nExpect: foo\r\n", 417, "expectation_failed", "100-continue"),
        (b"POST /nowhere HTTP/1.1\r\nExpect: foo\r\n", 417, "expectation_failed", "100-continue"),
        (b"OPTIONS * HTTP/1.1\r\n", 404, "inexistent_resource", "OPTIONS is possible for no address"),
        (b"CONNECT x:1 HTTP/1.1\r\n", 404, "inexistent_resource", "CONNECT is possible for no address"),
        (b"CONNECT x:1 HTTP/1.1\r\nExpect: foo\r\n", 417, "expectation_failed", "100-continue"),
    ],
)
async def test_what_reaches_no_route_is_answered_in_our_shape(served, sent, status, code, words):
    """aiohttp would answer these by itself, as text and with its version."""
    url = await served(*ROUTES)
    head, body = await ask_raw(url, sent + b"Host: x\r\nX-Request-Id: r-1\r\nContent-Length: 0\r\n\r\n")
    assert list(body) == ["statusCode", "error", "message", "errorCode"]
    assert (int(head.split(b" ")[1]), body["statusCode"], body["errorCode"]) == (status, status, code)
    assert words in str(body["message"])
    for header in (
        b"Server: hookd",
        b"X-Request-Id: r-1",
        b"Cache-Control: no-store",
        b"Content-Type: application/json; charset=utf-8",
    ):
        assert header + b"\r\n" in head
    assert b"aiohttp" not in head


async def reading(call: Call) -> web.Response:
    return json_response(await call.json())


async def test_whoever_expects_to_continue_may(served):
    """`Expect: 100-continue` has its interim answer (RFC 9110 section 10.1.1)."""
    url = await served(Route(method="POST", path="/things", handler=reading, access=PUBLIC))
    reader, writer = await connect(url)
    head = b"POST /things HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
    writer.write(head + b"Content-Length: 2\r\n\r\n")
    async with asyncio.timeout(60):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "path, length, status",
    [("things", 1_001, 413), ("secret", 2, 401), ("nowhere", 2, 404)],
    ids=["too large", "no token", "no route"],
)
async def test_who_is_refused_is_not_asked_for_the_body(served, path, length, status):
    """No 100 before: the answer is what comes first."""
    url = await served(
        Route(method="POST", path="/things", handler=reading, access=PUBLIC),
        Route(method="POST", path="/secret", handler=reading, access=Scopes("read:things")),
    )
    reader, writer = await connect(url)
    head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode())
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(f"HTTP/1.1 {status} ".encode())
    writer.close()
    await writer.wait_closed()


async def nothing(_: Call) -> web.Response:
    return None  # type: ignore[return-value]  # what the test is about


async def test_a_handler_that_answers_nothing_is_a_json_500(served, client, caplog):
    """What comes through every other guard still has our shape, and is in the log."""
    url = await served(Route(method="GET", path="/nothing", handler=nothing, access=PUBLIC))
    async with client.get(f"{url}/nothing") as answer:
        assert (answer.status, answer.headers["Server"]) == (500, "hookd")
        assert (await answer.json())["errorCode"] == "internal_error"
    assert f"an answer broke [{answer.headers['X-Request-Id']}]" in caplog.text


@pytest.mark.parametrize("error", [Unavailable("full"), RuntimeError("broken")])
async def test_an_answer_that_breaks_off_is_seen_to(served, client, caplog, error):
    """What was sent is not followed by another answer, nor by the end mark: the connection ends, and the log has why."""

    async def begin(call: Call) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(call.request)
        await stream.write(b"half")
        raise error

    url = await served(Route(method="GET", path="/half", handler=begin, access=PUBLIC))
    async with client.get(f"{url}/half") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert "GET /half broke" in caplog.text


async def test_a_request_in_progress_ends_before_the_server():
    """Stopping the server lets an accepted request have its answer."""
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slow(call: Call) -> web.Response:
        inside.set()
        await go_on.wait()
        return json_response({"done": True})

    app = create_app()
    install(app, [Route(method="GET", path="/", handler=slow, access=PUBLIC)], Authenticator(()))
    async with aiohttp.ClientSession() as client:
        async with serve(app, "127.0.0.1", 0) as address:
            asking = asyncio.ensure_future(client.get(address.url))
            await inside.wait()
            asyncio.get_running_loop().call_later(0.05, go_on.set)
        assert await (await asking).json() == {"done": True}


async def test_endless_answers_learn_that_the_server_stops(monkeypatch):
    """`STOPPING` is set before requests in progress are waited for."""
    monkeypatch.setattr(app_module, "SHUTDOWN_SECONDS", 600)
    inside = asyncio.Event()

    async def endless(call: Call) -> web.Response:
        inside.set()
        await call.request.app[STOPPING].wait()
        return json_response({"stopped": True})

    app = create_app()
    install(app, [Route(method="GET", path="/", handler=endless, access=PUBLIC)], Authenticator(()))
    async with aiohttp.ClientSession() as client:
        async with asyncio.timeout(60), serve(app, "127.0.0.1", 0) as address:
            asking = asyncio.ensure_future(client.get(address.url))
            await inside.wait()
        assert await (await asking).json() == {"stopped": True}


async def test_the_end_of_an_endless_answer_is_not_that_of_its_connection():
    """Its head promised, before anybody thought of stopping, that one more request is answered there; that answer is the last."""
    inside = asyncio.Event()

    async def endless(call: Call) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(call.request)
        inside.set()
        await call.request.app[STOPPING].wait()
        return stream

    app = create_app()
    install(app, [*ROUTES, Route(method="GET", path="/", handler=endless, access=PUBLIC)], Authenticator(()))
    async with asyncio.timeout(60), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as client:

        async def follow_and_ask(url: str) -> tuple[int, str]:
            async with client.get(url) as stream:
                assert await stream.read() == b""
            async with client.post(f"{url}/things") as answer:
                return answer.status, answer.headers["Connection"]

        async with serve(app, "127.0.0.1", 0, drain_seconds=50) as address:
            following = asyncio.ensure_future(follow_and_ask(address.url))
            await inside.wait()
        assert await following == (200, "close")


@pytest.mark.parametrize("rounds", range(7))
def test_who_comes_just_before_the_stop_is_answered(rounds):
    """However few rounds of the event loop before it: by the server that has accepted the connection, or else by the next one.

    Its question may take a while yet. With uvloop, as in a service: asyncio forgets those it has accepted in the round before.
    """
    question = b"GET /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    def server() -> AbstractAsyncContextManager[Address]:
        app = create_app()
        install(app, ROUTES, Authenticator(()))
        return serve(app, "", sockets=[listening.dup()], drain_seconds=50)

    async def ask() -> bytes:
        async with server():
            client.connect(listening.getsockname())
            asyncio.get_running_loop().call_later(0.05, client.sendall, question)
            for _ in range(rounds):
                await asyncio.sleep(0)
        async with server(), asyncio.timeout(60):
            client.setblocking(False)
            return await asyncio.get_running_loop().sock_recv(client, 100)

    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        assert uvloop.run(ask()).startswith(b"HTTP/1.1 200")


def test_an_address_is_a_url():
    """An IPv6 address goes into brackets (RFC 3986 section 3.2.2)."""
    assert Address(host="127.0.0.1", port=80).url == "http://127.0.0.1:80"
    assert Address(host="::1", port=80).url == "http://[::1]:80"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:"], ids=["nothing", "half a head"])
async def test_a_client_that_asks_nothing_is_let_go(served, monkeypatch, sent):
    """A connection without a whole request is closed after a while: they can not be hoarded."""
    monkeypatch.setattr(app_module, "KEEP_ALIVE_SECONDS", 0.1)
    url = await served(*ROUTES)
    reader, writer = await connect(url)
    writer.write(sent)
    async with asyncio.timeout(60):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_who_sends_what_nobody_wants_is_not_waited_for(served, monkeypatch):
    """The answer comes at once; the connection ends soon, whatever was promised."""
    monkeypatch.setattr(app_module, "LINGER_SECONDS", 0.1)
    url = await served(*ROUTES)
    reader, writer = await connect(url)
    writer.write(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx")
    async with asyncio.timeout(60):
        assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
    writer.close()
    await writer.wait_closed()


async def test_many_may_connect_while_the_loop_is_busy():
    """So many as they are told to be: the system keeps them until they are accepted, and turns nobody away."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        async with serve(create_app(), "127.0.0.1", sockets=[one], backlog=300) as address, AsyncExitStack() as stack:
            for _ in range(300):  # without the loop's turn
                stack.enter_context(socket.create_connection(("127.0.0.1", address.port), timeout=30))
