"""What a guest asks the host to do while it waits, checked. Pure.

Every byte is an attacker's: `asked` gives operations that HTTP and the storage can be told, or raises `Nonsense`. Whether they
may be done is another question (`runtime/network/guard.py`).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

MOST_OPERATIONS: Final = 1_000
"""The most that any setting allows."""

MOST_METHOD, MOST_URL, MOST_HEADERS, MOST_HEADER_BYTES = 32, 16_384, 100, 65_536
REDIRECTS: Final = ("follow", "manual", "error")

# RFC 9110 5.6.2 and 5.5: what ends a line is no part of a header, and a value has no spaces around it.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|")
_URL = re.compile(r"[\x21-\x7e]+")
_ETAG = re.compile(r"[\x20-\x7e]{0,256}")


class Nonsense(Exception):
    """The guest answered something that it never answers by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """An HTTP request. The URL is ASCII without spaces, no more is known of it. `redirect` is one of `REDIRECTS`."""

    id: int
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    redirect: str

    @property
    def is_too_long(self) -> bool:
        """Whether it is longer than what is sent: any hook may ask for that."""
        return (
            len(self.method) > MOST_METHOD
            or len(self.url) > MOST_URL
            or len(self.headers) > MOST_HEADERS
            or sum(len(name) + len(value) for name, value in self.headers) > MOST_HEADER_BYTES
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageGet:
    """Read the webtask's document."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSet:
    """Write the webtask's document, a JSON text; with an `etag`, only over the one that has it."""

    id: int
    data: str
    etag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Nobody waits any more for the operation of this id."""

    id: int


Asked: TypeAlias = Fetch | StorageGet | StorageSet | Cancel


def asked(operations: object) -> tuple[Asked, ...]:
    """What stands in a reply, or `Nonsense`."""
    if type(operations) is not list or len(operations) > 2 * MOST_OPERATIONS:  # each may be cancelled
        raise Nonsense("operations is not a short list")
    return tuple(map(_operation, operations))


def _operation(said: object) -> Asked:
    if type(said) is not dict:
        raise Nonsense("an operation is not an object")
    number, kind, detail = said.get("id"), said.get("kind"), said.get("detail")
    if type(number) is not int or not 0 < number < 1 << 32:
        raise Nonsense("an operation has no id")
    if kind == "cancel":
        return Cancel(id=number)
    if type(detail) is not dict:
        raise Nonsense("an operation has no detail")
    if kind == "fetch":
        return _fetch(number, detail)
    if kind == "storage_get":
        return StorageGet(id=number)
    if kind == "storage_set":
        return _storage_set(number, detail)
    raise Nonsense("an operation is of no known kind")


def _fetch(number: int, detail: dict[str, Any]) -> Fetch:
    method, url, redirect = detail.get("method"), detail.get("url"), detail.get("redirect")
    if type(method) is not str or not _TOKEN.fullmatch(method):
        raise Nonsense("a request has no method")
    if type(url) is not str or not _URL.fullmatch(url):
        raise Nonsense("a request has no URL")
    if redirect not in REDIRECTS:
        raise Nonsense("a request knows no redirects of this kind")
    headers = _headers(detail.get("headers"))
    return Fetch(id=number, method=method, url=url, headers=headers, body=_body(detail.get("body")), redirect=redirect)


def _headers(said: object) -> tuple[tuple[str, str], ...]:
    if type(said) is not list:
        raise Nonsense("headers is not a list")
    return tuple(map(_header, said))


def _header(said: object) -> tuple[str, str]:
    match said:
        case [str(name), str(value)] if _TOKEN.fullmatch(name) and _VALUE.fullmatch(value):
            return name, value
    raise Nonsense("a header is none that HTTP can send")


def _body(said: object) -> bytes | None:
    if said is None:
        return None
    if type(said) is not str:
        raise Nonsense("a body is not text")
    try:
        return base64.b64decode(said, validate=True)
    except ValueError:
        raise Nonsense("a body is not base64") from None


def _storage_set(number: int, detail: dict[str, Any]) -> StorageSet:
    data, etag = detail.get("data"), detail.get("etag")
    if type(data) is not str:
        raise Nonsense("a document is not text")
    if etag is not None and (type(etag) is not str or not _ETAG.fullmatch(etag)):
        raise Nonsense("an etag is none")
    return StorageSet(id=number, data=data, etag=etag)
