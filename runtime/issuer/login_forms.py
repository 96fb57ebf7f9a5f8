"""The login form's protection: what it carries is ours, and where it comes from is our own page.

Nobody stays logged in here, so there is no cookie. The form carries the authorization request, authenticated by a key
that only token servers with this one's store have; and a browser says from whose page a form comes (Fetch Metadata, or the Origin of RFC 6454).
A form on somebody else's page, which would log a user in as somebody else, is refused.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from runtime.errors import HookdError
from runtime.issuer.authorization_request import Asked

FORM_SECONDS: Final = 600.0
"""How long a login page can be used; after that it is shown again."""

_MAC_BYTES: Final = 32


class ForeignForm(HookdError):
    """A login form that is not of our page, or that nobody can say of which."""

    status, error, code = 403, "Forbidden", "access_denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A form that came back: the request that it was made for, and whether it is too old."""

    asked: Asked
    is_old: bool


class LoginForms:
    """Seals and opens what forms carry. `url` is the token server's address, `clock` gives seconds since the epoch.

    `key` is one of `records.new_form_key`.
    """

    def __init__(self, url: str, clock: Callable[[], float], key: bytes) -> None:
        self._origin = _origin(url)
        self._clock = clock
        self._key = key

    def seal(self, asked: Asked) -> str:
        """The request as a form's hidden field."""
        body = orjson.dumps({"values": dict(asked.values), "at": self._clock()})
        return urlsafe_b64encode(self._mac(body) + body).decode()

    def open(self, field: str) -> Returned:
        """What a hidden field carries; `ForeignForm` when we did not make it."""
        try:
            sealed = urlsafe_b64decode(field)
        except (Error, ValueError):
            sealed = b""
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise ForeignForm("This login page was made before the token server was last started: begin anew.")
        document: Any = orjson.loads(body)
        return Returned(asked=Asked(values=document["values"]), is_old=self._clock() - document["at"] > FORM_SECONDS)

    def check_sender(self, headers: Mapping[str, str]) -> None:
        """`ForeignForm` unless the browser says that the form stood on our page."""
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        is_own = site in ("same-origin", "none") if site is not None else _is_origin(origin, self._origin)
        if not is_own:
            raise ForeignForm("The login form came from another page than this token server's.")

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def _is_origin(given: str | None, own: tuple[str, str, int | None]) -> bool:
    try:
        return given is not None and _origin(given) == own
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
