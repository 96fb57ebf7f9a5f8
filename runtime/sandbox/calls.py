"""The native library that makes a request's calls into wasmtime, and the clock in it: twin of `calls.c`.

It is loaded twice. Through `HOLD` a call keeps the GIL, through `RELEASE` it lets go of it: the one is for what is short,
for letting go and taking back invites another thread in; the other for a hook that may run long.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Sequence
from ctypes import addressof, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from importlib.resources.abc import Traversable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Final

from wasmtime import _bindings as c
from wasmtime import _ffi

from runtime.errors import SettingsError
from runtime.sandbox.artefact import ARTIFACT, native_library

TICK_SECONDS: Final = 0.003
IDLE_TICKS: Final = 100
"""After so many without a call the clock rests."""

DONE, NO_ROOM, TRAPPED, FAILED, TOO_LARGE, TOO_LONG, OUTSIDE, NO_CPU, NO_TIME = range(9)
"""What a call comes to: a reply; no sandbox; stopped by a trap, or by an error of wasmtime; a request for which the guest has
no room; a reply that is too long, or not in its memory; its CPU time, or its time, is up."""

WASMTIME: Final = (
    "wasmtime_store_new",
    "wasmtime_store_context",
    "wasmtime_store_delete",
    "wasmtime_context_set_epoch_deadline",
    "wasmtime_instance_new",
    "wasmtime_instance_export_nth",
    "wasmtime_memory_data",
    "wasmtime_memory_data_size",
    "wasmtime_func_call_unchecked",
    "wasmtime_trap_code",
    "wasm_trap_delete",
    "wasmtime_error_delete",
    "wasmtime_engine_increment_epoch",
    "wasmtime_store_epoch_deadline_callback",
    "wasmtime_error_new",
)
SYSTEM: Final = ("memcpy", "read", "write", "usleep", "clock_gettime")

_PLACE: Final = (c_void_p, c_void_p)
FUNCTIONS: Final[Sequence[tuple[str, Any, Sequence[Any]]]] = (
    ("sandbox_open", c_int, (*_PLACE, c_void_p)),
    ("sandbox_size", c_uint64, _PLACE),
    ("sandbox_close", None, _PLACE),
    ("sandbox_run", c_int, (*_PLACE, c_uint64, c_int64, c_int64, c_void_p, c_size_t)),
    ("sandbox_call", c_int, (*_PLACE, c_uint64, c_char_p, c_uint64, c_uint64, c_int64, c_int64, c_uint64)),
    ("keep_time", None, (c_void_p,)),
)
"""What the library has: name, result, arguments."""


class Host(ctypes.Structure):
    """What is the same for every call. Times are microseconds, sizes bytes; `memory` and `reserve` number the exports."""

    _fields_: ClassVar[Sequence[tuple[str, Any]]] = [
        ("functions", c_void_p * (len(WASMTIME) + len(SYSTEM))),
        ("engine", c_void_p),
        ("module", c_void_p),
        ("code", c_void_p),
        ("memory", c_uint64),
        ("reserve", c_uint64),
        ("memory_size", c_uint64),
        ("in_address", c_uint64),
        ("in_size", c_uint64),
        ("cpu_clock", c_int32),
        ("wall_clock", c_int32),
        ("tick_us", c_uint32),
        ("idle_ticks", c_uint32),
        ("bell_read", c_int32),
        ("bell_write", c_int32),
        ("running", c_uint32),
        ("resting", c_uint32),
        ("closing", c_uint32),
    ]


class Sandbox(ctypes.Structure):
    """One sandbox. `start` is the address of its memory, `reply` of its last reply."""

    _fields_: ClassVar[Sequence[tuple[str, Any]]] = [
        ("host", c_void_p),
        ("store", c_void_p),
        ("context", c_void_p),
        ("instance", c_uint64 * 2),
        ("start", c_void_p),
        ("reply", c_void_p),
        ("reply_size", c_uint64),
        ("cpu_end", c_int64),
        ("wall_end", c_int64),
        ("ticks", c_uint64),
        ("trap", c_uint32),
        ("over", c_int32),
    ]


class Clock:
    """The clock of a host, on its own thread: a hook that runs too long is stopped by it, whoever holds the GIL."""

    def __init__(self, host: Host, *, tick_us: int = round(TICK_SECONDS * 1e6), idle_ticks: int = IDLE_TICKS) -> None:
        self._host = host
        host.tick_us, host.idle_ticks = tick_us, idle_ticks
        host.bell_read, host.bell_write = os.pipe()
        os.set_blocking(host.bell_write, False)  # a bell that has been rung need not be rung again
        self._thread = threading.Thread(target=_keep_time, args=(host,), name="hookd-clock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop it: nothing may be running any more. Idempotent."""
        if self._host.closing:
            return
        self._host.closing = 1
        with contextlib.suppress(BlockingIOError):
            os.write(self._host.bell_write, b"\0")
        self._thread.join()
        os.close(self._host.bell_read)
        os.close(self._host.bell_write)


def make_host(
    engine: int, module: int, code: int, *, memory: int, reserve: int, memory_size: int, in_place: tuple[int, int]
) -> Host:
    """A host for this engine, the guest's module and its code alone, by their addresses. `in_place` is the address and the size of a request's place.

    `SettingsError` where the library does not fit.
    """
    require_libraries()
    _check_layout()
    host = Host()
    wasmtime, system = ctypes.CDLL(str(_ffi.filename)), ctypes.CDLL(None)
    functions = [*(wasmtime[name] for name in WASMTIME), *(system[name] for name in SYSTEM)]
    for place, function in enumerate(functions):
        host.functions[place] = ctypes.cast(function, c_void_p).value
    host.code = code
    host.engine, host.module, host.memory, host.reserve, host.memory_size = engine, module, memory, reserve, memory_size
    host.in_address, host.in_size = in_place
    host.cpu_clock, host.wall_clock = time.CLOCK_THREAD_CPUTIME_ID, time.CLOCK_MONOTONIC
    return host


def _check_layout() -> None:
    """calls.c has these types as wasmtime's C API had them when it was written."""
    sizes = [ctypes.sizeof(kind) for kind in (c.wasmtime_instance_t, c.wasmtime_extern_t, c.wasmtime_val_raw_t)]
    if sizes[0] != 16 or sizes[1] > 40 or c.wasmtime_extern_t.of.offset != 8 or sizes[2] != 16:
        raise RuntimeError(f"This wasmtime's C API has types of other sizes: {sizes}.")


def _library(kind: type[ctypes.CDLL], file: Path) -> Any:
    try:
        library = kind(str(file))
    except OSError as error:
        raise SettingsError(f"The guest's {file.name} can not be loaded: {error}.") from None
    for name, result, arguments in FUNCTIONS:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _libraries(artifact: Traversable = ARTIFACT) -> tuple[Any, Any, str]:
    """The two, and why not: one that does not fit is not even loaded, and `make_host` refuses, so that nothing is called."""
    try:
        file = native_library(artifact)
        return _library(ctypes.PyDLL, file), _library(ctypes.CDLL, file), ""
    except SettingsError as fault:
        nothing = SimpleNamespace(**{name: None for name, _, _ in FUNCTIONS})
        return nothing, nothing, str(fault)


HOLD, RELEASE, FAULT = _libraries()


def require_libraries() -> None:
    """`SettingsError` where they do not fit this hookd."""
    if FAULT:
        raise SettingsError(FAULT)


def _keep_time(host: Host) -> None:
    RELEASE.keep_time(addressof(host))
