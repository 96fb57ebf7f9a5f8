"""The wasmtime engine: its configuration, the guest's module, and the clock that stops endless hooks.

One engine and one module serve all hooks and tenants. The module is compiled once and kept on disk between starts;
`invocation` makes an instance of it for every request, whose memory is as it was after boot.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import logging
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources.abc import Traversable
from pathlib import Path

import wasmtime
from wasmtime import _bindings as c

from runtime.sandbox import abi, calls, wasm, wrapping
from runtime.sandbox.artefact import ARTIFACT, read_guest
from runtime.sandbox.library import Names

# Every proposal that the guest does not use is switched off: less of wasmtime can be reached (sandbox.md section 4).
UNUSED_PROPOSALS = (
    "threads",
    "tail_call",
    "function_references",
    "gc",
    "relaxed_simd",
    "simd",
    "multi_memory",
    "memory64",
    "exceptions",
    "stack_switching",
    "wide_arithmetic",
    "custom_page_sizes",
)
# QuickJS stops JavaScript at JS_STACK_SIZE of its own stack; native frames of the same depth need this much.
MAX_WASM_STACK = 4 << 20
THREAD_STACK = 16 << 20
# Sandboxes beside those that `concurrency` counts: images being made on each thread, one run that is still inline.
SPARE = 66
EXPORTS = ("invoke", "resume", "load", "reserve", "memory")
_DIGEST = 32
_LOG = logging.getLogger("hookd.sandbox")


class Image:
    """A memory that sandboxes start with, mapped copy-on-write: what a request does not write costs it nothing."""

    def __init__(self, module: wasmtime.Module) -> None:
        self._module = module
        self.pointer = _address(module.ptr())

    def close(self) -> None:
        """Let go of it: no sandbox begins with it any more."""
        self._module.close()


class Engine:
    """Open it once per process, after any fork. Keeps every object alive that a raw pointer refers to.

    `SettingsError` where what is built does not fit this hookd.
    """

    def __init__(self, cache_directory: Path, *, concurrency: int, artifact: Traversable = ARTIFACT) -> None:
        made = read_guest(artifact)
        calls.require_libraries()
        self.build_id = _hash(b"%d" % abi.ABI_VERSION, wrapping.made_of(), made.made_of).hex()
        self.names = Names(made.names)
        """What a source that has a use for Node's library would name."""
        self.in_address, self.low_end = made.in_address, made.low_end
        """Where the memory of an ordinary request ends; Node's library lies behind it, if it is there."""
        pool = _pool(concurrency, self.low_end)
        self._engine = wasmtime.Engine(_config(pool))
        kept = _Kept(self._engine, cache_directory, made.made_of + _settings(pool))
        self._module = kept.module("guest", lambda: made.wasm)
        self._code = kept.module("code", lambda: wasm.only_code(made.wasm, abi.MAX_PAGES))
        self.library = Image(kept.module("library", lambda: made.library))
        """The memory after boot that has Node's library in it."""
        # As heap.c has it: what of that memory is the library, which no hook's memory limit counts.
        self.library_bytes: int = (wasm.pages_of(made.library) + -self.low_end // abi.PAGE) * abi.PAGE
        names = [export.name for export in self._module.exports]
        self.invoke, self.resume, self.load, self.reserve, self.memory = (names.index(name) for name in EXPORTS)
        kind = self._module.exports[self.memory].type
        assert isinstance(kind, wasmtime.MemoryType)
        self._host = calls.make_host(
            _address(self._engine.ptr()),
            _address(self._module.ptr()),
            _address(self._code.ptr()),
            memory=self.memory,
            reserve=self.reserve,
            memory_size=kind.limits.min * abi.PAGE,
            in_place=(self.in_address, abi.IN_SIZE),
        )
        self.host = ctypes.addressof(self._host)
        self._clock = calls.Clock(self._host)
        self._closing = False

    def image(self, memory: bytes) -> Image:
        """A module that is this memory. Takes some milliseconds. Any thread."""
        return Image(wasmtime.Module(self._engine, wasm.only_memory(memory, abi.MAX_PAGES)))

    def imports(self) -> list[tuple[str, str, str]]:
        """What the module imports: (module, name, kind). A test reads it: nothing."""
        return [(i.module, i.name or "", type(i.type).__name__) for i in self._module.imports]

    def close(self) -> None:
        """Stop the clock, let go of the module. Nothing may be running any more."""
        if self._closing:
            return
        self._closing = True
        self._clock.close()
        self.library.close()
        for thing in (self._module, self._code, self._engine):
            thing.close()


def require_guest() -> None:
    """`SettingsError` where what an engine is opened with is not built, or does not fit this hookd."""
    read_guest()
    calls.require_libraries()


def _config(settings: dict[str, int]) -> wasmtime.Config:
    config = wasmtime.Config()
    config.epoch_interruption = True
    for proposal in UNUSED_PROPOSALS:
        setter = getattr(c, f"wasmtime_config_wasm_{proposal}_set", None)
        if setter is not None:
            setter(config.ptr(), False)
    # max_wasm_stack above async_stack_size aborts the process, used or not.
    c.wasmtime_config_async_stack_size_set(config.ptr(), 2 * MAX_WASM_STACK)
    c.wasmtime_config_max_wasm_stack_set(config.ptr(), MAX_WASM_STACK)
    pool = c.wasmtime_pooling_allocation_config_new()
    for name, value in settings.items():
        getattr(c, f"wasmtime_pooling_allocation_config_{name}_set")(pool, value)
    c.wasmtime_pooling_allocation_strategy_set(config.ptr(), pool)
    c.wasmtime_pooling_allocation_config_delete(pool)
    return config


def _pool(concurrency: int, low_end: int) -> dict[str, int]:
    """Room for `concurrency` sandboxes.

    linear_memory_keep_resident: a slot's first bytes are reset by copying instead of unmapping. Measured with a
    sandbox of 0.6 MiB: copying costs about 15 us, the 40 page faults that it saves cost about 100. Node's library lies
    behind these bytes: a request that does not use it writes none of its pages, so there is nothing to reset. But to find
    that out, and to read there, costs 20 us, so programs that have no use for it have a memory without it.
    """
    return {
        "total_core_instances": 2 * (concurrency + SPARE),  # a program with a large image is two
        "total_memories": concurrency + SPARE,
        "total_tables": concurrency + SPARE,
        "total_stacks": 1,
        "max_memory_size": abi.MAX_PAGES * abi.PAGE,
        "max_core_instance_size": 1 << 20,
        "table_elements": 20_000,
        "linear_memory_keep_resident": low_end,
        "table_keep_resident": 1 << 20,
        "max_unused_warm_slots": concurrency + SPARE,
    }


class _Kept:
    """Compiled modules, each read from where the last start left it.

    What lies there is native code, so it is believed only if nobody else could have written it, and if it is what was written:
    its SHA-256 stands at the end, where wasmtime does not look. wasmtime itself refuses a file of another version,
    configuration or processor.
    """

    def __init__(self, engine: wasmtime.Engine, directory: Path, made_of: bytes) -> None:
        self._engine = engine
        self._directory = directory
        self._made_of = made_of

    def module(self, name: str, wasm: Callable[[], bytes]) -> wasmtime.Module:
        """The module of this name, compiled when it is not there."""
        file = self._directory / f"{name}-{_hash(name.encode(), self._made_of).hex()[:32]}.cwasm"
        if _only_ours(self._directory) and _only_ours(file) and _is_whole(file):
            with contextlib.suppress(wasmtime.WasmtimeError):
                return wasmtime.Module.deserialize_file(self._engine, str(file))
        module = wasmtime.Module(self._engine, wasm())
        with contextlib.suppress(OSError):  # a read-only disk costs the next start a second, no more
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            scratch = file.with_suffix(f".{os.getpid()}")
            code = bytes(module.serialize())
            try:
                scratch.touch(mode=0o600)
                scratch.write_bytes(code + _hash(code))
                scratch.replace(file)
            finally:
                scratch.unlink(missing_ok=True)
        return module


def _settings(pool: dict[str, int]) -> bytes:
    """What compiled code depends on beside its source; how many sandboxes there are at once is nothing of that."""
    settings = sorted(_pool(0, pool["linear_memory_keep_resident"]).items())
    return f"{_wasmtime()} {platform.machine()} sha256 {settings}".encode()


@functools.cache
def _wasmtime() -> str:
    return version("wasmtime")


def _hash(*parts: bytes) -> bytes:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
    return hashed.digest()


def _only_ours(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _is_whole(file: Path) -> bool:
    kept = file.read_bytes()
    is_whole = kept[-_DIGEST:] == _hash(kept[:-_DIGEST])
    if not is_whole:
        _LOG.warning("%s is damaged, and is compiled again", file)
    return is_whole


def _address(pointer: object) -> int:
    address = ctypes.cast(pointer, ctypes.c_void_p).value  # type: ignore[arg-type]
    assert address is not None
    return address
