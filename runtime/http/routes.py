"""The route table, and the wrapper that every handler gets: request id, bearer token, errors as answers.

Rule: a route says who may call it, and `install` is the only way into an application; a route that forgets its
`access` can not be written. The wrapper is on the hot path: it must stay at a few microseconds.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Final, TypeAlias

from aiohttp import HttpVersion11, hdrs, web
from multidict import istr

from runtime.errors import HookdError, InvalidHeader, TooManyRequests, Unauthenticated
from runtime.http.audit import CHANGE, READ, Line
from runtime.http.bearer import NOBODY, Authenticator, Caller, challenge, require_scope
from runtime.http.json import PackedBody, error_response, read_json

log = logging.getLogger("hookd.http")

REQUEST_ID: Final = istr("X-Request-Id")
BODY_LIMIT: Final = 1_048_576
"""Bytes of a request body where the configuration says nothing else."""

STOPPING: Final = web.AppKey("stopping", asyncio.Event)
"""Set when the server stops: an answer that goes on and on ends then."""

# What tells our own ids apart: the process, and the request in it.
_PROCESS: Final = os.urandom(6).hex()
_COUNT: Final = itertools.count(1)
RETRY_SECONDS: Final = "1"
"""After this many seconds a caller who got a 503 may try again (RFC 9110 section 10.2.3)."""

# RFC 9112 section 3.2: uri-host [ ":" port ], in the characters of RFC 3986 section 3.2.2.
_SANE_HOST: Final = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]+").fullmatch
_SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch


@dataclass(frozen=True, slots=True)
class Public:
    """Anybody may call; `why` says what makes that right."""

    why: str


@dataclass(frozen=True, slots=True, init=False)
class Scopes:
    """A bearer token with any one of these scopes."""

    any_of: tuple[str, ...]

    def __init__(self, *any_of: str) -> None:
        if not any_of:
            raise ValueError("Scopes() needs a scope; a route for anybody is Public(why).")
        object.__setattr__(self, "any_of", any_of)


@dataclass(frozen=True, slots=True)
class Asked:
    """The handler finds out who may call, and asks for a token with one of these scopes by `Call.identify`; `why` as above."""

    why: str
    any_of: tuple[str, ...]


@dataclass(slots=True)
class Call:
    """One HTTP request on its way to a handler. Not frozen: a frozen one costs a microsecond per request."""

    request: web.Request
    caller: Caller
    request_id: str
    body_limit: int
    variables: Mapping[str, str]
    _identify: Callable[[str | None], Awaitable[Caller]] | None = None
    sent: object = None
    """The JSON body, once it was read, or what was asked for by the query: for the audit log, which has the names of it."""
    line: Line | None = None
    """The call's line in the audit log; None where the route has none."""

    async def identify(self, header: str | None = None) -> Caller:
        """The caller, on a route that is `Asked`: `Unauthenticated` or `InsufficientScope` without a good token.

        `header` is for a token that came another way: "Bearer <token>", in place of the request's `Authorization`.
        """
        assert self._identify is not None
        self.caller = await self._identify(header)
        return self.caller

    def goes_on(self, answer: web.StreamResponse) -> None:
        """The answer begins, and goes on and on: the audit log has its line now."""
        if self.line is not None:
            self.line.write(self.caller, self.sent, answer)

    async def has_ended(self) -> bool:
        """Whether it came with a session that has ended since: for answers that go on for long."""
        session = self.request.get(_SESSION)
        try:
            return session is not None and await session(self.request) is None
        except Unauthenticated:
            return True

    @property
    def host(self) -> str:
        """Where the caller found us: the `Host`, with its port. `InvalidHeader` for one that is no host."""
        host = self.request.host
        if _SANE_HOST(host) is None:
            raise InvalidHeader("The header Host is not a host, with a port or without.")
        return host

    def path(self, name: str) -> str:
        """A variable of the route's path."""
        return self.variables[name]

    async def json(self, *, unique: bool = True) -> object:
        """The JSON body, see `json.read_json`."""
        self.sent = await read_json(self.request, self.body_limit, unique=unique)
        return self.sent


Handler: TypeAlias = Callable[[Call], Awaitable[web.StreamResponse]]
ErrorAnswer: TypeAlias = Callable[[HookdError], web.Response]
SessionBearer: TypeAlias = Callable[[web.BaseRequest], Awaitable[str | None]]
"""What a browser's session stands for: "Bearer <token>", None where there is none. `Unauthenticated` where it has ended; raises where a
page of others may have sent it, too.
"""

_SESSION: Final[web.RequestKey[SessionBearer]] = web.RequestKey("session")
"""Of a request that came with a session."""

ERROR_ANSWERS: Final = web.AppKey("error_answers", dict[str, ErrorAnswer])
"""A path, as aiohttp writes it, to how its routes answer errors: for a method that none of them has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of a service's route table.

    `path` is as aiohttp writes it, `/hooks/{id}`. `answer_error` renders whatever `HookdError` came up, those of the
    body and the token included; the wrapper adds `WWW-Authenticate` where RFC 6750 wants it and there is none yet.
    """

    method: str
    path: str
    handler: Handler
    access: Public | Scopes | Asked
    answer_error: ErrorAnswer = error_response
    token_parameter: str = ""
    """A query parameter that may hold the bearer token, for clients that can send no header. It is in no log of ours."""
    session: SessionBearer | None = None
    """Where given, the dashboard's session may stand in for a bearer token. Never on a route that runs hooks for a token."""
    busy: tuple[Mapping[str, str], ...] = ()
    """Variables of the path for which it is written out: aiohttp finds a fixed path at once, ten microseconds sooner."""
    audit: str | None = None
    """What the audit log has each call as: `READ`, `CHANGE`, "" for no line. None: by the method, where a token is asked for."""

    @property
    def action(self) -> str:
        """What the audit log has each call as: `READ` or `CHANGE`, "" where it has none."""
        if self.audit is not None:
            return self.audit
        if isinstance(self.access, Public):
            return ""
        return READ if self.method in _SAFE else CHANGE


_SAFE: Final = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)


def guarded(method: str, path: str, handler: Handler, scope: str) -> Route:
    """A route that wants one scope, and nothing out of the ordinary."""
    return Route(method=method, path=path, handler=handler, access=Scopes(scope))


def install(
    app: web.Application, routes: Iterable[Route], authenticator: Authenticator, *, body_limit: int = BODY_LIMIT
) -> None:
    """Put the routes into the application, each in its wrapper. A public GET answers HEAD too, for load balancers."""
    for route in routes:
        handler = wrap(route, authenticator, body_limit)
        _add(app, route, route.path, handler)
        for variables in route.busy:
            fixed = wrap(route, authenticator, body_limit, variables)
            _add(app, route, route.path.format_map(variables), fixed)
        if route.method == hdrs.METH_GET and isinstance(route.access, Public):
            app.router.add_route(hdrs.METH_HEAD, route.path, handler, expect_handler=expect)


async def expect(request: web.Request) -> None:
    """What `Expect` may ask for. It is granted by `json.read_body`, to whoever may send a body of that length."""
    if request.version == HttpVersion11 and request.headers[hdrs.EXPECT].lower() != "100-continue":
        raise web.HTTPExpectationFailed


def _add(
    app: web.Application, route: Route, path: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> None:
    resource = app.router.add_route(route.method, path, handler, expect_handler=expect).resource
    assert resource is not None
    app[ERROR_ANSWERS][resource.canonical] = route.answer_error


def wrap(
    route: Route, authenticator: Authenticator | None, body_limit: int, variables: Mapping[str, str] | None = None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route's handler as aiohttp calls it."""
    handler = _handler_of(route)
    wanted = () if isinstance(route.access, Public) else route.access.any_of
    if wanted and authenticator is None:
        raise ValueError(f"{route.method} {route.path} needs an authenticator.")
    at_once, later = isinstance(route.access, Scopes), isinstance(route.access, Asked)

    authenticate = partial(_authenticate, route, authenticator)

    async def identify(request: web.Request, given: str | None = None) -> Caller:
        caller = await authenticate(request, given)
        require_scope(caller, wanted)
        return caller

    async def answer(request: web.Request) -> web.StreamResponse:
        call = Call(request, NOBODY, request_id(request), body_limit, variables or request.match_info)
        try:
            header = _sole_authorization(request)
            if at_once:
                # No await for who is known: it is half a microsecond of every token request.
                known = authenticator.recall(header)  # type: ignore[union-attr]
                call.caller = known or await authenticate(request)
                require_scope(call.caller, wanted)
            elif later:
                call._identify = partial(identify, request)  # noqa: SLF001 - its maker
            response = await handler(call)
        except HookdError as error:
            response = _refuse(route, call, error, wanted)
        except Exception as error:  # noqa: BLE001 - the last place that can still answer
            _tell_unheard(route, call, None)
            response = _break(route, call, error)
        response.headers[REQUEST_ID] = call.request_id
        return response

    return answer


def _sole_authorization(request: web.BaseRequest) -> str | None:
    """The header, where there is one. `InvalidHeader` for several: who stands in front may have looked at another than we do."""
    given = request.headers.getall(hdrs.AUTHORIZATION, ())
    if len(given) > 1:
        raise InvalidHeader("The header Authorization is there more than once.")
    return given[0] if given else None


def _handler_of(route: Route) -> Handler:
    """The handler; where it is audited, with a line in the audit log after it, however it ends."""
    action = route.action
    if not action:
        return route.handler

    async def handle(call: Call) -> web.StreamResponse:
        line = call.line = Line(action, call.request, route.path, call.variables, call.request_id)
        made: web.StreamResponse | HookdError | None = None
        try:
            made = await route.handler(call)
        except HookdError as error:
            made = error
            raise
        finally:
            line.write(call.caller, call.sent, made)
        return made

    return handle


async def _authenticate(
    route: Route, authenticator: Authenticator | None, request: web.Request, given: str | None = None
) -> Caller:
    """Who calls, whatever the scopes. `given` is a header in place of the request's."""
    assert authenticator is not None
    header = given or await _authorization(request, route)
    return authenticator.recall(header) or await authenticator.identify(header)


async def _authorization(request: web.BaseRequest, route: Route) -> str | None:
    """The header, or what stands in for it on this route."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if not header and route.token_parameter and route.token_parameter in request.query:
        header = f"Bearer {request.query[route.token_parameter]}"
    if header or route.session is None:
        return header
    request[_SESSION] = route.session
    return await route.session(request)


def request_id(request: web.BaseRequest) -> str:
    """The caller's `X-Request-Id` when it is sane, else a fresh one."""
    given = request.headers.get(REQUEST_ID)
    return given if given is not None and _SANE_REQUEST_ID(given) else f"{_PROCESS}-{next(_COUNT):x}"


def _refuse(route: Route, call: Call, error: HookdError, wanted: tuple[str, ...]) -> web.Response:
    level = logging.ERROR if error.status == 500 else logging.DEBUG
    log.log(
        level,
        "%s %s: %d %s %s [%s]",
        route.method,
        route.path,
        error.status,
        error.message,
        error.debug,
        call.request_id,
    )
    _tell_unheard(route, call, error)
    if _is_begun(call):
        return _break(route, call, error)
    try:
        response = route.answer_error(error)
    except Exception as fault:  # noqa: BLE001 - likewise: a message may hold what no answer can
        return _break(route, call, fault)
    offer = challenge(error, wanted)
    if offer is not None:
        response.headers.setdefault(hdrs.WWW_AUTHENTICATE, offer)
    if isinstance(error, PackedBody):
        response.headers.setdefault(hdrs.ACCEPT_ENCODING, "identity")  # RFC 9110 section 15.5.16
    if isinstance(error, TooManyRequests):
        response.headers.setdefault(hdrs.RETRY_AFTER, str(ceil(error.seconds)))
    if error.status == 503:
        response.headers.setdefault(hdrs.RETRY_AFTER, RETRY_SECONDS)
    return response


def _tell_unheard(route: Route, call: Call, error: HookdError | None) -> None:
    """The audit log's line of a call that did not come to its handler; on a route whose calls have none, of one that may not call."""
    if call.line is None and (route.action or (error is not None and error.status in (401, 403))):
        line = Line(route.action, call.request, route.path, call.variables, call.request_id)
        line.refuse(call.caller, error)


def _is_begun(call: Call) -> bool:
    return call.request.writer.output_size > 0


def _break(route: Route, call: Call, error: Exception) -> web.Response:
    """For what nobody expected: the log has everything, the caller only the id to ask for."""
    log.error("%s %s broke [%s]", route.method, route.path, call.request_id, exc_info=error)
    if _is_begun(call):
        raise ConnectionError(
            "A part of another answer is sent: the connection ends, so that nobody takes it for whole."
        )
    ours = HookdError(f"hookd made an error; its log has it as request {call.request_id}.")
    try:
        return route.answer_error(ours)
    except Exception:  # noqa: BLE001 - a route's own rendering is what is broken
        return error_response(ours)
