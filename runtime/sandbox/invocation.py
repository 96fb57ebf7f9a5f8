"""One sandbox: a store and an instance of the guest. Made for one request, used by nothing else, dropped.

This is the hot file, straight on wasmtime's C API: wasmtime-py's wrappers would cost more than the sandbox. What the
figures say (p50, one run, 0.6 MiB sandbox, 60 us in all): the guest's own work 25, dropping the store 17, store and instance
7, writing and reading 4, Python between the calls 7.

- Short calls hold the GIL (`PyDLL`): letting go of it and taking it back ten times a request invites another thread in
  each time. The call into the guest lets go of it, so that the ticker can stop it.
- The structs that the C API fills are made once per thread, not once per request.
"""

from __future__ import annotations

import ctypes
import threading
from ctypes import addressof, c_bool, c_size_t, c_uint8, c_uint64, c_void_p, memmove, string_at
from typing import Any

import wasmtime
from wasmtime import _bindings as c
from wasmtime import _ffi

from runtime.errors import Unavailable
from runtime.sandbox import abi
from runtime.sandbox.engine import HOLD, Engine


class Stopped(Exception):
    """The guest was stopped from outside or broke. `code` is one of `model.FAILURES`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


_RELEASE = ctypes.CDLL(str(_ffi.filename))


def _function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = library[name]
    function.restype, function.argtypes = result, arguments
    return function


_store_new = _function(HOLD, "wasmtime_store_new", c_void_p, c_void_p, c_void_p, c_void_p)
_store_context = _function(HOLD, "wasmtime_store_context", c_void_p, c_void_p)
_store_delete = _function(HOLD, "wasmtime_store_delete", None, c_void_p)
_set_deadline = _function(HOLD, "wasmtime_context_set_epoch_deadline", None, c_void_p, c_uint64)
_instance_new = _function(
    HOLD, "wasmtime_instance_new", c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_void_p
)
_export_nth = _function(
    HOLD, "wasmtime_instance_export_nth", c_bool, c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_void_p
)
_memory_data = _function(HOLD, "wasmtime_memory_data", c_void_p, c_void_p, c_void_p)
_memory_size = _function(HOLD, "wasmtime_memory_data_size", c_size_t, c_void_p, c_void_p)
_call = _function(_RELEASE, "wasmtime_func_call_unchecked", c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p)
_trap_code = _function(HOLD, "wasmtime_trap_code", c_bool, c_void_p, c_void_p)
_trap_delete = _function(HOLD, "wasm_trap_delete", None, c_void_p)
_error_delete = _function(HOLD, "wasmtime_error_delete", None, c_void_p)

_TRAPS = {
    wasmtime.TrapCode.INTERRUPT.value: "cpu_limit",
    wasmtime.TrapCode.STACK_OVERFLOW.value: "stack_limit",
}


class _Scratch(threading.local):
    """The structs that the C API reads and fills, and their addresses."""

    def __init__(self) -> None:
        self._name, self._length = c_void_p(), c_size_t()
        self.name, self.length = addressof(self._name), addressof(self._length)
        self._trap = c_void_p()
        self.trap = addressof(self._trap)
        self._export, self._values = c.wasmtime_extern_t(), (c.wasmtime_val_raw_t * 2)()
        self.export = addressof(self._export)
        self.function, self.memory = addressof(self._export.of.func), addressof(self._export.of.memory)
        self.values = addressof(self._values)
        self.first, self.second = self._values[0], self._values[1]

    def take_trap(self) -> int:
        """The trap that the last call left, or 0. Whoever takes it deletes it."""
        trap = self._trap.value or 0
        self._trap.value = None
        return trap


_scratch = _Scratch()


class Invocation:
    """A sandbox. `close` it in every case; after `Stopped` nothing else may be called."""

    __slots__ = ("_context", "_engine", "_instance", "_start", "_store")

    def __init__(self, engine: Engine) -> None:
        """`Unavailable` when as many sandboxes exist as the pool has room for."""
        scratch = _scratch
        self._engine = engine
        self._store = _store_new(engine.pointer, None, None)
        self._context = context = _store_context(self._store)
        self._instance = instance = c.wasmtime_instance_t()
        error = _instance_new(context, engine.module, None, 0, addressof(instance), scratch.trap)
        if error:
            _error_delete(error)
            self.close()
            raise Unavailable("Too many hooks are running or waiting at once.")
        _export_nth(context, addressof(instance), engine.memory, scratch.name, scratch.length, scratch.export)
        self._start = _memory_data(context, scratch.memory)

    def call(self, export: int, frame: bytes, *, pages: int, ticks: int, longest: int) -> bytes:
        """Write a request, run one export on it, and return what it answered, at most `longest` bytes.

        `pages` is how far the request's own image will reach. `Stopped` when the guest ran longer than `ticks`, trapped,
        or named an answer that does not lie in its memory.
        """
        address = self._engine.in_address
        if len(frame) > abi.IN_SIZE:
            _scratch.first.i32, _scratch.second.i32 = len(frame), pages
            address = self._run(self._engine.reserve, 2, ticks) & 0xFFFFFFFF
            if not address or address + len(frame) > self.size():
                raise Stopped("memory_limit", "no room for the request")
        memmove(self._start + address, frame, len(frame))
        answer = self._run(export, 1, ticks) & 0xFFFFFFFFFFFFFFFF
        at, size = answer >> 32, answer & 0xFFFFFFFF
        if size > longest:
            raise Stopped("output_limit", "the reply is too long")
        if at + size > self._engine.memory_size and at + size > self.size():  # the first is cheap, and mostly enough
            raise Stopped("sandbox_crashed", "the reply lies outside of memory")
        return string_at(self._start + at, size)

    def size(self) -> int:
        """Bytes of its memory."""
        scratch, context = _scratch, self._context
        _export_nth(
            context, addressof(self._instance), self._engine.memory, scratch.name, scratch.length, scratch.export
        )
        return int(_memory_size(context, scratch.memory))

    def refused(self) -> bool:
        """Whether the hook has called cb(error), however it ended."""
        return string_at(self._start + self._engine.in_address + abi.IN_SIZE, 1) != b"\0"

    def memory(self) -> bytes:
        """A copy of its whole memory."""
        return string_at(self._start, self.size())

    def close(self) -> None:
        """Drop it: the memory goes back to the pool, reset. Idempotent."""
        store, self._store = self._store, None
        if store is not None:
            _store_delete(store)

    def _run(self, export: int, values: int, ticks: int) -> int:
        scratch, context = _scratch, self._context
        _export_nth(context, addressof(self._instance), export, scratch.name, scratch.length, scratch.export)
        ticker = self._engine.ticker
        _set_deadline(context, ticks + ticker.began(self))
        error = _call(context, scratch.function, scratch.values, values, scratch.trap)
        ticker.ended(self)
        trap = scratch.take_trap()
        if trap:
            raise Stopped(*_reason(trap))
        if error:
            _error_delete(error)
            raise Stopped("sandbox_crashed", "the call itself failed")
        return int(scratch.first.i64)


def _reason(trap: int) -> tuple[str, str]:
    number = c_uint8()
    known = _trap_code(trap, addressof(number))
    _trap_delete(trap)
    code = _TRAPS.get(number.value, "sandbox_crashed") if known else "sandbox_crashed"
    return code, f"trap {number.value}" if known else "trap"
