"""One sandbox: a store and an instance of the guest. Made for one request, used by nothing else, dropped.

This is the hot file. What the figures say (p50, one run, 0.6 MiB sandbox, 57 us in all): the guest's own work 25, dropping
the store 17, store and instance 7, Python 8. Straight on wasmtime's C API through ctypes it was 71, with wasmtime-py's
wrappers 300: what one crossing costs, a dozen cost more. So `calls.c` makes them all.
"""

from __future__ import annotations

from ctypes import addressof, string_at
from typing import Final, TypeAlias

import wasmtime

from runtime.errors import Unavailable
from runtime.sandbox import abi, calls
from runtime.sandbox.engine import Engine

_open, _size, _close = calls.HOLD.sandbox_open, calls.HOLD.sandbox_size, calls.HOLD.sandbox_close
_call_holding, _call_releasing = calls.HOLD.sandbox_call, calls.RELEASE.sandbox_call

_TRAPS = {wasmtime.TrapCode.STACK_OVERFLOW.value: "stack_limit"}
_STOPPED = {
    calls.FAILED: ("sandbox_crashed", "the call itself failed"),
    calls.TOO_LARGE: ("memory_limit", "no room for the request"),
    calls.TOO_LONG: ("output_limit", "the reply is too long"),
    calls.OUTSIDE: ("sandbox_crashed", "the reply lies outside of memory"),
    calls.NO_CPU: ("cpu_limit", "its CPU time is up"),
    calls.NO_TIME: ("wall_limit", "its time is up"),
}

Time: TypeAlias = tuple[int, int]
"""What a call has: CPU time, and time, in nanoseconds. The guest is stopped within two of the clock's ticks after either."""

MOST_MS: Final = 45_000.0
"""No guest runs longer in one call, whatever its limits say."""


def time_of(cpu_ms: float, wall_ms: float = MOST_MS) -> Time:
    """So many milliseconds, MOST_MS at the most."""
    return int(min(cpu_ms, MOST_MS) * 1e6), int(min(wall_ms, MOST_MS) * 1e6)


class Stopped(Exception):
    """The guest was stopped from outside or broke. `code` is one of `model.FAILURES`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Invocation:
    """A sandbox. `close` it in every case; after `Stopped` nothing else may be called."""

    __slots__ = ("_address", "_engine", "_host", "_sandbox")

    def __init__(self, engine: Engine, image: int = 0) -> None:
        """`image` is the address of a memory's module (`engine.Image`), 0 for memory as it is after boot. `Unavailable` when as many sandboxes exist as the pool has room for."""
        self._engine = engine
        self._host = engine.host
        self._sandbox = sandbox = calls.Sandbox()
        self._address = addressof(sandbox)
        if _open(self._host, self._address, image):
            raise Unavailable("Too many hooks are running or waiting at once.")

    def call(self, export: int, frame: bytes, *, pages: int, time: Time, longest: int, hold: bool = False) -> bytes:
        """Write a request, run one export on it, and return what it answered, at most `longest` bytes.

        `pages` is how far the request's own image will reach. `hold` keeps the GIL, for a `time` that is short. `Stopped`
        when the guest's time was up, trapped, or named an answer that does not lie in its memory.
        """
        call = _call_holding if hold else _call_releasing
        status = call(self._host, self._address, export, frame, len(frame), pages, *time, longest)
        if status:
            raise self._stopped(status)
        sandbox = self._sandbox
        return string_at(sandbox.reply, sandbox.reply_size)

    def size(self) -> int:
        """Bytes of its memory."""
        return int(_size(self._host, self._address))

    def refused(self) -> bool:
        """Whether the hook has called cb(error), however it ended."""
        return string_at(self.start + self._engine.in_address + abi.IN_SIZE, 1) != b"\0"

    def memory(self) -> bytes:
        """A copy of its whole memory."""
        return string_at(self.start, self.size())

    @property
    def start(self) -> int:
        """The address of its memory."""
        return int(self._sandbox.start)

    def close(self) -> None:
        """Drop it: the memory goes back to the pool, reset. Idempotent."""
        _close(self._host, self._address)

    def _stopped(self, status: int) -> Stopped:
        if status != calls.TRAPPED:
            return Stopped(*_STOPPED[status])
        trap = self._sandbox.trap
        return Stopped(_TRAPS.get(trap, "sandbox_crashed"), f"trap {trap}")
