"""The wall between host and guest, in numbers: twin of `guest/src/abi.h`, compared with it by a test. Pure.

Every byte that comes back is an attacker's: `decode` gives a `Reply` or raises `Nonsense`, whatever it is given.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import orjson

from runtime.model import FAILURES, ConsoleLine, Limits

ABI_VERSION = 1
IN_SIZE = 65536
STACK_SIZE = 262144
JS_STACK_SIZE = 163840
MAX_PAGES = 2048
PAGE = 65536

# struct request of abi.h
HEAD = struct.Struct("<d32s8I")
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
)

# Beside the answer: names, message and stack of an error, JSON's escapes, the console's own JSON (worst case six to one).
_ENVELOPE = 32_768
_LEVELS = frozenset({"debug", "info", "warn", "error"})
_KINDS = frozenset({"answer", "refusal", "failure", "pending", "loaded"})
_FAILURES = FAILURES.keys() | {"syntax_error"}


class Nonsense(Exception):
    """The guest answered something that it never answers by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something the host is asked to do while the guest waits. `ms` is a timer's length."""

    id: int
    kind: str
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the guest, checked. Which fields mean something depends on `kind`, see `guest/src/outcome.h`."""

    kind: str
    value: object
    code: str
    name: str
    message: str
    stack: str
    console: tuple[ConsoleLine, ...]
    console_dropped: int
    operations: tuple[Operation, ...]
    memory_bytes: int


def frame(*, now_ms: float, seed: bytes, limits: Limits, image: bytes, payload: bytes) -> bytes:
    """A request as the guest reads it. The zero byte behind the payload is QuickJS's wish."""
    head = HEAD.pack(
        now_ms,
        seed,
        limits.memory_bytes,
        limits.output_bytes,
        limits.console_lines,
        limits.console_bytes,
        limits.operations,
        len(image),
        len(payload),
        0,
    )
    return b"%b%b%b\0" % (head, image, payload)


def longest_reply(limits: Limits) -> int:
    """More bytes than this the host does not copy out of the guest."""
    return limits.output_bytes + 6 * limits.console_bytes + 16 * limits.console_lines + _ENVELOPE


def decode(reply: bytes) -> Reply:
    """What the guest said, or `Nonsense`."""
    document = _document(reply)
    kind, code = document.get("outcome"), _text(document, "code")
    if type(kind) is not str or kind not in _KINDS:
        raise Nonsense("the reply is of no known kind")
    if kind == "failure" and code not in _FAILURES:
        raise Nonsense("the failure is of no known kind")
    operations = _operations(document.get("operations"))
    if kind == "pending" and not operations:
        raise Nonsense("the guest waits for nothing")
    return Reply(
        kind=kind,
        value=document.get("value"),
        code=code,
        name=_text(document, "name"),
        message=_text(document, "message"),
        stack=_text(document, "stack"),
        console=_console(document.get("console")),
        console_dropped=_count(document, "console_dropped"),
        operations=operations,
        memory_bytes=_count(document, "memory"),
    )


def _document(reply: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(reply)
    except orjson.JSONDecodeError as error:
        # The one thing that an honest guest can bring about: it may nest deeper than orjson reads.
        raise Nonsense("the reply nests too deeply" if "depth" in error.msg else "the reply is not JSON") from None
    if type(document) is dict:
        return document
    raise Nonsense("the reply is not an object")


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name, "")
    if type(value) is str:
        return value
    raise Nonsense(f"{name} is not text")


def _count(document: dict[str, Any], name: str) -> int:
    value = document.get(name, 0)
    if type(value) is int and 0 <= value < 1 << 53:
        return value
    raise Nonsense(f"{name} is not a count")


def _console(lines: object) -> tuple[ConsoleLine, ...]:
    if lines is None or lines == []:
        return ()
    if type(lines) is not list:
        raise Nonsense("console is not a list")
    return tuple(map(_console_line, lines))


def _console_line(line: object) -> ConsoleLine:
    if type(line) is list and len(line) == 2 and type(line[0]) is str and line[0] in _LEVELS and type(line[1]) is str:
        return ConsoleLine(level=line[0], text=line[1])
    raise Nonsense("a console line is not [level, text]")


def _operations(operations: object) -> tuple[Operation, ...]:
    if operations is None:
        return ()
    if type(operations) is not list or len(operations) > 1000:
        raise Nonsense("operations is not a short list")
    return tuple(map(_operation, operations))


def _operation(operation: object) -> Operation:
    if type(operation) is dict and operation.get("kind") == "timer":
        number, ms = operation.get("id"), operation.get("ms")
        if type(number) is int and (type(ms) is int or type(ms) is float) and 0 <= ms < 1 << 53:
            return Operation(id=number, kind="timer", ms=float(ms))
    raise Nonsense("an operation is of no known kind")
