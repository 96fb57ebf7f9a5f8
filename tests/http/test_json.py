from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.compression_utils import ZLibDecompressor
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import InvalidBody
from runtime.http import json as http_json
from runtime.http.json import (
    MAX_DEPTH,
    MAX_MARKS,
    form_fields,
    json_response,
    parse_form,
    parse_json,
    read_json_or_form,
)
from runtime.http.routes import Call, Public, Route, Scopes
from tests.http.conftest import Served, connect
from tests.waiting import until

PUBLIC = Public("a test")
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


async def echo_json(call: Call) -> web.Response:
    return json_response(await call.json())


async def echo_either(call: Call) -> web.Response:
    return json_response(await read_json_or_form(call.request, call.body_limit))


ROUTES = [
    Route(method="POST", path="/json", handler=echo_json, access=PUBLIC),
    Route(method="POST", path="/either", handler=echo_either, access=PUBLIC),
    Route(method="POST", path="/guarded", handler=echo_json, access=Scopes("read:hooks")),
]


@pytest.fixture
async def url(served: Served) -> str:
    return await served(*ROUTES)


async def post(client: aiohttp.ClientSession, url: str, data: Any, **headers: str) -> tuple[int, Any]:
    async with client.post(url, data=data, headers={"Content-Type": "application/json", **headers}) as answer:
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        return answer.status, await answer.json()


async def post_raw(url: str, rest: bytes, *, typed: bool = True) -> bytes:
    """Status line, headers and body of the answer to a request that an HTTP library would not send."""
    reader, writer = await connect(url)
    try:
        content_type = b"Content-Type: application/json\r\n" if typed else b""
        writer.write(b"POST /json HTTP/1.1\r\nHost: x\r\n" + content_type + rest)
        async with asyncio.timeout(60):
            head = await reader.readuntil(b"\r\n\r\n")
            return head + await reader.read(1000)
    finally:
        writer.close()
        await writer.wait_closed()


def message(answer: tuple[int, Any]) -> tuple[int, str, str]:
    """Status, errorCode and message of an error, whose body has Auth0's shape (contract 1.1)."""
    status, body = answer
    assert list(body) == ["statusCode", "error", "message", "errorCode"]
    assert body["statusCode"] == status
    return status, body["errorCode"], body["message"]


@settings(deadline=None)
@given(VALUES)
def test_every_json_value_arrives_as_it_was_sent(value):
    """A body of any value is read as the same value."""
    assert parse_json(json.dumps(value).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_clear_error(body):
    """No body, whatever its bytes, raises anything but InvalidBody."""
    with contextlib.suppress(InvalidBody):
        parse_json(body)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_as_a_form_are_fields_or_a_clear_error(body):
    """Likewise for forms."""
    with contextlib.suppress(InvalidBody):
        parse_form(body)


@pytest.mark.parametrize(
    "body, expected",
    [
        (b"", "The body is missing; it must be JSON."),
        (b"{", "The body is not valid JSON: "),
        (b'{"a": NaN}', "The body is not valid JSON: "),
        (b'{"a": 1,}', "The body is not valid JSON: "),
        (b'\xff{"a": 1}', "The body is not valid JSON: "),
        (b'{"a": "\xc3\x28"}', "The body is not valid JSON: "),
        (rb'{"a": "\ud800"}', "The body is not valid JSON: "),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "The body names 'c' twice in one object."),
    ],
)
def test_a_body_that_is_not_json_says_why(body, expected):
    """The message names the rule that the body breaks."""
    with pytest.raises(InvalidBody) as caught:
        parse_json(body)
    assert caught.value.message.startswith(expected)


class Counted(str):
    """A name that counts how often names are looked at."""

    __slots__ = ()
    looks = 0

    def __hash__(self) -> int:
        Counted.looks += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        Counted.looks += 1
        return super().__eq__(other)


@pytest.mark.parametrize("kind", ["form", "object"])
def test_a_name_is_looked_at_a_few_times_however_many_there_are(monkeypatch, kind):
    """Bodies are read before anybody knows who sends them: the work grows as the body does, never as its square."""
    names = [f"k{number}" for number in range(5_000)]
    pairs: list[tuple[str, object]] = [(Counted(name), "") for name in (*names, names[-1])]
    monkeypatch.setattr(http_json, "parse_qsl", lambda *_, **__: pairs)
    Counted.looks = 0
    with pytest.raises(InvalidBody, match="k4999"):
        parse_form(b"x") if kind == "form" else http_json._unique_object(pairs)
    assert Counted.looks <= 6 * len(pairs)


def test_a_long_name_is_not_sent_back_whole():
    """The start says which."""
    name = b"x" * 60_000
    with pytest.raises(InvalidBody) as caught:
        parse_form(name + b"=1&" + name + b"=2")
    assert len(caught.value.message) < 200


def test_without_unique_the_last_member_counts():
    """For a webtask's body: an object that names a member twice has the last one, as everywhere in JavaScript."""
    assert parse_json(b'{"a": 1, "a": 2}', unique=False) == {"a": 2}


@pytest.mark.parametrize(
    "body", ['{"a":1,"b":{"%s":[1e2],"%s":2}}', '[ 1,\n\t{"%s": " ", "%s": "\\u00e9"}]', '{"%s":"%%","%s":"%%"}']
)
def test_a_name_twice_is_refused_however_it_is_written(body):
    """Compact, with white space, with numbers and texts that are not written back as they came: a quick look never takes one for none."""
    for one, other in (("k", "k"), ("a b", "a b"), ("k", "\\u006b"), ("", "")):
        with pytest.raises(InvalidBody, match=f"names '{'k' if one == 'k' else one}' twice"):
            parse_json((body % (one, other)).encode())
    assert parse_json((body % ("k", "k ")).encode()) == json.loads(body % ("k", "k "))


WIDE = ["[]", "{}", "1", '{"a":1}', "1e9", "[" * 98 + "]" * 98, '"\\""', '"a,b"']


@pytest.mark.parametrize("one", WIDE)
def test_the_number_of_values_has_a_limit(one):
    """Half a million empty arrays would hold up everybody else for half a second; what is in a string is no value."""
    number = MAX_MARKS // (1 + one.count("[") + one.count("{")) + 1
    with pytest.raises(InvalidBody, match="more than 50,000 values"):
        parse_json(("[" + ",".join([one] * number) + "]").encode())
    some = MAX_MARKS // 200
    assert len(parse_json(("[" + ",".join([one] * some) + "]").encode())) == some  # type: ignore[arg-type]  # an array
    text = one * (3 * MAX_MARKS // len(one))
    assert parse_json(orjson.dumps({"script": text})) == {"script": text}


@pytest.mark.parametrize("text", ['\\"', '"', "\\", '"\\', ',"'])
def test_counting_values_takes_no_second_look(text):
    """Quotes that are never closed, a mebibyte of them: what is counted in grows as the body does, never as its square."""
    body = ('["' + text * (1_000_000 // len(text))).encode()
    began = time.thread_time()
    with pytest.raises(InvalidBody):
        parse_json(body)
    assert time.thread_time() - began < 5


def test_nesting_has_a_limit():
    """As deep as MAX_DEPTH is read; one deeper, or a thousand deeper, is refused and crashes nothing."""
    fine = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert orjson.dumps(parse_json(fine)) == fine
    assert orjson.dumps(parse_json(fine.replace(b"[]", b"[1]"))).count(b"[") == MAX_DEPTH
    for deeper in (MAX_DEPTH + 1, 1000):
        with pytest.raises(InvalidBody, match=r"nests more than 100|not valid JSON"):
            parse_json(b"[" * deeper + b"]" * deeper)


def test_brackets_in_strings_are_not_nesting():
    """A script full of brackets is one flat string."""
    body = orjson.dumps({"script": "[{" * 5000})
    assert parse_json(body) == {"script": "[{" * 5000}


def test_a_number_of_ten_thousand_digits_is_harmless():
    """Python refuses to convert long digit strings; the body is read or refused, never an error of ours."""
    try:
        value = parse_json(b"[" + b"9" * 10_000 + b"]")
    except InvalidBody:
        return
    assert isinstance(value, list)


async def test_the_content_type_decides(client, url):
    """JSON needs its type, in UTF-8; the message says what was sent instead."""
    for wrong in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""):
        answer = message(await post(client, f"{url}/json", b"{}", **{"Content-Type": wrong}))
        assert answer[:2] == (415, "unsupported_media_type")
        assert wrong[:20] in answer[2]
    for right in ("application/json; charset=UTF-8", "Application/JSON", 'application/json;charset="utf-8"'):
        assert await post(client, f"{url}/json", b"{}", **{"Content-Type": right}) == (200, {})


async def test_a_content_type_of_any_bytes_is_answered(url):
    """Bytes that are no UTF-8 are shown escaped."""
    answer = await post_raw(url, b"Content-Type: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}", typed=False)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert rb"not \\udcff\\udcfe." in answer


async def test_no_body_at_all_is_said_so(client, url):
    """A POST that forgot its body is told that, not that its type is wrong."""
    async with client.post(f"{url}/json", skip_auto_headers=["Content-Type"]) as answer:
        assert message((answer.status, await answer.json())) == (
            400,
            "invalid_body",
            "The body is missing; it must be application/json.",
        )


async def test_a_body_over_the_limit_is_refused(client, url):
    """One byte more than the limit is 413, with its length announced or sent in chunks."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    too_large = (413, "body_too_large", "The body is larger than 1,000 bytes.")
    assert await post(client, f"{url}/json", b" " * 998 + b"{}") == (200, {})
    assert message(await post(client, f"{url}/json", b" " * 999 + b"{}")) == too_large
    assert message(await post(client, f"{url}/json", chunks())) == too_large


@pytest.mark.parametrize("path", ["/json", "/guarded", "/nowhere"])
async def test_a_packed_body_is_never_unpacked(client, served, monkeypatch, path):
    """600 kB may be 600 MB: not even after a 401 or a 404, where the rest of the body is read and thrown away."""
    unpacking: list[object] = []
    start = ZLibDecompressor.__init__

    def started(self: ZLibDecompressor, *given: Any, **named: Any) -> None:
        unpacking.append(self)
        start(self, *given, **named)

    monkeypatch.setattr(ZLibDecompressor, "__init__", started)
    url = await served(*ROUTES)
    packed = gzip.compress(b" " * 1_000_000 + b"{}")
    async with client.post(url + path, data=packed, headers={**JSON, "Content-Encoding": "gzip"}) as answer:
        assert answer.status == {"/json": 415, "/guarded": 401, "/nowhere": 404}[path]
    assert unpacking == []


async def test_a_packed_body_is_refused(client, url, caplog):
    """Whatever the packing, well or badly done: 415 and what would do (RFC 9110 section 15.5.16); `identity` is none."""
    for coding, data in (("gzip", gzip.compress(b"{}")), ("gzip", b"not gzip"), ("foo", b"{}"), ("br, GZIP", b"{}")):
        async with client.post(f"{url}/json", data=data, headers={**JSON, "Content-Encoding": coding}) as answer:
            assert answer.headers["Accept-Encoding"] == "identity"
            assert message((answer.status, await answer.json())) == (
                415,
                "unsupported_media_type",
                f"The body must not be compressed: there is no Content-Encoding {coding} here.",
            )
    assert await post(client, f"{url}/json", b"{}", **{"Content-Encoding": "Identity"}) == (200, {})
    assert caplog.records == []


async def test_a_body_in_pieces_is_read_whole(client, url):
    """A body that trickles in is the same as one that comes at once."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"a"', b": ", b"1}"):
            yield piece
            await asyncio.sleep(0.01)

    assert await post(client, f"{url}/json", pieces()) == (200, {"a": 1})


async def test_a_body_that_never_ends_is_given_up(monkeypatch, url):
    """A client that stops in the middle of its body gets a 400 after the time limit."""
    monkeypatch.setattr(http_json, "BODY_SECONDS", 0.05)
    answer = await post_raw(url, b'Content-Length: 9\r\n\r\n{"a')
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"did not arrive" in answer


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked, chunked"])
async def test_a_body_in_another_transfer_coding_is_refused(url, coding):
    """aiohttp undoes the last one only."""
    sent = b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert (await post_raw(url, sent)).split()[1] == b"400"
    assert (await post_raw(url, sent.replace(coding, b"Chunked"))).startswith(b"HTTP/1.1 200 ")


async def test_who_leaves_in_the_middle_of_a_body_makes_no_noise(url, caplog):
    """Anybody can, a million times: that is no error of ours, and no traceback in the log."""
    caplog.set_level(logging.DEBUG, "hookd.http")
    reader, writer = await connect(url)
    head = b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    writer.write(head + b"Expect: 100-continue\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
    await until(lambda: "its sender is gone" in caplog.text)
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


@pytest.mark.parametrize("rest", [b"Expect: 100-continue\r\n\r\n", b'\r\n{"a": 12}'], ids=["all but the body", "all"])
async def test_who_leaves_before_the_body_is_looked_at_makes_no_noise(served, caplog, rest):
    """Likewise: while it is found out who calls, for one. Whoever waits to be told that the body may come, or has sent it."""

    async def late(call: Call) -> web.Response:
        await until(lambda: call.request.transport is None)
        return await echo_json(call)

    caplog.set_level(logging.DEBUG, "hookd.http")
    _, writer = await connect(await served(Route(method="POST", path="/json", handler=late, access=PUBLIC)))
    head = b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    writer.write(head + rest)
    await writer.drain()
    writer.transport.close()
    await until(lambda: "its sender is gone" in caplog.text)
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_forms_are_read(client, url):
    """Fields with UTF-8 and empty values; a field that is given twice is refused (RFC 6749 section 3.2)."""
    assert await post(client, f"{url}/either", b"a=1&b=&c=%C3%A4+b", **FORM) == (200, {"a": "1", "b": "", "c": "ä b"})
    assert await post(client, f"{url}/either", b"", **FORM) == (200, {})
    twice = await post(client, f"{url}/either", b"a=1&b=2&a=1", **FORM)
    assert message(twice) == (400, "invalid_body", "The body has the field 'a' twice.")
    assert message(await post(client, f"{url}/either", b"a=%FF", **FORM))[:2] == (400, "invalid_body")


def test_fields_come_in_their_order():
    """For those who say themselves what a field means that comes twice."""
    assert form_fields(b"a=1&b=&a=%C3%A4") == [("a", "1"), ("b", ""), ("a", "ä")]
    assert form_fields(b"") == []


async def test_a_route_may_take_both(client, url):
    """JSON and form give the same object; a third type is refused and both are named."""
    assert await post(client, f"{url}/either", b'{"a": "1"}', **JSON) == (200, {"a": "1"})
    assert await post(client, f"{url}/either", b"a=1", **FORM) == (200, {"a": "1"})
    unnamed = message(await post(client, f"{url}/either", b'{"a": "b=1"}', **FORM))
    told = "The body is JSON by its looks, and a form by its name: send 'Content-Type: application/json'."
    assert unnamed == (400, "invalid_body", told)
    neither = message(await post(client, f"{url}/either", b"a", **{"Content-Type": "text/plain"}))
    assert neither == (
        415,
        "unsupported_media_type",
        "The body must be application/json or application/x-www-form-urlencoded in UTF-8, not text/plain.",
    )
