"""A no-op aiohttp endpoint: reads the execution API's JSON, answers JSON of the same size. The ceiling for aiohttp."""

from __future__ import annotations

import asyncio
import socket
import sys

import orjson
import uvloop
from aiohttp import web

ANSWER = {
    "decision": "allow",
    "scope": ["read:reports", "write:reports", "extra"],
    "claims": {"https://foo.com/claim": "bar"},
    "dropped": [],
    "execution": {
        "id": "01JD0000000000000000000000",
        "hook": "01JD0000000000000000000000",
        "version": "0" * 64,
        "duration_ms": 0.123,
        "cpu_ms": 0.123,
    },
}


async def execute(request: web.Request) -> web.Response:
    """Parse the body, serialize the answer; nothing between."""
    orjson.loads(await request.read())
    return web.Response(body=orjson.dumps(ANSWER), content_type="application/json", charset="utf-8")


async def serve() -> None:
    """Listen on a free port, say which, and stay."""
    app = web.Application()
    app.router.add_post("/api/v1/triggers/{trigger}/execute", execute)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    sys.stdout.write(f'{{"port": {listener.getsockname()[1]}}}\n')
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
