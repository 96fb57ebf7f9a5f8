"""Logging in with a name at the token server (OpenID Connect, authorization code flow with PKCE).

The browser is sent there and comes back with a code; the access token that the code gives is verified as any bearer token,
and becomes the session. Between the two, what only this browser may know (state, nonce, verifier) is sealed in a cookie
of its own, for ten minutes, which is gone as soon as the browser is back.

Rule: no token is in an address, an answer or a log, and no text of others in an address: the login page is told a word, one of
`ERRORS`, and has its own sentence for it.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import orjson
from aiohttp import hdrs, web

from runtime.errors import HookdError, InsufficientScope, InvalidBody, Unauthenticated, Unavailable
from runtime.http.audit import CHANGE
from runtime.http.client_address import client_address
from runtime.http.json import empty_response
from runtime.http.provider import Attempt, LoginRefused, Provider
from runtime.http.routes import Asked, Call, Public, Route
from runtime.settings import DashboardSettings
from runtime.storage.sealing import Sealer, Unsealable
from runtime.web.dashboard.cookies import SealedCookie, is_here
from runtime.web.dashboard.login import STEERING, Failures, TooManyLogins
from runtime.web.dashboard.session import Sessions

log = logging.getLogger("hookd.dashboard")

ATTEMPT_SECONDS: Final = 600
MOST_CODE: Final = 4_096
"""Characters of a code."""

HOME, LOGIN, CALLBACK = "/dashboard/hooks", "/dashboard/login", "/dashboard/callback"

ERRORS: Final = (
    "access_denied",
    "insufficient_scope",
    "login_expired",
    "login_refused",
    "token_refused",
    "token_too_long",
    "too_many_attempts",
    "unavailable",
)
"""What the login page may be told, as `?error=`."""


class LoginExpired(HookdError):
    """The browser is back without a login that was begun here lately."""

    status, error, code = 400, "Bad Request", "login_expired"


def oidc_routes(sessions: Sessions, sealer: Sealer, settings: DashboardSettings, provider: Provider) -> list[Route]:
    """The way to the token server, and the way back."""
    login = _Login(sessions, sealer, settings, provider)
    return [
        Route(
            method="GET", path=f"{LOGIN}/oidc", handler=login.begin, access=Public("who is not logged in begins here")
        ),
        Route(
            method="GET",
            path=CALLBACK,
            handler=login.end,
            access=Asked("the token comes by the code", STEERING),
            audit=CHANGE,
        ),
    ]


class _Login:
    """The handlers."""

    def __init__(
        self,
        sessions: Sessions,
        sealer: Sealer,
        settings: DashboardSettings,
        provider: Provider,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sessions = sessions
        # Lax: the browser comes back from a page of the token server's, with nothing stricter.
        self._cookie = SealedCookie(sealer, "login", context="dashboard login", site="Lax")
        self._settings = settings
        self._provider = provider
        self._failures = Failures()
        self._clock = clock

    async def begin(self, call: Call) -> web.StreamResponse:
        """To the token server, with an attempt that this browser keeps."""
        request = call.request
        attempt = Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(32),
            redirect_uri=f"{'http' if is_here(request) else 'https'}://{call.host}{CALLBACK}",
        )
        try:
            address = await self._provider.address(attempt, self._settings.scopes, self._settings.audience)
        except HookdError as error:
            return self._refused(call, error)
        answer = _sent_to(address)
        body = orjson.dumps({**asdict(attempt), "at": self._clock()}).decode()
        self._cookie.keep(request, answer, body, ATTEMPT_SECONDS)
        return answer

    async def end(self, call: Call) -> web.StreamResponse:
        """Back from the token server: with a session to the hooks, or with an error to the login page."""
        request, address = call.request, client_address(call.request)
        try:
            self._failures.check(address)
            answer = await self._logged_in(call, self._attempt(request))
        except (LoginExpired, TooManyLogins) as error:
            # Any page can send a browser here: that ends no attempt, and is nobody's failure.
            return self._refused(call, error)
        except HookdError as error:
            self._failures.count(address, error)
            answer = self._refused(call, error)
        self._cookie.take_back(request, answer)
        return answer

    async def _logged_in(self, call: Call, attempt: Attempt) -> web.Response:
        code = await self._code(call.request, attempt)
        tokens = await self._provider.tokens(attempt, code)
        await self._provider.subject(tokens, attempt.nonce)
        caller = await call.identify(f"Bearer {tokens.access_token}")
        answer = _sent_to(HOME)
        self._sessions.begin(self._sessions.make(tokens.access_token), caller, call.request, answer)
        return answer

    def _attempt(self, request: web.BaseRequest) -> Attempt:
        """What this browser began. `LoginExpired` where it began nothing, or too long ago."""
        try:
            kept = orjson.loads(self._cookie.read(request) or "")
        except (ValueError, Unsealable):
            raise LoginExpired("No login was begun in this browser.") from None
        if self._clock() - kept.pop("at") > ATTEMPT_SECONDS:
            raise LoginExpired("The login was begun too long ago.")
        return Attempt(**kept)

    async def _code(self, request: web.BaseRequest, attempt: Attempt) -> str:
        """The code of an answer that is the one to this attempt."""
        names = ("code", "state", "iss", "error", "error_description")
        given = {name: request.query.getall(name, []) for name in names}
        if any(len(values) > 1 for values in given.values()):
            raise LoginRefused("The answer of the token server has a parameter twice.")
        code, state, issuer, error, description = ("".join(given[name]) for name in names)
        if not hmac.compare_digest(state.encode("utf-8", "replace"), attempt.state.encode()):
            raise LoginExpired("The answer is to another login than the one that was begun last in this browser.")
        await self._provider.check_sender(issuer)
        if error:
            kind = _Denied if error == "access_denied" else LoginRefused
            raise kind("The token server refused the login.", debug=f"{error[:100]!r} {description[:200]!r}")
        if not 1 <= len(code) <= MOST_CODE:
            raise LoginRefused("The answer of the token server has no code.")
        return code

    def _refused(self, call: Call, error: HookdError) -> web.Response:
        # Any page can send a browser here without a login: that is not worth a line.
        level = logging.DEBUG if isinstance(error, LoginExpired | TooManyLogins) else logging.WARNING
        log.log(level, "a login failed: %s %s [%s]", error.message, error.debug, call.request_id)
        return _sent_to(f"{LOGIN}?error={_word(error)}")


class _Denied(LoginRefused):
    """The user said no, or may not."""

    code = "access_denied"


def _word(error: HookdError) -> str:
    """Which of `ERRORS` this is."""
    match error:
        case Unauthenticated():
            return "token_refused"
        case InsufficientScope():
            return "insufficient_scope"
        case InvalidBody():
            return "token_too_long"
        case Unavailable():
            return "unavailable"
        case _:
            return error.code if error.code in ERRORS else "login_refused"


def _sent_to(address: str) -> web.Response:
    return empty_response(303, {hdrs.LOCATION: address, "Referrer-Policy": "no-referrer"})
