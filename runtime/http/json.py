"""JSON (and form) bodies in, JSON answers out, with caps and messages that name the rule. Nothing here knows who calls.

Rule: a body becomes Python values here and nowhere else, and an answer's headers are made here.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import HttpVersion11, hdrs, web
from multidict import CIMultiDict

from runtime.errors import BodyTooLarge, HookdError, InvalidBody, UnsupportedMediaType

JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MAX_DEPTH: Final = 100
"""Arrays and objects inside one another; orjson can not write more than 254."""

MAX_MARKS: Final = 50_000
"""Commas and opening brackets in one body, but for those in texts: about as many values. A mebibyte has room for twenty times as many."""

BODY_SECONDS: Final = 30.0
"""A body that has not arrived whole by then is given up."""

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "hookd",
}
"""On every answer. `Server` names no version, and keeps aiohttp from naming its own."""


class PackedBody(UnsupportedMediaType):
    """A compressed body. None is unpacked: 600 kB may be 600 MB, and whoever sends them need not have a token."""


JSON_HEADERS: Final = CIMultiDict({"Content-Type": "application/json; charset=utf-8", **SECURITY_HEADERS})
"""Of every JSON answer."""

_EMPTY_HEADERS: Final = CIMultiDict(SECURITY_HEADERS)


def json_response(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with this value as its JSON body, and these headers beside the security headers."""
    return bytes_response(orjson.dumps(data), status, JSON_HEADERS, headers)


def empty_response(status: int = 204, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer without a body."""
    return bytes_response(None, status, _EMPTY_HEADERS, headers)


def bytes_response(
    body: bytes | None, status: int, base: CIMultiDict[str], headers: Mapping[str, str] | None
) -> web.Response:
    """An answer with this body, the headers of its kind, and these beside them."""
    answer = web.Response(body=body, status=status, headers=base)
    if headers:
        answer.headers.update(headers)
    return answer


def error_response(error: HookdError, headers: Mapping[str, str] | None = None) -> web.Response:
    """The error in the Management API's shape (contract 1.1)."""
    return json_response(error.to_body(), error.status, headers)


async def read_json(request: web.Request, limit: int, *, unique: bool = True) -> object:
    """The JSON body, of at most `limit` bytes.

    With `unique` an object that names a member twice is refused; without, the last one counts (RFC 8259 section 4 leaves
    it open, so that a proxy may have read the other one).
    """
    if _media_type(request.headers.get(hdrs.CONTENT_TYPE)) != JSON_TYPE:
        raise _not_accepted(request, JSON_TYPE)
    return parse_json(await read_body(request, limit), unique=unique)


async def read_json_or_form(request: web.Request, limit: int) -> object:
    """The body of a route that takes both: any JSON value, or a form as an object of strings.

    A field that is given twice is refused (RFC 6749 section 3.2), an empty one is kept.
    """
    kind = _media_type(request.headers.get(hdrs.CONTENT_TYPE))
    if kind == JSON_TYPE:
        return parse_json(await read_body(request, limit))
    if kind == FORM_TYPE:
        form = await read_body(request, limit)
        if form.startswith((b"{", b"[")):  # curl's own, without a Content-Type
            raise InvalidBody(
                f"The body is JSON by its looks, and a form by its name: send 'Content-Type: {JSON_TYPE}'."
            )
        return parse_form(form)
    raise _not_accepted(request, f"{JSON_TYPE} or {FORM_TYPE}")


async def read_form(request: web.Request, limit: int) -> list[tuple[str, str]]:
    """The fields of a form body as they come, for those who say themselves what a field that comes twice means."""
    if _media_type(request.headers.get(hdrs.CONTENT_TYPE)) != FORM_TYPE:
        raise _not_accepted(request, FORM_TYPE)
    return form_fields(await read_body(request, limit))


async def read_body(request: web.Request, limit: int) -> bytes:
    """The body's bytes. `BodyTooLarge` as soon as there are more than `limit`, `PackedBody` when they are compressed."""
    coding = request.headers.get(hdrs.CONTENT_ENCODING)
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        raise PackedBody(f"The body must not be compressed: there is no Content-Encoding {_shown(coding)} here.")
    length = request.content_length
    if length is None:
        _check_transfer(request)
    elif length > limit:
        raise _too_large(limit)
    # Of who has left meanwhile, all of the body may have come; it is not to be had any more.
    if not request.content.is_eof() or request.content.exception() is not None:
        return await _read_slowly(request, limit)
    body: bytes = request.content.read_nowait()
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _check_transfer(request: web.Request) -> None:
    """Aiohttp takes whatever ends in "chunked" for it (RFC 9112 section 6.1)."""
    coding = request.headers.get(hdrs.TRANSFER_ENCODING)
    if coding is not None and coding.strip().lower() != "chunked":
        raise InvalidBody(f"The body must be sent as it is, or chunked, not with Transfer-Encoding {_shown(coding)}.")


async def _read_slowly(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if hdrs.EXPECT in request.headers and request.version == HttpVersion11:
                await _continue(request)
            while not request.content.at_eof():
                body += await request.content.readany()
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise InvalidBody(f"The body did not arrive within {BODY_SECONDS:.0f} seconds.") from None
    except web.RequestPayloadError as error:
        raise InvalidBody("The body could not be read: its length is wrong.", debug=repr(error)) from None
    except ConnectionError as error:  # nobody reads this answer; it is no fault of ours, of which the log would tell
        raise InvalidBody("The body did not arrive: its sender is gone.", debug=repr(error)) from None
    return bytes(body)


async def _continue(request: web.Request) -> None:
    """Tell who waits for it that the body may come. `ConnectionError` where its sender is gone."""
    try:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    finally:
        request.writer.output_size = 0  # nothing of the answer is sent; aiohttp counts also what it could not send


def parse_json(body: bytes, *, unique: bool = True) -> object:
    """The value of a JSON text in UTF-8 (RFC 8259), or `InvalidBody`."""
    if not body:
        raise InvalidBody("The body is missing; it must be JSON.")
    if len(body) > MAX_MARKS:
        _check_marks(body)
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidBody(f"The body is not valid JSON: {error}.") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:  # few brackets can not nest deeply, and counting is cheap
        _check_depth(value)
    if unique:
        _check_unique(body, value)
    return value


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form, each once, or `InvalidBody`."""
    pairs = form_fields(body)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidBody(f"The body has the field '{_repeated([name for name, _ in pairs])}' twice.")
    return fields


def form_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form in their order, or `InvalidBody`."""
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise InvalidBody(f"The body is not {FORM_TYPE} in UTF-8.") from None


# Possessive, and content with a string that does not end: no text makes it look twice.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def _check_marks(body: bytes) -> None:
    """Before it is parsed, for that is what costs."""
    if _marks(body) > MAX_MARKS and _marks(_STRINGS.sub(b"", body)) > MAX_MARKS:
        raise InvalidBody(f"The body has more than {MAX_MARKS:,} values: commas and brackets are counted.")


def _marks(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _members(outer) if type(inner) is dict or type(inner) is list]
        if not level:
            return
    raise InvalidBody(f"The body nests more than {MAX_DEPTH} arrays and objects.")


def _members(value: object) -> list[object]:
    if type(value) is dict:
        return list(value.values())
    return value if type(value) is list else []


def _check_unique(body: bytes, value: object) -> None:
    """First the quick way: written anew no name is there twice, and most bodies look like that, but for white space."""
    anew = orjson.dumps(value)
    if anew != body and anew.translate(None, _SPACE) != body.translate(None, _SPACE):
        _UNIQUE.decode(body.decode())


_SPACE: Final = b" \t\r\n"


def _unique_object(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise InvalidBody(f"The body names '{_repeated(names)}' twice in one object.")


# Numbers are left as text: Python refuses to convert one of more than 4,300 digits, which JSON allows.
_UNIQUE: Final = json.JSONDecoder(object_pairs_hook=_unique_object, parse_int=str, parse_float=str)


def _repeated(names: Iterable[str]) -> str:
    """The start of the first name that was there before. A set: a body has room for a hundred thousand names."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name[:100]
        seen.add(name)
    raise ValueError("no name is there twice")


@lru_cache(maxsize=256)
def _media_type(content_type: str | None) -> str | None:
    """The type alone, in lower case; None when there is none, or when its charset is not UTF-8."""
    if content_type is None:
        return None
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [text.partition("=")[2].strip('" ') for text in parameters if text.startswith("charset=")]
    return kind if all(charset in ("utf-8", "utf8") for charset in charsets) else None


def _not_accepted(request: web.Request, accepted: str) -> HookdError:
    given = request.headers.get(hdrs.CONTENT_TYPE)
    if given is None and request.content.at_eof():
        return InvalidBody(f"The body is missing; it must be {accepted}.")
    return UnsupportedMediaType(
        f"The body must be {accepted} in UTF-8, not {_shown(given) if given else 'of an unnamed type'}."
    )


def _shown(header: str) -> str:
    """A header in a message. aiohttp gives bytes that are no UTF-8 as lone surrogates, which no answer could hold."""
    return header[:100].encode("utf-8", "backslashreplace").decode()


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit:,} bytes.")
