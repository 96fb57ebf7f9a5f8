"""Real servers on loopback that tests reach, and some that nobody may reach."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """`requests` are those that came; `connections` counts what connected, whatever it said then."""

    port: int
    requests: list[web.Request] = field(default_factory=list)
    connections: int = 0

    @property
    def place(self) -> str:
        """Address and port, as a list in the configuration has them."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.place}{path}"


@asynccontextmanager
async def serving(
    answer: Answer, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """An HTTP server that answers so, on a free port."""
    server = Server(0)

    async def handle(request: web.Request) -> web.StreamResponse:
        server.requests.append(request)
        return await answer(request)

    app = web.Application(client_max_size=16 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, host, 0, ssl_context=tls).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(
    speak: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], *, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """A server of the test's own words; `speak` ends the connection."""
    server = Server(0)
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        writers.add(writer)
        try:
            await speak(reader, writer)
        except ConnectionError:
            pass
        finally:
            writers.discard(writer)
            writer.close()

    listening = await asyncio.start_server(serve, host, 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def saying(reply: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Reads a request's head, says this, and hangs up."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()

    return speak
