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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from runtime.errors import Unavailable
from runtime.model import Answer, ConsoleLine, Failure, Limits, Outcome, Refusal
from runtime.sandbox import abi, image
from runtime.sandbox.base import Program, Run, Sandbox, SourceRejected
from runtime.sandbox.engine import MAX_TICKS, MAX_WASM_STACK, THREAD_STACK, TICK_SECONDS, Engine
from runtime.sandbox.invocation import Invocation, Stopped
from runtime.settings import SandboxSettings

INLINE_TICKS = 2
TICK_MS = TICK_SECONDS * 1000
# A slow program that was quick so often in a row may try the event loop again.
QUICK_RUNS = 20
# Of its CPU time, what a run must have had before its limit is believed; and how little is made up for.
FAIR_SHARE, LEAST_SHARE = 0.8, 0.25
LOAD_LIMITS = Limits(
    cpu_ms=2_000,
    wall_ms=5_000,
    memory_bytes=64 << 20,
    output_bytes=65_536,
    console_lines=256,
    console_bytes=32_768,
    operations=50,
)
# Line 0 of the wrapper, so that the user's line 1 is line 1.
WRAPPER = (b"(function (exports, require, module, __filename, __dirname) {\n", b"\n})")

# What a reply may be of: `load` answers the first, `invoke` and `resume` anything else, all of them the second.
_OF_LOAD, _OF_BOTH = frozenset({"loaded"}), frozenset({"failure", "pending"})

_MESSAGES = {
    "cpu_limit": "The hook ran longer than its CPU limit of {cpu_ms} ms.",
    "wall_limit": "The hook was not done after its time limit of {wall_ms} ms.",
    "memory_limit": "The hook needs more than its memory limit of {memory_bytes} bytes.",
    "operation_limit": "The hook started more than its limit of {operations} operations.",
    "stack_limit": "The hook's calls were nested too deeply.",
    "output_limit": "The hook's answer is larger than its limit of {output_bytes} bytes.",
    "sandbox_crashed": "The sandbox stopped: {detail}.",
}


class WasmProgram(Program):
    """A hook version's image, and what is known of its manners."""

    __slots__ = ("evaluates", "image", "pages", "quick", "size", "slow", "source")

    def __init__(self, kept: bytes) -> None:
        self.evaluates = kept.startswith(image.SOURCE)
        body = kept[len(image.MEMORY) :]
        self.source, self.image = (body, b"") if self.evaluates else (b"", body)
        self.pages = 0 if self.evaluates else abi.IMAGE_HEAD.unpack_from(body)[0]
        self.size = len(kept)
        self.slow = self.evaluates
        self.quick = 0

    def ran(self, cpu_ms: float) -> None:
        """Note a run on a thread: one that is quick again and again may come back to the event loop."""
        self.quick = self.quick + 1 if cpu_ms < INLINE_TICKS * TICK_MS / 2 else 0
        if self.quick >= QUICK_RUNS and not self.evaluates:
            self.slow, self.quick = False, 0


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
        self.build_id = engine.build_id
        self._inline = _main_stack_is_large()
        self._base = self._base_memory()

    async def make_image(self, source: str) -> bytes:
        """See `Sandbox.make_image`. Takes some milliseconds on a thread."""
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
        frame = _frame(limits, image=program.image, payload=arguments)
        step = None
        if self._inline and not program.slow:
            step = self._attempt(program, frame, limits, INLINE_TICKS, time.perf_counter)
            program.slow = _hit_cpu_limit(step)
        if step is None or program.slow or step.waiting:
            step = await self._longer(program, frame, limits, started, step)
        return Run(
            outcome=_outcome(step.reply, limits),
            console=_console(step.reply),
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
        if step is None or not step.waiting:
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
            return _failure("sandbox_crashed", "the service is stopping", before=step.reply)
        if time.perf_counter() >= deadline:
            return _failure("wall_limit", before=step.reply)
        if step.cpu_ms >= limits.cpu_ms:
            return _failure("cpu_limit", before=step.reply)
        return _failure("operation_limit", before=step.reply) if resumed > limits.operations else None

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
                self._evaluate_in(invocation, program.source, LOAD_LIMITS)
            reply = self._call(invocation, self._engine.invoke, frame, program.pages, limits, ticks)
            waiting = reply.kind == "pending"
        except Stopped as stopped:
            reply = _failure(stopped.code, str(stopped), memory_bytes=invocation.size())
        except SourceRejected as rejected:
            reply = _failure("source_rejected", rejected.message)
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
            reply = _failure(stopped.code, str(stopped), before=step.reply, memory_bytes=step.waiting.size())
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
        except Stopped as stopped:
            failure = _outcome(_failure(stopped.code, str(stopped)), LOAD_LIMITS)
            assert isinstance(failure, Failure)
            raise SourceRejected(stopped.code, f"While it loads: {failure.message}") from None
        finally:
            invocation.close()

    def _evaluate_in(self, invocation: Invocation, wrapped: bytes, limits: Limits) -> abi.Reply:
        frame = _frame(limits, payload=wrapped)
        reply = self._call(invocation, self._engine.load, frame, 0, limits, _ticks(limits.cpu_ms))
        if reply.kind == "failure":
            raise _rejection(reply, lines=wrapped.count(b"\n") - 1)
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


def load_program(kept: bytes) -> WasmProgram:
    """A program from its image; `ValueError` when it is none."""
    if kept[: len(image.MEMORY)] not in (image.MEMORY, image.SOURCE):
        raise ValueError("not an image")
    return WasmProgram(kept)


def _frame(limits: Limits, *, image: bytes = b"", payload: bytes) -> bytes:
    """A request of this moment, with entropy of its own."""
    now_ms = float(time.time_ns() // 1_000_000)
    return abi.frame(now_ms=now_ms, seed=os.urandom(32), limits=limits, image=image, payload=payload)


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


def _failure(code: str, detail: str = "", *, before: abi.Reply | None = None, memory_bytes: int = 0) -> abi.Reply:
    """A failure that the host found, not the guest. What the console had until then is kept."""
    return abi.Reply(
        "failure",
        console=before.console if before else (),
        console_dropped=before.console_dropped if before else 0,
        memory_bytes=memory_bytes or (before.memory_bytes if before else 0),
        code=code,
        message=detail,
    )


def _outcome(reply: abi.Reply, limits: Limits) -> Outcome:
    if reply.kind == "answer":
        return Answer(reply.value)
    if reply.kind == "refusal":
        return Refusal(name=reply.name, message=reply.message, stack=reply.stack)
    text = _MESSAGES.get(reply.code)
    message = text.format_map({**_named(limits), "detail": reply.message}) if text else reply.message
    return Failure(code=reply.code, name=reply.name, message=message, stack=reply.stack)


def _console(reply: abi.Reply) -> tuple[ConsoleLine, ...]:
    if not reply.console_dropped:
        return reply.console
    text = f"console_limit: {reply.console_dropped} more lines were not kept."
    return (*reply.console, ConsoleLine(level="warn", text=text))


def _named(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


def _rejection(reply: abi.Reply, *, lines: int) -> SourceRejected:
    line, column = _place(reply.stack)
    if reply.code == "syntax_error" and line > lines:  # the parser has gone on into the wrapper's own last line
        return SourceRejected(reply.code, "SyntaxError: Unexpected end of input", line=lines)
    return SourceRejected(reply.code, f"{reply.name}: {reply.message}", line=line, column=column, stack=reply.stack)


def _place(stack: str) -> tuple[int, int]:
    """Line and column of the first frame that lies in the user's source."""
    _, found, rest = stack.partition("hook.js:")
    numbers = rest.split(")")[0].split("\n")[0].split(":") if found else []
    if len(numbers) == 2 and all(
        text.isdecimal() and len(text) < 8 for text in numbers
    ):  # the stack is the hook's text
        return int(numbers[0]), int(numbers[1])
    return 0, 0
