"""A hook version that runs in Node: its source as it is evaluated, and what stands around it. Pure."""

from __future__ import annotations

from typing import Final

from runtime.places import Places
from runtime.sandbox.base import Modules, Program
from runtime.sandbox.image import of_program, places_of
from runtime.sandbox.wrapping import labelled, wrapped

_MARK: Final = b"HKN1"


class NodeProgram(Program):
    """`adapted` is the trigger whose adapter is around the source, or ""; `caches`: it may have a use for `api.cache`; `places` are of its modules, None without any."""

    __slots__ = ("adapted", "caches", "places", "size", "source")

    def __init__(self, source: str, adapted: str, places: Places | None, *, caches: bool = False) -> None:
        self.source = source
        self.adapted = adapted
        self.caches = caches
        self.places = places
        self.size = len(source) + (places.size if places else 0)


def image_of(source: str, trigger: str = "", modules: Modules | None = None) -> bytes:
    """What is kept of a source."""
    return labelled(_MARK + wrapped(source, trigger, modules), source, trigger, modules)


def load_program(image: bytes) -> NodeProgram:
    """A program from its image; `ValueError` when it is none."""
    kept, places = places_of(image)
    kept, adapted, caches = of_program(kept)
    if not kept.startswith(_MARK):
        raise ValueError("not an image")
    source = kept.removeprefix(_MARK).decode("utf-8", "surrogatepass")
    return NodeProgram(source, adapted, places, caches=caches)
