"""The few bytes of the wasm binary format (core specification, section 5) that it takes to part a module from its memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

PAGE: Final = 65536
BLOCK: Final = 4096
"""What is mapped at once: blocks of zeros are no data."""

IMPORT, MEMORY, EXPORT, START, DATA, DATA_COUNT = 2, 5, 7, 8, 11, 12
"""Kinds of sections."""

_MAGIC = b"\0asm\1\0\0\0"
_MEMORY_KIND = 2
_ZEROS = bytes(BLOCK)


def uleb(number: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def sleb(number: int) -> bytes:
    """Signed LEB128 of a number that is not negative."""
    out = bytearray()
    while number > 63:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _read(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number, and where it ends."""
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number, shift = number | (byte & 127) << shift, shift + 7
        if byte < 128:
            return number, at


def sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each section."""
    at = len(_MAGIC)
    while at < len(module):
        kind = module[at]
        size, at = _read(module, at + 1)
        yield kind, module[at : at + size]
        at += size


def snapshot(module: bytes, memory: bytes, most_pages: int) -> bytes:
    """The module with this memory as its initial one.

    A start function would only zero memory again; the data count counts the old data.
    """
    replaced = {MEMORY: _memory_section(memory, most_pages), DATA: _data_section(memory)}
    kept = ((kind, replaced.get(kind, body)) for kind, body in sections(module))
    return _joined((kind, body) for kind, body in kept if kind not in {START, DATA_COUNT})


def only_code(module: bytes, most_pages: int) -> bytes:
    """The module without its memory and data: it imports the memory, of any size, as `env` `memory`. Exports keep their places."""
    limits = b"\1" + uleb(pages_of(module)) + uleb(most_pages)
    imported = b"\1" + _name("env") + _name("memory") + bytes([_MEMORY_KIND]) + limits
    parts = [part for part in sections(module) if part[0] not in {MEMORY, DATA, DATA_COUNT, START}]
    at = next(place for place, (kind, _) in enumerate(parts) if kind > IMPORT)
    return _joined([*parts[:at], (IMPORT, imported), *parts[at:]])


def only_memory(memory: bytes, most_pages: int) -> bytes:
    """A module that is nothing but this memory, and exports it."""
    export = b"\1" + _name("memory") + bytes([_MEMORY_KIND]) + b"\0"
    return _joined([(MEMORY, _memory_section(memory, most_pages)), (EXPORT, export), (DATA, _data_section(memory))])


def used(memory: bytes) -> Iterator[tuple[int, int]]:
    """From where to where there is anything but zeros, in whole blocks."""
    start = None
    for at in range(0, len(memory), BLOCK):
        empty = _ZEROS.startswith(memory[at : at + BLOCK])  # the last may be shorter
        if start is None and not empty:
            start = at
        elif start is not None and empty:
            yield start, at
            start = None
    if start is not None:
        yield start, len(memory)


def _memory_section(memory: bytes, most_pages: int) -> bytes:
    return b"\1\1" + uleb(len(memory) // PAGE) + uleb(most_pages)


def _data_section(memory: bytes) -> bytes:
    segments = [(at, memory[at:end]) for at, end in used(memory)]
    return uleb(len(segments)) + b"".join(b"\0\x41" + sleb(at) + b"\x0b" + uleb(len(s)) + s for at, s in segments)


def pages_of(module: bytes) -> int:
    """How many pages the module's memory has at first."""
    body = next(body for kind, body in sections(module) if kind == MEMORY)
    pages, _ = _read(body, 2)
    return pages


def _name(text: str) -> bytes:
    return uleb(len(text)) + text.encode()


def _joined(parts: Iterable[tuple[int, bytes]]) -> bytes:
    return _MAGIC + b"".join(bytes([kind]) + uleb(len(body)) + body for kind, body in parts)
