"""A hook version that is ready to run: its image, and what is known of its manners. Pure."""

from __future__ import annotations

import threading
from typing import Final

from runtime.places import Places
from runtime.sandbox import abi, image
from runtime.sandbox.base import Program
from runtime.sandbox.engine import Engine, Image

LARGE: Final = 32 << 10
"""Bytes from which an image is mapped into sandboxes instead of copied. Measured: to map costs 2 us, whatever the size, and what
lies beyond the first MiB 2 us for each page that a request writes; to copy 100 kB takes 150 us. But what is mapped takes a
whole memory for itself, and a file descriptor."""

STRIKES = 2
"""So often must a program exceed its time on the event loop to be slow: once may be the machine's fault."""

QUICK_MS, QUICK_RUNS = 2.0, 20
"""A slow program that took less CPU time than this, so often in a row, may try the event loop again."""


class WasmProgram(Program):
    """A hook version's image, and what is known of its manners. `adapted` is the trigger whose adapter is around it, or "".

    `caches`: it may have a use for `api.cache`. `places` says where its modules are from; None when it has none. `plain`: it runs in a memory without Node's library.
    """

    __slots__ = (
        "_mapped",
        "_opening",
        "_quick",
        "_strikes",
        "adapted",
        "caches",
        "evaluates",
        "image",
        "is_large",
        "is_open",
        "mapped",
        "pages",
        "places",
        "plain",
        "size",
        "slow",
        "source",
    )

    def __init__(
        self,
        kept: bytes,
        adapted: str = "",
        places: Places | None = None,
        *,
        plain: bool = False,
        caches: bool = False,
    ) -> None:
        self.places = places
        self.plain = plain
        self.adapted = adapted
        self.caches = caches
        self.evaluates = kept.startswith(image.SOURCE)
        body = kept[len(image.MEMORY) :]
        self.source, self.image = (body, b"") if self.evaluates else (b"", body)
        self.pages = 0 if self.evaluates else abi.IMAGE_HEAD.unpack_from(body)[0]
        self._opening = threading.Lock()
        self._mapped: Image | None = None
        self.mapped = 0
        self.is_large = len(self.image) > LARGE
        self.is_open = plain and not self.is_large
        self.size = (self.pages * abi.PAGE if self.is_large else len(kept)) + (places.size if places else 0)
        self.slow = self.evaluates
        self._quick = self._strikes = 0

    def open(self, engine: Engine, base: bytes) -> None:
        """Find the memory to begin with: `mapped` is its address. A large image is put into one of its own, over this base.

        Once, by any threads: a second module would take the place of one that sandboxes are being made of.
        """
        with self._opening:
            if self.is_open:
                return
            if self.is_large:
                self._mapped = engine.image(image.applied(self.image, base))
                self.image = b""
            else:
                self._mapped = engine.library
            self.mapped = self._mapped.pointer
            self.is_open = True

    def exceeded(self) -> None:
        """Note a run that was not done in its time on the event loop."""
        self._strikes += 1
        self.slow = self._strikes >= STRIKES

    def ran(self, cpu_ms: float) -> None:
        """Note a run on a thread."""
        self._quick = self._quick + 1 if cpu_ms < QUICK_MS else 0
        if self._quick >= QUICK_RUNS and not self.evaluates:
            self.slow, self._quick, self._strikes = False, 0, 0


def load_program(kept: bytes) -> WasmProgram:
    """A program from its image; `ValueError` when it is none."""
    kept, places = image.places_of(kept)
    kept, adapted, caches = image.of_program(kept)
    plain = kept.startswith(image.PLAIN)
    kept = kept.removeprefix(image.PLAIN)
    whole = len(kept) >= len(image.MEMORY) + abi.IMAGE_HEAD.size
    if not (kept.startswith(image.SOURCE) or (kept.startswith(image.MEMORY) and whole)):
        raise ValueError("not an image")
    return WasmProgram(kept, adapted, places, plain=plain, caches=caches)
