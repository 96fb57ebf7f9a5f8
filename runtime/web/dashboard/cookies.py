"""What a browser keeps for the dashboard: a sealed text in a cookie that no script can read.

Cookies do not know ports: two services on one machine would take each other's. So a cookie's name has the port that the
browser called, unless it is the scheme's own. Over plain HTTP there are cookies on this very machine only; everywhere else
they have the prefix `__Host-`, so that no neighbour's page can plant one (RFC 6265bis section 4.1.3).

A browser sends them to every path of this host, the webtasks' too: what a webtask is told of its request goes through `without_ours`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from aiohttp import hdrs, web

from runtime.storage.sealing import Sealer, Unsealable

_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")
_PREFIX: Final = "hookd_"
_SECURE_PREFIX: Final = "__Host-"


def without_ours(header: str) -> str:
    """A `Cookie` header less the dashboards' cookies, of whatever port; "" where nothing is left."""
    pairs = [pair.strip() for pair in header.split(";")]
    return "; ".join([pair for pair in pairs if pair and not pair.removeprefix(_SECURE_PREFIX).startswith(_PREFIX)])


class SealedCookie:
    """One of them, `hookd_` and its name.

    `site` says with which pages' requests a browser sends it; `context` is for nobody else's sealed texts.
    """

    def __init__(self, sealer: Sealer, name: str, *, context: str, site: Literal["Strict", "Lax"]) -> None:
        self._sealer = sealer
        self._name = _PREFIX + name
        self._context = context
        self._site = site

    def name(self, request: web.BaseRequest) -> str:
        """What it is called where this request was sent to."""
        port = _port(request)
        name = self._name if port is None else f"{self._name}_{port}"
        return name if is_here(request) else _SECURE_PREFIX + name

    def keep(self, request: web.BaseRequest, answer: web.StreamResponse, text: str, seconds: int) -> None:
        """Have the browser keep this text, sealed, for so long."""
        value = base64.urlsafe_b64encode(self._sealer.seal(self._context, text)).decode().rstrip("=")
        self._set(request, answer, value, seconds)

    def take_back(self, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        """Have the browser forget it."""
        self._set(request, answer, "", 0)

    def read(self, request: web.BaseRequest) -> str | None:
        """The text that this browser keeps, None without one. `Unsealable` for what we did not seal."""
        value = request.cookies.get(self.name(request))
        if not value:
            return None
        try:
            sealed = base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Unsealable(self._context, "it is not base64") from None
        return self._sealer.open(self._context, sealed)

    def _set(self, request: web.BaseRequest, answer: web.StreamResponse, value: str, seconds: int) -> None:
        answer.set_cookie(
            self.name(request),
            value,
            max_age=seconds,
            path="/",
            secure=not is_here(request),
            httponly=True,
            samesite=self._site,
        )


def is_here(request: web.BaseRequest) -> bool:
    """Whether the browser calls us by a name of the machine that it is on itself."""
    try:
        return _called(request).hostname in _THIS_MACHINE
    except ValueError:
        return False


def _port(request: web.BaseRequest) -> int | None:
    try:
        return _called(request).port
    except ValueError:
        return None


def _called(request: web.BaseRequest) -> SplitResult:
    return urlsplit(f"//{request.headers.get(hdrs.HOST, '')}")
