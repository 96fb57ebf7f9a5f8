"""Time as a test tells it to the native library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from runtime.sandbox import calls
from runtime.sandbox.engine import Engine

CLOCK = len(calls.WASMTIME) + calls.SYSTEM.index("clock_gettime")


class Told:
    """What an engine's library is told of time: `cpu` and `wall` are asked for how often it has looked, and say seconds."""

    def __init__(self, engine: Engine, *, cpu: Callable[[int], float], wall: Callable[[int], float]) -> None:
        self._clocks = {engine._host.cpu_clock: cpu, engine._host.wall_clock: wall}
        self.looks = dict.fromkeys(self._clocks, 0)
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int32, ctypes.POINTER(ctypes.c_int64))
        self._tell = kind(self._answer)
        engine._host.functions[CLOCK] = ctypes.cast(self._tell, ctypes.c_void_p).value

    def _answer(self, clock: int, told: Any) -> int:
        seconds = self._clocks[clock](self.looks[clock])
        told[0], told[1] = int(seconds), int(seconds % 1 * 1e9)
        self.looks[clock] += 1
        return 0
