from __future__ import annotations

import ctypes
import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime import claims, triggers
from runtime.model import FAILURES, Answer, ConsoleLine, Limits
from runtime.sandbox import abi
from runtime.sandbox.abi import Nonsense, Reply, Unreadable
from runtime.sandbox.asked import Fetch
from runtime.settings import LimitSettings
from runtime.triggers import TRIGGERS

SOURCES = Path(__file__).parents[2] / "runtime/guest/src"
CALM = settings(deadline=None)  # other work may share the machine
LIMITS = Limits(
    **dict(cpu_ms=1, wall_ms=2, memory_bytes=3, output_bytes=4),  # noqa: C408 - in two lines
    **dict(console_lines=5, console_bytes=6, operations=7, operation_bytes=8),  # noqa: C408 - likewise
)
MOST = LimitSettings(**{row.name: row.metadata["most"] for row in fields(LimitSettings)}).limits()
REQUESTS = [triggers.parse(trigger, triggers.sample(trigger.id)) for trigger in TRIGGERS.values()]

# As the guest writes them, see outcome.c.
# fmt: off
GOOD: list[dict[str, object]] = [
    {"outcome": "answer", "value": {"scope": ["a"]}, "console": [], "console_dropped": 0, "memory": 720896},
    {
        "outcome": "answer",
        "value": None,
        "console": [["info", "hi"], ["error", ""]],
        "console_dropped": 3,
        "memory": 65536,
    },
    {"outcome": "refusal", "code": "refused", "name": "Error", "message": "no", "stack": "", "console": [], "memory": 1},
    {"outcome": "failure", "code": "threw", "name": "TypeError", "message": "x", "stack": "at hook.js:1:2", "console": []},
    {
        "outcome": "pending",
        "timer": 12.5,
        "operations": [
            {
                "id": 1,
                "kind": "fetch",
                "detail": {
                    "method": "GET",
                    "url": "http://a/",
                    "headers": [["x", "y"]],
                    "body": "aGk=",
                    "redirect": "follow",
                },
            },
            {"id": 2, "kind": "storage_set", "detail": {"data": "{}", "etag": "x"}},
            {"id": 2, "kind": "cancel"},
        ],
        "console": [],
        "memory": 720896,
    },
    {"outcome": "loaded", "console": [], "console_dropped": 0, "memory": 720896},
]
# fmt: on

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
KEYS = (
    st.sampled_from(["outcome", "value", "code", "console", "operations", "timer", "id", "kind", "detail", "url"])
    | st.text()
)
JSON = st.recursive(
    SCALARS | st.sampled_from(["answer", "pending", "failure", "threw", "timer", "info", 2**53, 2**64, -1]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=15,
)


def decoded(reply: bytes) -> Reply | None:
    """What decode gives; None for Nonsense and Unreadable. Any other exception is a hole in the wall."""
    try:
        return abi.decode(reply)
    except (Nonsense, Unreadable):
        return None


def check(reply: Reply | None) -> None:
    """Whatever was let through has the types it says, and can be decided, recorded and answered."""
    if reply is None:
        return
    assert reply.kind in {"answer", "refusal", "failure", "pending", "loaded"}
    assert {type(text) for text in (reply.code, reply.name, reply.message, reply.stack)} == {str}
    assert all(type(count) is int and 0 <= count < 2**53 for count in (reply.console_dropped, reply.memory_bytes))
    assert all(line.level in ("debug", "info", "warn", "error") and type(line.text) is str for line in reply.console)
    assert reply.timer is None or (type(reply.timer) is float and 0 <= reply.timer < 2**53)
    assert all(0 < operation.id < 2**32 for operation in reply.operations)
    assert reply.kind != "failure" or reply.code in FAILURES.keys() | {"syntax_error"}
    orjson.dumps(asdict(replace(reply, value=None, operations=())))
    for request in REQUESTS:
        decision, _ = claims.decide(request, Answer(reply.value))
        orjson.dumps(asdict(decision))


# The twin


def header_constants(name: str) -> dict[str, int]:
    return {
        key: int(value)
        for key, value in re.findall(r"^#define (\w+) (\d+)", (SOURCES / name).read_text(), re.MULTILINE)
    }


def header_structs() -> dict[str, type[ctypes.Structure]]:
    """The structs of abi.h as a little-endian C compiler lays them out."""
    types: Mapping[str, Any] = {"double": ctypes.c_double, "uint8_t": ctypes.c_uint8, "uint32_t": ctypes.c_uint32}
    text = re.sub(r"/\*.*?\*/", "", (SOURCES / "abi.h").read_text(), flags=re.DOTALL)
    structs = {}
    for name, body in re.findall(r"struct (\w+) \{(.*?)\};", text, re.DOTALL):
        rows = [re.fullmatch(r"(\w+) (\w+)(?:\[(\d+)\])?", row.strip()) for row in body.split(";") if row.strip()]
        assert all(rows), body
        fields = [(row[2], types[row[1]] * int(row[3]) if row[3] else types[row[1]]) for row in rows if row]
        structs[name] = type(name, (ctypes.LittleEndianStructure,), {"_fields_": fields})
    return structs


STRUCTS = header_structs()


def test_constants_are_those_of_the_header():
    """Each #define of abi.h stands in abi.py with the same number."""
    constants = header_constants("abi.h")

    assert constants == {name: getattr(abi, name) for name in constants}
    assert len(constants) == 10
    assert not header_constants("outcome.c"), "the host could not know them"


def test_constants_fit_each_other():
    """JavaScript gets its RangeError before the C stack ends; what no setting allows is refused."""
    assert abi.JS_STACK_SIZE < abi.STACK_SIZE
    assert abi.MAX_PAGES * abi.PAGE - (8 << 20) == 128 << 20 == MOST.memory_bytes
    assert (MOST.console_lines, MOST.operations) == (abi.MOST_LINES, abi.MOST_OPERATIONS)


@pytest.mark.parametrize("name, packed", [("request", abi.HEAD), ("image", abi.IMAGE_HEAD), ("run", abi.RUN_HEAD)])
def test_structs_have_the_size_of_the_headers(name: str, packed: Any):
    """A packed head is as long as the C struct."""
    assert packed.size == ctypes.sizeof(STRUCTS[name])


@pytest.mark.parametrize("name, packed", [("image", abi.IMAGE_HEAD), ("run", abi.RUN_HEAD)])
def test_an_images_heads_lie_as_in_the_header(name: str, packed: Any):
    """Pages before runs, place before size."""
    fields: Any = STRUCTS[name].from_buffer_copy(packed.pack(7, 9))
    expected = {"image": ("pages", "runs"), "run": ("at", "size")}[name]

    assert {field: getattr(fields, field) for field in expected} == dict(zip(expected, (7, 9), strict=True))


@CALM
@given(
    now_ms=st.floats(allow_nan=False),
    seed=st.binary(min_size=32, max_size=32),
    image=st.binary(max_size=300),
    payload=st.binary(max_size=300),
)
def test_a_frame_is_what_the_guest_reads(now_ms: float, seed: bytes, image: bytes, payload: bytes):
    """Every field lies where the C struct has it; image, payload and a zero byte lie behind."""
    frame = abi.frame(now_ms=now_ms, seed=seed, limits=LIMITS, image=image, payload=payload, stack_pages=8)
    head: Any = STRUCTS["request"].from_buffer_copy(frame)

    assert (head.now_ms, bytes(head.seed), head.stack_pages) == (now_ms, seed, 8)
    assert (head.memory_bytes, head.output_bytes, head.operations) == (3, 4, 7)
    assert (head.console_lines, head.console_bytes) == (5, 6)
    assert (head.image_size, head.payload_size) == (len(image), len(payload))
    assert frame[ctypes.sizeof(head) :] == image + payload + b"\0"


def test_the_highest_limits_fit_a_frame():
    """No setting that is allowed is too large for its field."""
    assert len(abi.frame(now_ms=0.0, seed=bytes(32), limits=MOST, image=b"", payload=b"")) == abi.HEAD.size + 1


@pytest.mark.parametrize("console_bytes", [0, 1000])
def test_the_longest_honest_reply_is_read(console_bytes: int):
    """Names, message and stack as long as the guest lets them be, and a full console, all in JSON's longest escapes."""
    limits = replace(LIMITS, output_bytes=1024, console_lines=console_bytes, console_bytes=console_bytes)
    longest = {"code": abi.MOST_NAME, "name": abi.MOST_NAME, "message": abi.MOST_MESSAGE, "stack": abi.MOST_STACK}
    document = {
        "outcome": "failure",
        **{field: "\x01" * size for field, size in longest.items()},
        "console": [["debug", "\x01"]] * console_bytes,
        "console_dropped": 2**32 - 1,
        "memory": 128 << 20,
    }

    assert len(orjson.dumps(document)) <= abi.longest_reply(limits)


# Honest replies


def test_an_answer_is_decoded():
    """Value, console and counts arrive as they were written."""
    console = (ConsoleLine(level="info", text="hi"), ConsoleLine(level="error", text=""))

    assert abi.decode(orjson.dumps(GOOD[1])) == Reply("answer", console, console_dropped=3, memory_bytes=65536)
    assert abi.decode(orjson.dumps(GOOD[0])).value == {"scope": ["a"]}


def test_a_failure_is_decoded():
    """Code, name, message and stack."""
    expected = Reply("failure", code="threw", name="TypeError", message="x", stack="at hook.js:1:2")

    assert abi.decode(orjson.dumps(GOOD[3])) == expected


def test_a_wait_is_decoded():
    """How long at most, and the operations that the guest waits for (test_asked.py)."""
    reply = abi.decode(orjson.dumps(GOOD[4]))

    assert reply.timer == 12.5
    assert [operation.id for operation in reply.operations] == [1, 2, 2]
    assert isinstance(reply.operations[0], Fetch)
    assert abi.decode(b'{"outcome":"pending","timer":null,"operations":[],"console":[]}').timer is None


@pytest.mark.parametrize("code", sorted({*FAILURES, "syntax_error"}))
def test_every_failure_of_the_model_is_known(code: str):
    """And the one that only loading a source has."""
    assert abi.decode(orjson.dumps({"outcome": "failure", "code": code, "console": []})).code == code


def test_every_failure_of_the_guest_is_known():
    """The codes that its C source names are the model's."""
    source = "".join((SOURCES / name).read_text() for name in ("guest.c", "outcome.c"))
    codes = set(re.findall(r'(?:"failure", |outcome_failure\(|return )"([a-z]+_?[a-z_]*)"', source))

    assert {"no_answer", "answered_twice", "not_a_function", "malformed_answer", "output_limit"} <= codes
    assert codes - FAILURES.keys() == {"syntax_error"}


# Dishonest ones


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\0",
        b"null",
        b"[]",
        b'"answer"',
        b"1",
        b"{}",
        b'{"outcome":"answer"',
        b'{"outcome":"answer"}x',
        b'\xef\xbb\xbf{"outcome":"loaded"}',
        b'{"outcome":null,"console":[]}',
        b'{"outcome":"Answer","console":[]}',
        b'{"outcome":["answer"],"console":[]}',
        b'{"outcome":{"answer":1},"console":[]}',
        b'{"outcome":"failure","console":[]}',
        b'{"outcome":"failure","code":"made_up","console":[]}',
        b'{"outcome":"failure","code":1,"console":[]}',
        b'{"outcome":"refusal","name":null,"console":[]}',
        b'{"outcome":"refusal","message":["x"],"console":[]}',
        b'{"outcome":"refusal","stack":{},"console":[]}',
        b'{"outcome":"answer","memory":-1,"console":[]}',
        b'{"outcome":"answer","memory":1.5,"console":[]}',
        b'{"outcome":"answer","memory":true,"console":[]}',
        b'{"outcome":"answer","memory":9007199254740992,"console":[]}',
        b'{"outcome":"answer","console_dropped":"1","console":[]}',
        b'{"outcome":"answer"}',
        b'{"outcome":"answer","console":null}',
        b'{"outcome":"answer","console":{}}',
        b'{"outcome":"answer","console":"x"}',
        b'{"outcome":"answer","console":[1]}',
        b'{"outcome":"answer","console":[["info"]]}',
        b'{"outcome":"answer","console":[["info","x","y"]]}',
        b'{"outcome":"answer","console":[["log","x"]]}',
        b'{"outcome":"answer","console":[[["info"],"x"]]}',
        b'{"outcome":"answer","console":[["info",1]]}',
        b'{"outcome":"pending","console":[]}',
        b'{"outcome":"pending","operations":{},"console":[]}',
        b'{"outcome":"pending","operations":[null],"console":[]}',
        b'{"outcome":"pending","operations":[{"kind":"fetch","id":1}],"console":[]}',
        b'{"outcome":"pending","operations":[],"timer":"0","console":[]}',
        b'{"outcome":"pending","operations":[],"timer":true,"console":[]}',
        b'{"outcome":"pending","operations":[],"timer":-1,"console":[]}',
        b'{"outcome":"pending","operations":[],"timer":1e300,"console":[]}',
        b'{"outcome":"pending","operations":[],"timer":[1],"console":[]}',
    ],
    ids=lambda reply: reply[:70].decode("latin-1"),
)
def test_a_reply_of_the_wrong_shape_is_nonsense(reply: bytes):
    """Each field is checked; what no honest guest writes never goes on."""
    with pytest.raises(Nonsense):
        abi.decode(reply)


@pytest.mark.parametrize(
    "reply",
    [
        b'{"outcome":"answer","value":NaN,"console":[]}',
        b'{"outcome":"answer","value":1e999,"console":[]}',
        b'{"outcome":"answer","value":"\\ud800","console":[]}',
        b'{"outcome":"answer","value":"\xed\xa0\x80","console":[]}',
        b'{"outcome":"answer","value":"\xff","console":[]}',
        b'{"outcome":"answer","value":' + b"[" * 2000 + b"]" * 2000 + b',"console":[]}',
    ],
    ids=lambda reply: reply[:70].decode("latin-1"),
)
def test_an_answer_that_is_no_json_to_us_is_told_apart(reply: bytes):
    """An honest guest can write that for its hook: by nesting, or by `JSON.rawJSON`."""
    with pytest.raises(Unreadable):
        abi.decode(reply)


@CALM
@given(reply=st.binary(max_size=300))
def test_any_bytes_are_a_reply_or_nonsense(reply: bytes):
    """No other exception, whatever lies in the guest's memory."""
    check(decoded(reply))


@CALM
@given(document=JSON)
@example(document={"outcome": [], "value": 1})
@example(document={"outcome": "answer", "value": {"\ud800": "\udfff"}})
@example(document={"outcome": "answer", "value": {"https://x.org/a": float("inf"), "https://x.org/b": 10**400}})
def test_any_json_is_a_reply_or_nonsense(document: object):
    """Python's own JSON is looser than the standard: NaN, lone surrogates, numbers of any length."""
    if isinstance(document, dict):
        document = {"console": []} | document
    check(decoded(json.dumps(document).encode()))
    check(decoded(json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")))


@CALM
@given(good=st.sampled_from(GOOD), field=st.sampled_from(sorted({name for good in GOOD for name in good})), value=JSON)
def test_a_good_reply_with_one_field_replaced_is_a_reply_or_nonsense(
    good: dict[str, object], field: str, value: object
):
    """Each check stands alone."""
    check(decoded(json.dumps(good | {field: value}).encode()))


@CALM
@given(good=st.sampled_from(GOOD), data=st.data())
def test_a_good_reply_with_bytes_changed_is_a_reply_or_nonsense(good: dict[str, object], data: st.DataObject):
    """Flipped, cut out, put in: what a guest that writes over its own memory answers."""
    reply = bytearray(orjson.dumps(good))
    for _ in range(data.draw(st.integers(1, 4))):
        start, end = sorted(data.draw(st.integers(0, len(reply))) for _ in range(2))
        reply[start : min(end, start + 8)] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"[", b"}", b'"', b","])
        )
    check(decoded(bytes(reply)))


SIZE = abi.longest_reply(MOST)


@pytest.mark.parametrize(
    "reply",
    [
        b"[" * SIZE,
        b'{"outcome":' * (SIZE // 11),
        b'{"outcome":"answer","console":[],"value":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"outcome":"answer","console":[],"value":' + b"9" * (SIZE - 50) + b"}",
        b'{"outcome":"answer","console":[],"value":"' + b"\\u0000" * (SIZE // 6 - 40) + b'"}',
        b'{"outcome":"answer","console":[],"value":[' + b"{}," * (SIZE // 3 - 40) + b"0]}",
        b'{"outcome":"answer","console":[' + b'["info",""],' * (SIZE // 12 - 40) + b'["info",""]]}',
        b'{"outcome":"answer","console":[' + b'["info",""],' * (MOST.console_lines - 1) + b'["info",""]]}',
        b'{"outcome":"pending","console":[],"operations":[' + b"{}," * (SIZE // 3 - 40) + b"{}]}",
        b"{" + b",".join(map(b'"%x":0'.__mod__, range(SIZE // 11))) + b',"outcome":"answer","console":[]}',
        b" " * SIZE,
        b"\xff" * SIZE,
    ],
    ids=lambda reply: reply[:40].decode("latin-1"),
)
def test_the_longest_reply_costs_no_more_than_its_length(reply: bytes):
    """Eight megabytes, the most that any setting allows, in the worst shapes: well under the minutes that anything
    beyond linear would take.
    """
    assert len(reply) <= SIZE
    before = time.process_time()
    decoded(reply)

    assert time.process_time() - before < 20
