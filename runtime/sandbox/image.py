"""What evaluating a hook's source changed in a memory, and back.

All hooks share one base memory; an image holds only the runs of bytes in which a hook's memory differs from it, some
4 kB for an ordinary hook. The guest copies them over its fresh memory at the start of a request. Measured against a
module per hook, mapped copy-on-write: the same 60 us for one hook, but no file descriptor and no 0.7 MiB per hook, and
no cold slot when requests go to many hooks in turn. With npm modules in it an image is a megabyte, which takes two
milliseconds to copy: large ones are mapped (`WasmProgram.open`).

A source that waits for something while it loads (a timer, later a fetch) has no image: it is kept as it is and
evaluated in every request.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from runtime.places import Places
from runtime.sandbox import abi

MEMORY, SOURCE, PLAIN, ADAPTED, CACHING, BUNDLED = b"HKM1", b"HKS1", b"HKP1", b"HKA1", b"HKC1", b"HKB1"
MOST = 16 << 20
"""Bytes of an image: every request copies them."""

# How many lines lie before the script of modules; the bytes of their table.
_PLACES = struct.Struct("<II")

# What is looked at, from the whole to its parts; most of a memory is the library, which few sources change.
_CHUNK, _BLOCK, _CELL = 65536, 4096, 16
# Runs closer to each other than this are one: a run's own head and copy cost about as much.
_NEAR = 48


class TooLarge(Exception):
    """What a source leaves in memory is more than `MOST` bytes."""


def from_memory(memory: bytes, base: bytes, in_address: int) -> bytes:
    """The image of a memory, or `TooLarge`. Left out: the stack, dead between calls, and the input, which held the source."""
    skipped = [(0, abi.STACK_SIZE), (in_address, in_address + abi.IN_SIZE)]
    parts, size = [b""], 0
    for start, end in _joined(_changed(memory, base, skipped)):
        parts += (abi.RUN_HEAD.pack(start, end - start), memory[start:end])
        size += end - start
        if size > MOST:
            raise TooLarge
    parts[0] = MEMORY + abi.IMAGE_HEAD.pack(len(memory) // abi.PAGE, len(parts) // 2)
    return b"".join(parts)


def from_source(wrapped: bytes) -> bytes:
    """The image of a source that must be evaluated per request."""
    return SOURCE + wrapped


def of_plain(kept: bytes) -> bytes:
    """The image of a source that has no use for Node's library."""
    return PLAIN + kept


def of_adapted(kept: bytes, trigger: str, *, caches: bool) -> bytes:
    """The image of a source that has the adapter for this trigger around it, and may have a use for `api.cache`."""
    return (CACHING if caches else ADAPTED) + trigger.encode() + b"\n" + kept


def of_program(kept: bytes) -> tuple[bytes, str, bool]:
    """An image without what `of_adapted` put before it, and that; "" and False where it is a plain hook's."""
    caches = kept.startswith(CACHING)
    if not caches and not kept.startswith(ADAPTED):
        return kept, "", False
    head, _, plain = kept[len(ADAPTED) :].partition(b"\n")
    return plain, head.decode(), caches


def applied(body: bytes, base: bytes) -> bytes:
    """The memory that `from_memory` was given, with nothing on the stack and in the input. `body` is its image less the mark.

    `ValueError` where a run does not lie in it.
    """
    pages, runs = abi.IMAGE_HEAD.unpack_from(body)
    memory = bytearray(base.ljust(min(pages, abi.MAX_PAGES) * abi.PAGE, b"\0"))
    at = abi.IMAGE_HEAD.size
    for _ in range(runs):
        start, size = abi.RUN_HEAD.unpack_from(body, at)
        at += abi.RUN_HEAD.size
        if start + size > len(memory) or at + size > len(body):
            raise ValueError("not an image")
        memory[start : start + size] = body[at : at + size]
        at += size
    return bytes(memory)


def of_bundled(kept: bytes, table: bytes, before: int) -> bytes:
    """The image of a source with modules: the table of their places, and how many lines lie before their script."""
    return BUNDLED + _PLACES.pack(before, len(table)) + table + kept


def places_of(kept: bytes) -> tuple[bytes, Places | None]:
    """An image without what `of_bundled` put before it, and that; None where it has no modules."""
    if not kept.startswith(BUNDLED):
        return kept, None
    start = len(BUNDLED) + _PLACES.size
    before, size = _PLACES.unpack_from(kept[:start].ljust(start, b"\0"), len(BUNDLED))
    return kept[start + size :], Places(kept[start : start + size], before)


def _changed(memory: bytes, base: bytes, skipped: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    base = base.ljust(len(memory), b"\0")
    for chunk in _different(memory, base, range(0, len(memory), _CHUNK)):
        for block in _different(memory, base, range(chunk, min(chunk + _CHUNK, len(memory)), _BLOCK)):
            for start in _different(memory, base, range(block, block + _BLOCK, _CELL)):
                if not any(low <= start < high for low, high in skipped):
                    yield start, start + _CELL


def _different(memory: bytes, base: bytes, parts: range) -> Iterator[int]:
    size = parts.step
    return (start for start in parts if memory[start : start + size] != base[start : start + size])


def _joined(cells: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for start, end in cells:
        if first >= 0 and start - last <= _NEAR:
            last = end
            continue
        if first >= 0:
            yield first, last
        first, last = start, end
    if first >= 0:
        yield first, last
