"""Makes images: evaluates a hook's source once, at deploy time, on a thread that no token request needs.

One evaluation runs at a time and owners take turns, so that who deploys endless loops delays other deployments by one of
them, and token requests not at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from runtime.errors import Unavailable
from runtime.model import Failure, Limits
from runtime.places import Places
from runtime.sandbox import guest, image
from runtime.sandbox.base import Modules, Run, SourceRejected
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import Invocation, Stopped, time_of
from runtime.sandbox.outcome import console, failure, outcome, within
from runtime.sandbox.program import WasmProgram
from runtime.sandbox.turns import Turns
from runtime.sandbox.wrapping import labelled, lines_before, wrapped

T = TypeVar("T")

MOST_WAITING: Final = 8
"""Evaluations of one owner that may wait."""

STACK_PAGES: Final = 16
"""The stack of a program of the service's own, 1 MiB: a compiler's calls nest as its sources do."""

LOAD_LIMITS: Final = Limits(
    cpu_ms=2_000,
    wall_ms=5_000,
    memory_bytes=32 << 20,
    output_bytes=65_536,
    console_lines=256,
    console_bytes=32_768,
    operations=50,
    operation_bytes=1 << 20,
)


class Evaluation:
    """Opened with its engine. `threads` has one thread."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._threads = threads
        self._turns = Turns(1)
        self._bases: dict[bool, bytes] = {}

    async def image_of(self, source: str, owner: str, trigger: str, modules: Modules | None = None) -> bytes:
        """See `Sandbox.make_image`. Takes some milliseconds."""
        if modules is None:
            return await self._in_turn(owner, partial(self._evaluate, source, trigger))
        return await self._in_turn(owner, partial(self._evaluate_bundled, source, trigger, modules))

    async def run(self, program: WasmProgram, arguments: bytes, limits: Limits, owner: str) -> Run:
        """See `Sandbox.run_aside`."""
        return await self._in_turn(owner, partial(self._run, program, arguments, limits))

    async def _in_turn(self, owner: str, work: Callable[[], T]) -> T:
        if owner and self._turns.waiting(owner) >= MOST_WAITING:
            raise Unavailable("Too many hooks of this tenant are being deployed at once.")
        since = await self._turns.take(owner)
        working = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # The turn lasts as long as the thread is busy, also for an owner who has left.
        working.add_done_callback(partial(self._over, owner, since))
        return await asyncio.shield(working)

    def close(self) -> None:
        """Wait for what runs. Idempotent."""
        self._threads.shutdown()

    def _over(self, owner: str, since: float, done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            done.exception()  # it was raised to who asked, if anybody is still there
        self._turns.give(owner, since)

    def open(self, program: WasmProgram) -> None:
        """See `WasmProgram.open`. Any thread."""
        program.open(self._engine, self.base(plain=program.plain))

    def base(self, *, plain: bool) -> bytes:
        """The memory after boot: with Node's library, or without."""
        if plain not in self._bases:
            fresh = Invocation(self._engine, 0 if plain else self._engine.library.pointer)
            self._bases[plain] = fresh.memory()
            fresh.close()
        return self._bases[plain]

    def taken(self, program: WasmProgram, invocation: Invocation) -> int:
        """Bytes of its memory that a limit counts."""
        return invocation.size() - (0 if program.plain else self._engine.library_bytes)

    def _evaluate(self, source: str, trigger: str) -> bytes:
        kept = self._kept(wrapped(source, trigger), plain=not self._engine.names.in_any([source]))
        return labelled(kept, source, trigger)

    def _evaluate_bundled(self, source: str, trigger: str, modules: Modules) -> bytes:
        before = lines_before(source)
        try:
            kept = self._kept(wrapped(source, trigger, modules), plain=False)
        except SourceRejected as error:
            raise within(error, Places(modules.places, before), lines=before - 1) from None
        return labelled(kept, source, trigger, modules)

    def _kept(self, source: bytes, *, plain: bool) -> bytes:
        kept = self._image(source, 0 if plain else self._engine.library.pointer, self.base(plain=plain))
        return image.of_plain(kept) if plain else kept

    def _image(self, source: bytes, memory: int, base: bytes) -> bytes:
        invocation = Invocation(self._engine, memory)
        try:
            if guest.load(self._engine, invocation, source, LOAD_LIMITS).kind == "pending":
                return image.from_source(source)
            return image.from_memory(invocation.memory(), base, self._engine.in_address)
        except Stopped as stopped:
            raise _rejected(stopped) from None
        except image.TooLarge:
            message = f"What it makes while it loads takes more than {image.MOST:,} bytes."
            raise SourceRejected("memory_limit", message) from None
        finally:
            invocation.close()

    def _run(self, program: WasmProgram, arguments: bytes, limits: Limits) -> Run:
        began, before = time.perf_counter(), time.thread_time()
        self.open(program)
        invocation = Invocation(self._engine, program.mapped)
        try:
            reply = guest.ask(
                self._engine,
                invocation,
                self._engine.invoke,
                guest.request(limits, image=program.image, payload=arguments, stack_pages=STACK_PAGES),
                limits,
                pages=program.pages,
                time=time_of(limits.cpu_ms),
            )
            if reply.kind == "pending":
                reply = failure("wall_limit", before=reply)
        except Stopped as stopped:
            reply = failure(stopped.code, str(stopped), memory_bytes=self.taken(program, invocation))
        finally:
            invocation.close()
        return Run(
            outcome=outcome(reply, limits),
            console=console(reply),
            cpu_ms=(time.thread_time() - before) * 1000,
            wall_ms=(time.perf_counter() - began) * 1000,
            memory_bytes=reply.memory_bytes,
        )


def _rejected(stopped: Stopped) -> SourceRejected:
    found = outcome(failure(stopped.code, str(stopped)), LOAD_LIMITS)
    assert isinstance(found, Failure)
    return SourceRejected(stopped.code, f"While it loads: {found.message}")
