"""The wall between host and guest, in numbers: twin of `guest/src/abi.h`, compared with it by a test. Pure.

Every byte that comes back is an attacker's: `decode` gives a `Reply` or raises `Nonsense`, whatever it is given.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import orjson

from runtime.grammar import is_deep
from runtime.model import FAILURES, ConsoleLine, JsonObject, Limits
from runtime.sandbox.asked import MOST_OPERATIONS, Asked, Nonsense, asked

__all__ = ["MOST_OPERATIONS", "Nonsense"]

ABI_VERSION = 2
IN_SIZE = 16384
STACK_SIZE = 196608
JS_STACK_SIZE = 163840
MAX_PAGES = 2176
PAGE = 65536
# Of an error in a reply, in bytes: name (and code), message, stack, properties; how many of these.
MOST_NAME, MOST_MESSAGE, MOST_STACK, MOST_PROPERTIES, MOST_MEMBERS = 128, 4096, 8192, 8192, 50

# struct request of abi.h
HEAD = struct.Struct("<d32s9I4x")
# struct image and struct run
IMAGE_HEAD = struct.Struct("<II")
RUN_HEAD = struct.Struct("<II")

BOOT_LIMITS = Limits(
    cpu_ms=10_000,
    wall_ms=10_000,
    memory_bytes=64 << 20,
    output_bytes=65536,
    console_lines=0,
    console_bytes=0,
    operations=0,
    operation_bytes=0,
)

# Beside answer and console: code, name, message, stack and properties of an error, each byte as JSON's longest escape, and the
# names of the fields.
_ENVELOPE = 6 * (2 * MOST_NAME + MOST_MESSAGE + MOST_STACK + MOST_PROPERTIES) + 1024
# Of an error's properties. Deeper than any is, and far from what JSON writers refuse.
MOST_DEPTH = 32
# Beside its detail: an operation's id, its kind, and perhaps that it is cancelled.
_OPERATION = 128
# The most that any setting allows.
MOST_LINES = 10_000
_ANSWER = b'{"outcome":"answer","value":'
_LEVELS = frozenset({"debug", "info", "warn", "error"})
_FAILURES = FAILURES.keys() | {"syntax_error"}


class Unreadable(Exception):
    """The hook's answer is JSON to JavaScript, but not to us: it nests too deeply, or is text of `JSON.rawJSON`."""


@dataclass(slots=True)
class Reply:
    """One answer of the guest, checked. Which fields mean something depends on `kind`, see `guest/src/outcome.h`.

    `undefined` is an answer of nothing at all; `properties` is a refusal's, as text, see `properties_of`. Not frozen: that
    would be two microseconds of every request.
    """

    kind: str
    console: tuple[ConsoleLine, ...] = ()
    console_dropped: int = 0
    memory_bytes: int = 0
    value: object = None
    undefined: bool = False
    code: str = ""
    name: str = "Error"
    message: str = ""
    stack: str = ""
    properties: str = ""
    timer: float | None = None
    """Of one that is pending: when to resume it at the latest, in milliseconds; None where it waits for operations only."""
    operations: tuple[Asked, ...] = ()
    """Likewise: what was started, or cancelled, since the reply before."""
    refused: bool = False
    """Of a failure: whether the hook had called cb(error) before."""


def frame(*, now_ms: float, seed: bytes, limits: Limits, image: bytes, payload: bytes, stack_pages: int = 0) -> bytes:
    """A request as the guest reads it. The zero byte behind the payload is QuickJS's wish."""
    head = HEAD.pack(
        now_ms,
        seed,
        limits.memory_bytes,
        limits.output_bytes,
        limits.console_lines,
        limits.console_bytes,
        limits.operations,
        limits.operation_bytes,
        len(image),
        len(payload),
        stack_pages,
    )
    return b"%b%b%b\0" % (head, image, payload)


def longest_reply(limits: Limits) -> int:
    """More bytes than this the host does not copy out of the guest."""
    answer = limits.output_bytes + limits.operation_bytes + _OPERATION * limits.operations
    return answer + 6 * limits.console_bytes + 16 * limits.console_lines + _ENVELOPE


def decode(document: bytes) -> Reply:
    """What the guest said, or `Nonsense`, or `Unreadable`."""
    said = _object(document)
    kind = _text(said, "outcome")
    console = _console(said.get("console"))
    reply = Reply(kind, console, _count(said, "console_dropped"), _count(said, "memory"))
    if kind == "answer":
        reply.value = said.get("value")
        reply.undefined = "value" not in said
    elif kind == "refusal" or kind == "failure":  # noqa: PLR1714 - half the time of a tuple
        _read_error(said, reply)
    elif kind == "pending":
        reply.timer, reply.operations = _timer(said.get("timer")), asked(said.get("operations"))
    elif kind != "loaded":
        raise Nonsense("the reply is of no known kind")
    return reply


def _read_error(said: dict[str, Any], reply: Reply) -> None:
    reply.code, reply.name = _text(said, "code"), _text(said, "name")
    reply.message, reply.stack, reply.properties = (
        _text(said, "message"),
        _text(said, "stack"),
        _text(said, "properties"),
    )
    if reply.kind == "failure" and reply.code not in _FAILURES:
        raise Nonsense("the failure is of no known kind")


def properties_of(text: str) -> JsonObject:
    """What an error had beside name, message and stack; nothing, where the text is not what the guest writes."""
    try:
        properties = orjson.loads(text) if text else {}
    except ValueError:
        return {}
    fits = type(properties) is dict and len(properties) <= MOST_MEMBERS and not is_deep(properties, MOST_DEPTH)
    return properties if fits else {}


def _object(document: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        if document.startswith(_ANSWER):
            raise Unreadable(error.msg) from None
        raise Nonsense("the reply is not JSON") from None
    if type(said) is dict:
        return said
    raise Nonsense("the reply is not an object")


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name, "")
    if type(value) is str:
        return value
    raise Nonsense(f"{name} is not text")


def _count(said: dict[str, Any], name: str) -> int:
    value = said.get(name, 0)
    if type(value) is int and 0 <= value < 1 << 53:
        return value
    raise Nonsense(f"{name} is not a count")


def _console(lines: object) -> tuple[ConsoleLine, ...]:
    if type(lines) is list and len(lines) <= MOST_LINES:
        return tuple(map(_console_line, lines)) if lines else ()
    raise Nonsense("console is not a list, or longer than any setting allows")


def _console_line(line: object) -> ConsoleLine:
    if type(line) is list and len(line) == 2 and type(line[0]) is str and line[0] in _LEVELS and type(line[1]) is str:
        return ConsoleLine(level=line[0], text=line[1])
    raise Nonsense("a console line is not [level, text]")


def _timer(ms: object) -> float | None:
    if ms is None:
        return None
    if (type(ms) is int or type(ms) is float) and 0 <= ms < 1 << 53:
        return float(ms)
    raise Nonsense("the timer is not a length of time")
