"""A server with room for few connections, and clients that do with theirs what no HTTP library would."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from runtime.http import crowd as crowd_module
from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route, install
from tests.waiting import until

ASK = b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = 8_000_000
SOME = 20_000
"""Less than what aiohttp lets heap up."""


class Service:
    """A server with room for few connections."""

    def __init__(self) -> None:
        self.port = 0
        self.crowd: crowd_module.Crowd
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.clients: list[Client] = []
        self.answering: list[crowd_module.Connection] = []

    def routes(self) -> Iterator[Route]:
        handlers = {"ok": self.ok, "wait": self.wait, "read": self.read, "large": self.large, "some": self.some}
        for path, handler in handlers.items():
            for method in ("GET", "POST"):
                yield Route(method=method, path=f"/{path}", handler=handler, access=Public("a test"))

    async def ok(self, call: Call) -> web.Response:
        self.meet(call)
        return json_response({})

    def meet(self, call: Call) -> crowd_module.Connection:
        protocol = call.request.protocol
        assert isinstance(protocol, crowd_module.Connection)
        self.crowd = protocol.crowd
        return protocol

    async def read(self, call: Call) -> web.Response:
        return json_response(len(await call.request.read()))

    async def wait(self, call: Call) -> web.Response:
        self.meet(call)
        self.asked.set()
        await self.go_on.wait()
        return json_response({"read": len(await call.request.read())})

    async def large(self, call: Call) -> web.Response:
        self.answering.append(self.meet(call))
        self.asked.set()
        return web.Response(body=b"x" * ANSWER)

    async def some(self, call: Call) -> web.Response:
        self.answering.append(self.meet(call))
        self.asked.set()
        return web.Response(body=b"x" * SOME)

    def hurry(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        """From now on heads must be here in so many. Before, a busy machine could have been too slow for honest ones."""
        monkeypatch.setattr(crowd_module, "HEAD_SECONDS", seconds)
        self.owing()

    def owing(self) -> int:
        """How many bodies were owed when the crowd looked around, which it does now."""
        self.crowd.close()
        self.crowd._look_around()
        return len(self.crowd._owing)

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.clients[-1]

    @asynccontextmanager
    async def deaf(self, number: int, path: bytes = b"/large") -> AsyncIterator[list[socket.socket]]:
        """So many that ask, until they have more to read than the system takes, and read nothing."""
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
            for one in sockets:
                one.setblocking(False)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", self.port))
                while not self.asked.is_set() or not self.answering[-1].unread:
                    self.asked.clear()
                    await asyncio.get_running_loop().sock_sendall(one, ASK.replace(b"/ok", path))
                    await self.asked.wait()
                    await until(lambda: self.answering[-1].is_idle or self.answering[-1].unread > 0)
                self.asked.clear()
            yield sockets


class Client:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, sent: bytes = ASK) -> int:
        """The status of the answer."""
        self.writer.write(sent)
        return (await self.answer())[0]

    async def answer(self) -> tuple[int, Any, bytes]:
        """Status, body and head of what comes next."""
        async with asyncio.timeout(60):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
            return int(head.split(b" ")[1]), json.loads(await self.reader.readexactly(int(length))), head

    async def is_over(self) -> bool:
        """Whether the server ended it; waits for that."""
        async with asyncio.timeout(60):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    @contextmanager
    def dripping(self, some: bytes) -> Iterator[None]:
        """Send a byte every few milliseconds meanwhile."""

        async def drip() -> None:
            for byte in some:
                self.writer.write(bytes([byte]))
                await asyncio.sleep(0.02)

        task = asyncio.create_task(drip())
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def serving(most: int = 100) -> AsyncIterator[Service]:
    service, app = Service(), create_app()
    install(app, service.routes(), Authenticator(()))
    async with AsyncExitStack() as stack:
        service.port = (await stack.enter_async_context(serve(app, "127.0.0.1", 0, connections=most))).port
        yield service
        service.go_on.set()
        for client in service.clients:
            client.writer.close()
            with suppress(OSError):
                await client.writer.wait_closed()
