"""Logging in with an API token, logging out, and what a page may know of its session.

Rule: the token comes in once, and no answer has it. Who fails often waits: each address is counted, in memory that does not grow;
all of an IPv6 /64 are one.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from aiohttp import web

from runtime.errors import HookdError, InvalidBody, TooManyRequests, Unauthenticated, Unavailable
from runtime.http.audit import CHANGE, Line
from runtime.http.bearer import Caller, reread
from runtime.http.client_address import client_address
from runtime.http.json import empty_response, error_response, json_response
from runtime.http.neighbourhood import neighbourhood
from runtime.http.routes import Asked, Call, Public, Route
from runtime.web.dashboard.session import LAST_MOMENT, Session, Sessions, require_same_origin, require_secure
from runtime.web.shapes import rfc3339

log = logging.getLogger("hookd.dashboard")

STEERING: Final = ("read:hooks", "create:hooks", "update:hooks", "delete:hooks", "read:logs")
"""A token with any of these is of use in the dashboard."""

LOGOUT: Final = "/dashboard/logout"
MOST_FAILURES: Final = 20
WINDOW_SECONDS: Final = 60.0
NOT_ENDED: Final = "You are logged out in this browser. But the storage is not available: until it is, a copy of the session's cookie may still be good."
MOST_ADDRESSES: Final = 1_000
"""More addresses than these, and the one that has not failed for the longest time is forgotten."""


class NotEndedElsewhere(Unavailable):
    """Somebody has logged out, and the storage could not be told."""

    code = "session_not_ended"


class TooManyLogins(TooManyRequests):
    """An address from which nothing but bad tokens come."""

    code = "too_many_attempts"


def login_routes(sessions: Sessions, *, oidc: bool = False) -> list[Route]:
    """`/dashboard/login`, `/dashboard/login.json`, `/dashboard/logout` and `/dashboard/session`. `oidc`: `oidc.py` is there too."""
    login = _Login(sessions, Failures(), oidc=oidc)
    token = Asked("the token is in the body", STEERING)
    return [
        Route(method="POST", path="/dashboard/login", handler=login.begin, access=token),
        # Its handler writes the line in the audit log, where a session ends: without one, nothing is changed and nobody refused.
        Route(
            method="POST",
            path=LOGOUT,
            handler=login.end,
            access=Asked("ends a session, if there is one", STEERING),
            audit="",
        ),
        Route(
            method="GET",
            path="/dashboard/login.json",
            handler=login.ways,
            access=Public("who is not logged in asks it"),
        ),
        Route(
            method="GET",
            path="/dashboard/session",
            handler=login.show,
            access=Asked("says so where nobody is logged in", STEERING),
            session=sessions.bearer,
            audit="",  # it tells who asks who that is: each page does, before it asks for anything
        ),
    ]


class Failures:
    """Counts the failed logins of an address. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, address: str) -> None:
        """`TooManyLogins` where too many failed within the window."""
        count, since = self._failed.get(neighbourhood(address), (0, 0.0))
        left = since + WINDOW_SECONDS - self._clock()
        if count >= MOST_FAILURES and left > 0:
            raise TooManyLogins("Too many tokens of this address were refused: try again in a minute.", seconds=left)

    def count(self, address: str, error: HookdError) -> None:
        """One more. Where the login could not even be tried, whoever wanted to log in did not fail."""
        if isinstance(error, Unavailable):
            return
        now, address = self._clock(), neighbourhood(address)
        count, since = self._failed.get(address, (0, now))
        self._failed[address] = (count + 1, since) if now - since < WINDOW_SECONDS else (1, now)
        self._failed.move_to_end(address)
        if len(self._failed) > MOST_ADDRESSES:
            self._failed.popitem(last=False)


class _Login:
    """The handlers."""

    def __init__(self, sessions: Sessions, failures: Failures, *, oidc: bool) -> None:
        self._sessions = sessions
        self._oidc = oidc
        self._failures = failures

    async def begin(self, call: Call) -> web.StreamResponse:
        """`{"token"}` in, the cookie and what `show` answers out."""
        request, address = call.request, client_address(call.request)
        require_same_origin(request)
        require_secure(request)
        self._failures.check(address)
        token = _token(await call.json())
        try:
            caller = await call.identify(f"Bearer {token}")
        except HookdError as error:
            self._failures.count(address, error)
            raise
        session = self._sessions.make(token)
        answer = json_response(session_body(session, caller))
        self._sessions.begin(session, caller, request, answer)
        return answer

    async def ways(self, _: Call) -> web.StreamResponse:
        """Which ways to log in there are beside a token."""
        return json_response({"oidc": self._oidc})

    async def end(self, call: Call) -> web.StreamResponse:
        """Whatever becomes of it elsewhere, this browser forgets its cookie: somebody else may sit there next."""
        require_same_origin(call.request)
        answer = await self._ended(call)
        self._sessions.take_back(call.request, answer)
        return answer

    async def _ended(self, call: Call) -> web.Response:
        try:
            session = self._sessions.read(call.request)
        except Unauthenticated:
            session = None
        if session is None:
            return empty_response()
        made: web.Response | HookdError = empty_response()
        try:
            if not await self._sessions.end(session):
                return empty_response()
        except Unavailable as error:
            made = NotEndedElsewhere(NOT_ENDED, debug=error.debug)
            log.warning("a session was ended here only: %s [%s]", error.debug, call.request_id)
        caller = await _caller_of(call, session)
        Line(CHANGE, call.request, LOGOUT, {}, call.request_id).write(caller, None, made)
        return error_response(made) if isinstance(made, HookdError) else made

    async def show(self, call: Call) -> web.StreamResponse:
        """Who is logged in; null where nobody is, or is not any more. An error would stand in the browser's console each time."""
        try:
            caller = await call.identify()
        except Unauthenticated:
            return json_response(None)
        return json_response(session_body(self._sessions.read(call.request), caller))


async def _caller_of(call: Call, session: Session) -> Caller:
    """Whose it is. Somebody whose issuer does not answer just now, or is not trusted any more, logs out all the same."""
    try:
        return await call.identify(f"Bearer {session.token}")
    except HookdError:
        return reread(session.token)


def session_body(session: Session | None, caller: Caller) -> dict[str, object]:
    """`{tenant, subject, scopes, expires_at, csrf}`; `csrf` is null for who came with a bearer token."""
    return {
        "tenant": caller.tenant,
        "subject": caller.subject,
        "scopes": sorted(caller.scopes),
        "expires_at": rfc3339(min(caller.expires_at, LAST_MOMENT)),
        "csrf": None if session is None else session.csrf,
    }


def _token(body: object) -> str:
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token.strip() or len(body) != 1:  # type: ignore[arg-type]
        raise InvalidBody('The body must be {"token": "..."}: an API token.')
    return token.strip().removeprefix("Bearer ").strip()
