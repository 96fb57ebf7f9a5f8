"""One aiohttp application and one server for any number of services.

Rule: no middleware and no access log, both cost more than a hook's share of a request. Routes wrap themselves
(`routes.install`), and `serve` adds a last route that matches everything and answers what no other does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from runtime.errors import HookdError, MethodNotAllowed, NotFound
from runtime.http.json import error_response
from runtime.http.routes import BODY_LIMIT, STOPPING, Call, Public, Route, wrap

log = logging.getLogger("hookd.http")

KEEP_ALIVE_SECONDS: Final = 75.0
SHUTDOWN_SECONDS: Final = 10.0
"""How long requests in progress may go on when the server stops."""


def create_app() -> web.Application:
    """An empty application; `routes.install` fills it, `serve` serves it."""
    app = web.Application()
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_tell_stopping)
    return app


async def _tell_stopping(app: web.Application) -> None:
    app[STOPPING].set()


async def _unrouted(call: Call) -> web.StreamResponse:
    """404, or 405 with `Allow` when the path exists for other methods."""
    request = call.request
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        _, methods = await resource.resolve(request)
        allowed |= methods - {hdrs.METH_ANY}
    if not allowed:
        raise NotFound(f"There is nothing at {request.path[:200]}.")
    names = ", ".join(sorted(allowed))
    error = MethodNotAllowed(f"{request.method} is not possible at {request.path[:200]}; possible: {names}.")
    return error_response(error, {"Allow": names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server listens; `port` is the real one where 0 was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """`http://host:port`, without a slash."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


class MalformedRequest(HookdError):
    """Bytes that are no HTTP request, or one that is over the parser's limits."""

    status, error, code = 400, "Bad Request", "invalid_request"


class _Connection(web.RequestHandler):
    """Answers what is no HTTP in our shape. aiohttp would name its version, and log the bytes: a token may be in them."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        log.debug("%s sent what is no HTTP request: %s", request.remote, type(exc).__name__)
        answer = error_response(MalformedRequest("This is not an HTTP request that can be read."))
        answer.force_close()
        return answer


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # There is no public way to say which class a connection is of.
        server.__class__ = _Server
        return server


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int, *, share_port: bool = False) -> AsyncIterator[Address]:
    """Serve while the block runs; then stop listening and let requests in progress end.

    What no route answers is a JSON 404 or 405. `share_port` lets several processes listen on one port.
    """
    last = Route(method="*", path="/{path:.*}", handler=_unrouted, access=Public("only says that there is nothing"))
    app.router.add_route(last.method, last.path, wrap(last, None, BODY_LIMIT))
    runner = _Runner(
        app,
        access_log=None,
        handle_signals=False,
        auto_decompress=False,  # it would unpack before anybody looks at the token, as much as there is
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_port=share_port or None)
        await site.start()
        yield Address(host=host, port=runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def serve_until(app: web.Application, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until the event is set."""
    async with serve(app, host, port):
        await stop.wait()
