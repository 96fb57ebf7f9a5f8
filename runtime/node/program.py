"""A hook version that runs in Node: its source as it is evaluated, and what stands around it. Pure."""

from __future__ import annotations

from typing import Final

from runtime.sandbox.base import Program
from runtime.sandbox.wrapping import is_adapted, wrapped

_MARK: Final = b"HKN1"


class NodeProgram(Program):
    """`adapted` is the trigger whose adapter is around the source, or ""."""

    __slots__ = ("adapted", "size", "source")

    def __init__(self, source: str, adapted: str) -> None:
        self.source = source
        self.adapted = adapted
        self.size = len(source)


def image_of(source: str, trigger: str) -> bytes:
    """What is kept of a source."""
    adapted = trigger if is_adapted(source, trigger) else ""
    return b"%b%b\n%b" % (_MARK, adapted.encode(), wrapped(source, trigger))


def load_program(image: bytes) -> NodeProgram:
    """A program from its image; `ValueError` when it is none."""
    head, newline, source = image.partition(b"\n")
    if not head.startswith(_MARK) or not newline:
        raise ValueError("not an image")
    return NodeProgram(source.decode("utf-8", "surrogatepass"), head.removeprefix(_MARK).decode())
