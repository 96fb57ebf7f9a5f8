"""A server and an engine that may reach it."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.network.servers import Server
from tests.sandbox.operations.waiting import Reaching


async def respond(request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one for each path
    """By its path: what came, bytes, packed text, a status, a redirect, much; or nothing, ever."""
    match request.path.split("/")[1:]:
        case ["slow"]:
            await asyncio.Event().wait()
        case ["bytes", *_]:
            return web.Response(body=bytes(range(256)))
        case ["gzip", *_]:
            return web.Response(body=gzip.compress("h\u00e9".encode() * 100), headers={"Content-Encoding": "gzip"})
        case ["status", number]:
            return web.Response(status=int(number), reason="Some Reason")
        case ["to", *_]:
            return web.Response(status=302, headers={"Location": "/echo?hop"})
        case ["large", number]:
            return web.Response(body=b"x" * int(number))
        case ["cookies"]:
            response = web.Response(text="{bad")
            response.headers.add("Set-Cookie", "a=1")
            response.headers.add("Set-Cookie", "b=2")
            return response
    body = (await request.read()).decode("latin-1")
    return web.json_response(
        {"method": request.method, "path": request.raw_path, "headers": dict(request.headers), "body": body}
    )


@dataclass
class World:
    """An engine, and the one server that its hooks may reach."""

    engine: Reaching
    server: Server

    async def told(self, body: str, *arguments: Any, **more: Any) -> Any:
        """What an async function of (base, ...) answers."""
        source = f"module.exports = async (base, a, b) => {{ /* fetch */ {body} }};"
        return await self.engine.answer(source, self.server.url()[:-1], *arguments, **more)
