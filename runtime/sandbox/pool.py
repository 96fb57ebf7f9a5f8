"""The wasm engine as the use cases see it: makes images, and decides where and for how long a hook runs.

*Inline first.* The guest imports nothing, so a run has no effect before it answers. It is started on the event loop with
a few milliseconds; the ordinary hook is done long before. One that is not is dropped and run again, from the same bytes
and the same seed, on a thread with its full CPU time, and its program is remembered as slow.
"""

from __future__ import annotations

import asyncio
import math
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from runtime.errors import Unavailable
from runtime.model import Failure, Limits
from runtime.sandbox import abi, image
from runtime.sandbox.base import Program, Run, Sandbox, SourceRejected
from runtime.sandbox.engine import MAX_TICKS, MAX_WASM_STACK, THREAD_STACK, TICK_SECONDS, Engine
from runtime.sandbox.invocation import Invocation, Stopped
from runtime.sandbox.outcome import console, failure, outcome, rejection
from runtime.sandbox.program import WasmProgram, load_program
from runtime.settings import SandboxSettings

INLINE_TICKS = 2
# A larger request is copied on a thread, so that the event loop does not wait for it.
INLINE_BYTES = 256 << 10
TICK_MS = TICK_SECONDS * 1000
# Of its CPU time, what a run must have had before its limit is believed; and how little is made up for.
FAIR_SHARE, LEAST_SHARE = 0.8, 0.25
LOAD_LIMITS = Limits(
    cpu_ms=2_000,
    wall_ms=5_000,
    memory_bytes=32 << 20,
    output_bytes=65_536,
    console_lines=256,
    console_bytes=32_768,
    operations=50,
)
# Line 0 of the wrapper, so that the user's line 1 is line 1.
WRAPPER = (b"(function (exports, require, module, __filename, __dirname) {\n", b"\n})")

# What a reply may be of: `load` answers the first, `invoke` and `resume` anything else, all of them the second.
_OF_LOAD, _OF_BOTH = frozenset({"loaded"}), frozenset({"failure", "pending"})


class _Step(NamedTuple):
    """One call into a guest: what it said, what it took, and the sandbox if it waits to be resumed."""

    reply: abi.Reply
    cpu_ms: float
    waiting: Invocation | None


class WasmSandbox(Sandbox):
    """QuickJS-ng in wasmtime."""

    def __init__(self, engine: Engine, settings: SandboxSettings, threads: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._threads = threads
        self._concurrency = settings.concurrency
        self._busy = 0
        self._tasks: set[asyncio.Task[_Step]] = set()
        self._closing = asyncio.Event()
        self._seeds = _seeds()
        self.build_id = engine.build_id
        self._inline = _main_stack_is_large()
        self._base = self._base_memory()

    async def make_image(self, source: str) -> bytes:
        """See `Sandbox.make_image`. Takes some milliseconds on a thread."""
        if self._closing.is_set():
            raise Unavailable("The service is stopping.")
        wrapped = source.encode("utf-8", "surrogatepass").join(WRAPPER)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._evaluate, wrapped)

    def load(self, image: bytes) -> Program:
        """See `Sandbox.load`."""
        return load_program(image)

    async def run(self, program: Program, arguments: bytes, limits: Limits) -> Run:
        """See `Sandbox.run`."""
        assert isinstance(program, WasmProgram)
        if self._busy >= self._concurrency or self._closing.is_set():
            raise Unavailable("Too many hooks are running or waiting at once.")
        started = time.perf_counter()
        frame = _frame(limits, image=program.image, payload=arguments, seed=next(self._seeds))
        step = None
        if program.pages * abi.PAGE > limits.memory_bytes:
            step = _Step(failure("memory_limit", memory_bytes=program.pages * abi.PAGE), 0.0, None)
        elif self._inline and not program.slow and len(frame) <= INLINE_BYTES:
            step = self._attempt(program, frame, limits, INLINE_TICKS, time.perf_counter)
            if _hit_cpu_limit(step):
                program.exceeded()
                step = None
        if step is None or step.waiting:
            step = await self._longer(program, frame, limits, started, step)
        return Run(
            outcome=outcome(step.reply, limits),
            console=console(step.reply),
            cpu_ms=step.cpu_ms,
            wall_ms=(time.perf_counter() - started) * 1000,
            memory_bytes=step.reply.memory_bytes,
        )

    async def close(self) -> None:
        """See `Sandbox.close`."""
        if self._closing.is_set():
            return
        self._closing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        self._engine.close()

    def _done(self, task: asyncio.Task[_Step]) -> None:
        self._busy -= 1
        self._tasks.discard(task)

    async def _longer(
        self, program: WasmProgram, frame: bytes, limits: Limits, started: float, step: _Step | None
    ) -> _Step:
        """A run that one turn of the event loop does not finish: a task of its own, for who asked may leave."""
        self._busy += 1
        task = asyncio.create_task(self._finish(program, frame, limits, started, step))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def _finish(
        self, program: WasmProgram, frame: bytes, limits: Limits, started: float, step: _Step | None
    ) -> _Step:
        if step is None:
            step = await self._on_thread(self._whole, program, frame, limits)
            program.ran(step.cpu_ms)
        invocation, deadline = step.waiting, started + limits.wall_ms / 1000
        try:
            resumed = 0
            while step.waiting is not None:
                due = time.perf_counter() + min(operation.ms for operation in step.reply.operations) / 1000
                await self._sleep(min(due, deadline) - time.perf_counter())
                stop = self._must_stop(step, limits, deadline, resumed)
                if stop:
                    return step._replace(reply=stop, waiting=None)
                step, resumed = await self._on_thread(self._resume, step, limits), resumed + 1
        finally:
            if invocation is not None:
                invocation.close()
        return step

    def _must_stop(self, step: _Step, limits: Limits, deadline: float, resumed: int) -> abi.Reply | None:
        """Whether a waiting run has used up what it may. The guest counts its operations, but is not to be believed."""
        if self._closing.is_set():
            return failure("sandbox_crashed", "the service is stopping", before=step.reply)
        if time.perf_counter() >= deadline:
            return failure("wall_limit", before=step.reply)
        if step.cpu_ms >= limits.cpu_ms:
            return failure("cpu_limit", before=step.reply)
        return failure("operation_limit", before=step.reply) if resumed > limits.operations else None

    async def _sleep(self, seconds: float) -> None:
        """Until then, or until the engine closes."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _on_thread(self, function: Callable[..., _Step], *arguments: object) -> _Step:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _whole(self, program: WasmProgram, frame: bytes, limits: Limits) -> _Step:
        """With its full CPU time. Ticks are time of the wall: a run whose core was mostly busy elsewhere is done again."""
        ticks = _ticks(limits.cpu_ms)
        step = self._attempt(program, frame, limits, ticks, time.thread_time)
        share = step.cpu_ms / limits.cpu_ms
        if _hit_cpu_limit(step) and share < FAIR_SHARE:
            again = _ticks(limits.cpu_ms / max(share, LEAST_SHARE))
            step = self._attempt(program, frame, limits, again, time.thread_time)
        return step

    def _attempt(
        self, program: WasmProgram, frame: bytes, limits: Limits, ticks: int, clock: Callable[[], float]
    ) -> _Step:
        """A fresh sandbox and the first call into it. `clock` tells CPU time, in seconds."""
        before = clock()
        invocation = Invocation(self._engine)
        waiting = False
        try:
            if program.evaluates:
                self._evaluate_in(invocation, program.source, limits)
                ticks = _ticks(limits.cpu_ms - (clock() - before) * 1000)
            reply = self._call(invocation, self._engine.invoke, frame, program.pages, limits, ticks)
            waiting = reply.kind == "pending"
        except Stopped as stopped:
            reply = failure(stopped.code, str(stopped), memory_bytes=invocation.size())
        except SourceRejected as rejected:
            reply = failure("source_rejected", rejected.message)
        finally:
            if not waiting:
                invocation.close()
        return _Step(reply, (clock() - before) * 1000, invocation if waiting else None)

    def _resume(self, step: _Step, limits: Limits) -> _Step:
        assert step.waiting is not None
        before = time.thread_time()
        try:
            ticks = _ticks(limits.cpu_ms - step.cpu_ms)
            reply = self._call(step.waiting, self._engine.resume, _frame(limits, payload=b"[]"), 0, limits, ticks)
        except Stopped as stopped:
            reply = failure(stopped.code, str(stopped), before=step.reply, memory_bytes=step.waiting.size())
        cpu_ms = step.cpu_ms + (time.thread_time() - before) * 1000
        return _Step(reply, cpu_ms, step.waiting if reply.kind == "pending" else None)

    def _call(
        self, invocation: Invocation, export: int, frame: bytes, pages: int, limits: Limits, ticks: int
    ) -> abi.Reply:
        try:
            reply = abi.decode(
                invocation.call(export, frame, pages=pages, ticks=ticks, longest=abi.longest_reply(limits))
            )
        except abi.Nonsense as nonsense:
            raise Stopped("sandbox_crashed", str(nonsense)) from None
        except abi.Unreadable as unreadable:
            raise Stopped("malformed_answer", f"The answer can not be read as JSON: {unreadable}.") from None
        if (reply.kind in _OF_LOAD) != (export == self._engine.load) and reply.kind not in _OF_BOTH:
            raise Stopped("sandbox_crashed", "the reply belongs to another call")
        return reply

    def _evaluate(self, wrapped: bytes) -> bytes:
        invocation = Invocation(self._engine)
        try:
            reply = self._evaluate_in(invocation, wrapped, LOAD_LIMITS)
            if reply.kind == "pending":
                return image.from_source(wrapped)
            return image.from_memory(invocation.memory(), self._base, self._engine.in_address)
        except image.TooLarge:
            message = f"What it makes while it loads takes more than {image.MOST:,} bytes."
            raise SourceRejected("memory_limit", message) from None
        except Stopped as stopped:
            found = outcome(failure(stopped.code, str(stopped)), LOAD_LIMITS)
            assert isinstance(found, Failure)
            raise SourceRejected(stopped.code, f"While it loads: {found.message}") from None
        finally:
            invocation.close()

    def _evaluate_in(self, invocation: Invocation, wrapped: bytes, limits: Limits) -> abi.Reply:
        frame = _frame(limits, payload=wrapped)
        reply = self._call(invocation, self._engine.load, frame, 0, limits, _ticks(limits.cpu_ms))
        if reply.kind == "failure":
            raise rejection(reply, lines=wrapped.count(b"\n") - 1)
        return reply

    def _base_memory(self) -> bytes:
        invocation = Invocation(self._engine)
        try:
            return invocation.memory()
        finally:
            invocation.close()


async def open_sandbox(settings: SandboxSettings) -> WasmSandbox:
    """The wasm engine, ready to run. Compiling the guest takes a second, once per installation."""
    loop = asyncio.get_running_loop()
    engine = await loop.run_in_executor(
        None, lambda: Engine(Path(settings.cache_directory), concurrency=settings.concurrency)
    )
    return WasmSandbox(engine, settings, _threads(settings.threads))


def _frame(limits: Limits, *, image: bytes = b"", payload: bytes, seed: bytes = b"") -> bytes:
    """A request of this moment, with entropy of its own."""
    now_ms = float(time.time_ns() // 1_000_000)
    return abi.frame(now_ms=now_ms, seed=seed or os.urandom(32), limits=limits, image=image, payload=payload)


def _seeds() -> Iterator[bytes]:
    """The system's entropy, each byte once, many requests' at a time: a system call each would be a microsecond.

    For one thread, and for a process that does not fork (see `Engine`).
    """
    while True:
        block = os.urandom(4096)
        for at in range(0, len(block), 32):
            yield block[at : at + 32]


def _threads(count: int) -> ThreadPoolExecutor:
    """Threads with a stack that is deep enough for MAX_WASM_STACK, all started at once: the size is process-wide."""
    threads = ThreadPoolExecutor(count, thread_name_prefix="hookd-sandbox")
    together = threading.Barrier(count + 1)
    before = threading.stack_size(THREAD_STACK)
    try:
        for _ in range(count):
            threads.submit(together.wait)
        together.wait()
    finally:
        threading.stack_size(before)
    return threads


def _main_stack_is_large() -> bool:
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return soft == resource.RLIM_INFINITY or soft >= MAX_WASM_STACK + (2 << 20)


def _ticks(cpu_ms: float) -> int:
    """Ticks that give at least this much time: the current one has begun already."""
    return min(max(1, math.ceil(cpu_ms / TICK_MS)) + 1, MAX_TICKS)


def _hit_cpu_limit(step: _Step) -> bool:
    return step.reply.kind == "failure" and step.reply.code == "cpu_limit"
