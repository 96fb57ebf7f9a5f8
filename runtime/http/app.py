"""One aiohttp application and one server for any number of services.

Rule: no middleware and no access log, both cost more than a hook's share of a request. Routes wrap themselves
(`routes.install`), and `serve` adds a last route that matches everything and answers what no other does.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from runtime.errors import HookdError, MethodNotAllowed, NotFound
from runtime.http.crowd import CONNECTIONS, VERSION_STATUS, Connection, Crowd
from runtime.http.json import error_response
from runtime.http.routes import (
    BODY_LIMIT,
    ERROR_ANSWERS,
    REQUEST_ID,
    STOPPING,
    Call,
    ErrorAnswer,
    Public,
    Route,
    expect,
    request_id,
    wrap,
)

log = logging.getLogger("hookd.http")
_DRAIN_STEP_SECONDS: Final = 0.02
_ACCEPT_ROUNDS: Final = 5
"""Of the event loop, which takes some from a connection that is accepted to its `connection_made`: uvloop one, asyncio two."""

KEEP_ALIVE_SECONDS: Final = 75.0
LINGER_SECONDS: Final = 2.0
"""How long the rest of a body is taken that nobody wants, so that its sender finds the answer."""

SHUTDOWN_SECONDS: Final = 10.0
"""How long requests in progress may go on when the server stops."""


def create_app() -> web.Application:
    """An empty application; `routes.install` fills it, `serve` serves it."""
    app = web.Application()
    app[STOPPING] = asyncio.Event()
    app[ERROR_ANSWERS] = {}
    app.on_shutdown.append(_tell_stopping)
    return app


async def _tell_stopping(app: web.Application) -> None:
    app[STOPPING].set()


async def _unrouted(call: Call) -> web.Response:
    """404, or 405 with `Allow` when the path exists for other methods: then as that path's routes answer errors."""
    request = call.request
    allowed: set[str] = set()
    answer_error: ErrorAnswer = error_response
    for resource in request.app.router.resources():
        _, methods = await resource.resolve(request)
        methods = methods - {hdrs.METH_ANY}
        if methods:
            allowed |= methods
            answer_error = request.app[ERROR_ANSWERS].get(resource.canonical, error_response)
    if not allowed:
        raise NotFound(f"There is nothing at {request.path[:200]}.")
    names = ", ".join(sorted(allowed))
    answer = answer_error(
        MethodNotAllowed(f"{request.method} is not possible at {request.path[:200]}; possible: {names}.")
    )
    answer.headers[hdrs.ALLOW] = names
    return answer


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


class VersionNotSupported(HookdError):
    """A request in another version of HTTP (RFC 9110 section 15.6.6)."""

    status, error, code = VERSION_STATUS, "HTTP Version Not Supported", "http_version_not_supported"


class ExpectationFailed(HookdError):
    """An `Expect` other than `100-continue` (RFC 9110 section 10.1.1)."""

    status, error, code = 417, "Expectation Failed", "expectation_failed"


class _Connection(Connection):
    """Gives what aiohttp answers by itself our shape. It would name its version, and log bytes: a token may be in them."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - the signature is aiohttp's
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, and to an error that came through every guard."""
        if request.writer.output_size > 0:
            raise ConnectionError("A part of the answer is sent, so this can not be answered.")
        if isinstance(exc, HttpProcessingError):
            log.debug("%s sent what is no HTTP request: %s", request.remote, type(exc).__name__)
            if status == VERSION_STATUS:
                return _last_answer(request, VersionNotSupported("The versions of HTTP here are 1.1 and 1.0."))
            return _last_answer(request, MalformedRequest("This is not an HTTP request that can be read."))
        answer = _last_answer(request, HookdError("hookd made an error; its log has it."))
        log.error("an answer broke [%s]", answer.headers[REQUEST_ID], exc_info=exc)
        return answer

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """Write the answer. aiohttp's own ones are those of requests that reached no route."""
        if isinstance(resp, web.HTTPException):
            resp = _last_answer(request, _unreached(request, resp))
        # Of an answer that went on and on the head is sent: it promised one more request on this connection.
        if isinstance(self._manager, _Server) and self._manager.is_draining and not resp.prepared:
            resp.force_close()
        return super().finish_response(request, resp, start_time)


def _unreached(request: web.BaseRequest, answer: web.HTTPException) -> HookdError:
    if answer.status == ExpectationFailed.status:
        return ExpectationFailed("The only expectation that can be met is 100-continue.")
    # `OPTIONS *` and `CONNECT host:port` ask for what is no path.
    return NotFound(f"{request.method} is possible for no address of this kind.")


def _last_answer(request: web.BaseRequest, error: HookdError) -> web.Response:
    """An error's answer, after which the connection ends."""
    answer = error_response(error, {REQUEST_ID: request_id(request)})
    answer.force_close()
    return answer


class _Server(web.Server):
    is_draining = False
    crowd: Crowd

    def __call__(self) -> web.RequestHandler:
        connection = _Connection(self, loop=self._loop, **self._kwargs)
        connection.crowd = self.crowd
        return connection


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # There is no public way to say which class a connection is of.
        server.__class__ = _Server
        return server


@asynccontextmanager
async def serve(
    app: web.Application,
    host: str,
    port: int = 0,
    *,
    sockets: Sequence[socket.socket] = (),
    drain_seconds: float = 0.0,
    connections: int = CONNECTIONS,
    backlog: int = 128,
) -> AsyncIterator[Address]:
    """Serve while the block runs; then stop listening and let requests in progress end.

    `sockets` listen already, and stand in place of host and port. After the block, connections on which nothing goes on get
    `drain_seconds` for one more request, whose answer says that it is the last: so that no client sends one to a connection
    that is being closed. What no route answers is a JSON 404 or 405. There are at most so many `connections` at once, and
    `backlog` more that wait to be accepted at each socket.
    """
    last = Route(method="*", path="/{path:.*}", handler=_unrouted, access=Public("only says that there is nothing"))
    app.router.add_route(last.method, last.path, wrap(last, None, BODY_LIMIT), expect_handler=expect)
    runner = _Runner(
        app,
        access_log=None,
        handle_signals=False,
        auto_decompress=False,  # it would unpack before anybody looks at the token, as much as there is
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
        lingering_time=LINGER_SECONDS,
    )
    await runner.setup()
    server = runner.server
    assert isinstance(server, _Server)
    server.crowd = Crowd(lambda: server._connections, most=connections)  # type: ignore[arg-type,return-value]  # noqa: SLF001 - all are _Connection; the public way copies
    try:
        for one in sockets:
            await web.SockSite(runner, one, backlog=backlog).start()
        if not sockets:
            await web.TCPSite(runner, host, port, backlog=backlog).start()
        yield Address(host=host, port=runner.addresses[0][1])
    finally:
        for site in list(runner.sites):
            await site.stop()
        # What was accepted just before is no connection of aiohttp's yet. It would be one after everybody has looked for the last
        # time, and be closed without an answer, or waited for in vain.
        for _ in range(_ACCEPT_ROUNDS):
            await asyncio.sleep(0)
        if drain_seconds:
            await _drain(server, app, drain_seconds)
        server.crowd.close()
        await runner.cleanup()


async def _drain(server: _Server, app: web.Application, seconds: float) -> None:
    """Wait until all connections are gone."""
    server.is_draining = True
    app[STOPPING].set()
    until = time.monotonic() + seconds
    while server.connections and time.monotonic() < until:  # noqa: ASYNC110 - aiohttp tells nobody when a connection goes
        await asyncio.sleep(_DRAIN_STEP_SECONDS)
