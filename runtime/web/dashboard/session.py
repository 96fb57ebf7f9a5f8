"""A person's session in the dashboard: the API token, sealed in a cookie that no script can read.

The cookie is all there is of it: the server keeps no sessions. It is good as long as its token is, until it is ended, on the routes
that name it (`Route.session`), and only for what a page of our own sent:

- `Sec-Fetch-Site` says same-origin, or that a person typed the address; a browser that sends none must say in `Origin` that
  it is at our own `Host`
- whatever changes something carries the session's own CSRF secret in `X-CSRF-Token`, which only a page of ours can ask for

Logging out takes the cookie out of the browser, and a copy of it is refused from then on (`ended_sessions`): it is known by its CSRF
secret, which each login makes anew. The token itself is its issuer's to take back: who has it can call the API, and log in with it again.

Rule: the token never leaves the cookie.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from runtime.ended_sessions import EndedSessions
from runtime.errors import HookdError, InvalidBody, Unauthenticated
from runtime.http.bearer import Caller, reread
from runtime.storage.sealing import Sealer, Unsealable
from runtime.web.dashboard.cookies import SealedCookie, is_here

CSRF_HEADER: Final = "X-CSRF-Token"
TOKEN_CHARS: Final = 2_900
"""Of the longest token that can become a session: sealed, it fills the 4,096 bytes that browsers give a cookie."""

CLOCKS_SECONDS: Final = 600
"""A session is known to have ended for so much longer than its token: nodes' clocks differ, and some of that is forgiven."""

LAST_MOMENT: Final = 253_402_300_799.0
"""Of the year 9999: no date that can be written is later."""

_SAFE: Final = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)


class ForgedRequest(HookdError):
    """A request with somebody's session that no page of ours seems to have sent."""

    status, error, code = 403, "Forbidden", "invalid_csrf_token"


class InsecureAddress(HookdError):
    """A login that would send the session over a network in the clear."""

    status, error, code = 400, "Bad Request", "insecure_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a cookie holds. `csrf` is for our own pages, `token` for nobody."""

    token: str
    csrf: str

    def __repr__(self) -> str:
        return "Session()"


class Sessions:
    """Makes, reads and ends sessions, under a key of their own. Any number of them with one sealer and one `ended` are alike."""

    def __init__(self, sealer: Sealer, ended: EndedSessions) -> None:
        self._ended = ended
        self._cookie = SealedCookie(sealer, "session", context="dashboard session", site="Strict")

    def make(self, token: str) -> Session:
        """A session out of a token that the authenticator has just verified. `InvalidBody` for one that no cookie holds."""
        if len(token) > TOKEN_CHARS:
            raise InvalidBody(
                f"The token is too long for a session: {len(token):,} characters, {TOKEN_CHARS:,} at most."
            )
        return Session(token=token, csrf=secrets.token_hex(16))

    def begin(self, session: Session, caller: Caller, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        """Set the session's cookie, for as long as the token of *caller*, to whom it belongs, is good."""
        seconds = int(max(0.0, caller.expires_at - time.time()))
        self._cookie.keep(request, answer, f"{session.csrf}.{session.token}", seconds)

    async def end(self, session: Session) -> bool:
        """Refuse it from now on, whoever sends it. False where it had ended. `Unavailable`, see `EndedSessions.end`."""
        # It was verified when it was sealed, and nobody else can seal one.
        until = min(reread(session.token).expires_at + CLOCKS_SECONDS, LAST_MOMENT)
        return until > time.time() and await self._ended.end(session.token, session.csrf, until)

    def take_back(self, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        """Have the browser forget it."""
        self._cookie.take_back(request, answer)

    def read(self, request: web.BaseRequest) -> Session | None:
        """The session of a request, None without one. `Unauthenticated` for a cookie that is not ours. Verifies no token."""
        try:
            kept = self._cookie.read(request)
        except Unsealable:
            raise Unauthenticated("The session can not be read: log in again.") from None
        if kept is None:
            return None
        csrf, _, token = kept.partition(".")
        return Session(token=token, csrf=csrf)

    async def bearer(self, request: web.BaseRequest) -> str | None:
        """For `Route.session`: the session's token as a header, once it is sure that a page of ours sent the request.

        `Unauthenticated` where the session has ended.
        """
        session = self.read(request)
        if session is None:
            return None
        require_same_origin(request)
        if request.method not in _SAFE and not _equal(request.headers.get(CSRF_HEADER, ""), session.csrf):
            raise ForgedRequest(
                f"With a session, this takes the header {CSRF_HEADER} that GET /dashboard/session tells."
            )
        if await self._ended.has_ended(session.token, session.csrf):
            raise Unauthenticated("The session has ended: log in again.")
        return f"Bearer {session.token}"


def require_same_origin(request: web.BaseRequest) -> None:
    """`ForgedRequest` unless the browser says that a page of ours sent this, or the person did."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForgedRequest("This was sent by a page of another address.")
        return
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None and request.method in _SAFE:
        return  # browsers without Sec-Fetch-Site name no origin then; nothing is changed, and nobody else can read the answer
    if origin is None or urlsplit(origin).netloc != request.headers.get(hdrs.HOST, ""):
        raise ForgedRequest("This was sent by a page of another address, or by a browser that does not say of which.")


def require_secure(request: web.BaseRequest) -> None:
    """`InsecureAddress` where a page says that it came over plain HTTP from another machine."""
    if request.headers.get(hdrs.ORIGIN, "").startswith("http:") and not is_here(request):
        raise InsecureAddress(
            "The session would be sent in the clear: open the dashboard over https, or on the machine itself as http://127.0.0.1."
        )


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
