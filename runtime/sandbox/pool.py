"""The wasm engine as the use cases see it: decides where and for how long a hook runs.

*Inline first.* The guest imports nothing, so a run has no effect before it answers. It is started on the event loop with
a few milliseconds; the ordinary hook is done long before. One that is not is dropped and run again, from the same bytes
and the same seed, on a thread with its full CPU time, and its program is remembered as slow.

Runs that are not done inline take places and threads' turns, which their owner must share with others.
"""

from __future__ import annotations

import asyncio
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from runtime.errors import Unavailable
from runtime.model import Limits, Operation
from runtime.sandbox import abi, guest
from runtime.sandbox.adapted import Adapted
from runtime.sandbox.base import Modules, Program, Run, Sandbox, SourceRejected
from runtime.sandbox.caches import Caches, NoCaches
from runtime.sandbox.engine import MAX_WASM_STACK, THREAD_STACK, Engine
from runtime.sandbox.evaluation import Evaluation
from runtime.sandbox.held import Held
from runtime.sandbox.invocation import Invocation, Stopped, Time, time_of
from runtime.sandbox.operations.base import Perform, Place, nothing
from runtime.sandbox.operations.underway import UnderWay
from runtime.sandbox.outcome import console, failure, outcome, placed
from runtime.sandbox.program import WasmProgram, load_program
from runtime.sandbox.turns import Turns
from runtime.settings import SandboxSettings

INLINE_MS: Final = 3.0
INLINE: Final = time_of(INLINE_MS)
"""The time of a run on the event loop. While the processor is elsewhere the event loop stands anyhow."""

INLINE_BYTES: Final = 256 << 10
"""A larger request is copied on a thread, so that the event loop does not wait for it."""

_TOO_MANY_WAIT: Final = "Too many hooks wait for a processor."


@dataclass(slots=True)
class _Asked:
    """A run that is not done inline. `deadline` is of `time.perf_counter`."""

    program: WasmProgram
    frame: bytes
    limits: Limits
    place: Place
    deadline: float


class _Step(NamedTuple):
    """One call into a guest: what it said, what it took, and the sandbox if it waits to be resumed."""

    reply: abi.Reply
    cpu_ms: float
    waiting: Invocation | None
    operations: tuple[Operation, ...] = ()
    """Of the last step: what all of the run did."""


class WasmSandbox(Sandbox):
    """QuickJS-ng in wasmtime."""

    def __init__(
        self,
        engine: Engine,
        settings: SandboxSettings,
        perform: Perform = nothing,
        at_once: int = 10,
        caches: Caches | None = None,
    ) -> None:
        """`perform` does operations, so many of a run at once; `caches` keeps what Actions cache."""
        self.build_id = engine.build_id
        self._perform, self._at_once = perform, at_once
        self._engine = engine
        self._evaluation = Evaluation(engine, _threads(1, "hookd-deploy"))
        self._threads = _threads(settings.threads, "hookd-sandbox")
        self._turns = Turns(settings.threads)
        # One owner has no more than as many places as it leaves free: half of them alone, less beside others.
        self._runs: Held[_Step] = Held(settings.concurrency, lambda free: free)
        self._waiting: dict[UnderWay, int] = {}  # and the memory that their sandboxes hold
        self._held, self._most_held = 0, settings.waiting_bytes
        self._closing = False
        self._seeds = _seeds()
        self._adapted = Adapted(caches or NoCaches())
        self._inline = _main_stack_is_large()

    @property
    def busy(self) -> int:
        """See `Sandbox.busy`."""
        return self._runs.busy

    @property
    def queued(self) -> int:
        """See `Sandbox.queued`."""
        return self._turns.queued

    async def make_image(
        self, source: str, *, owner: str = "", trigger: str = "", modules: Modules | None = None
    ) -> bytes:
        """See `Sandbox.make_image`."""
        if self._closing:
            raise Unavailable("The service is stopping.")
        return await self._evaluation.image_of(source, owner, trigger, modules)

    def load(self, image: bytes) -> Program:
        """See `Sandbox.load`."""
        program = load_program(image)
        if not program.is_large:  # which takes no time
            program.open(self._engine, b"")
        return program

    async def run(
        self,
        program: Program,
        arguments: bytes,
        limits: Limits,
        *,
        owner: str = "",
        hook: str = "",
        dry: bool = False,
    ) -> Run:
        """See `Sandbox.run`."""
        assert isinstance(program, WasmProgram)
        if self._closing or not program.is_open:
            await self._open(program)
        started = time.perf_counter()
        if program.adapted:
            arguments = await self._adapted.arguments(program, arguments, owner)
        frame = guest.request(limits, image=program.image, payload=arguments, seed=next(self._seeds))
        step = None
        taken = program.pages * abi.PAGE - (0 if program.plain else self._engine.library_bytes)
        if taken > limits.memory_bytes:
            step = _Step(failure("memory_limit", memory_bytes=taken), 0.0, None)
        elif self._inline and not program.slow and len(frame) <= INLINE_BYTES:
            step = self._attempt(program, frame, limits, INLINE, time.perf_counter, hold=True)
            if step.cpu_ms > INLINE_MS or step.reply.kind == "failure":
                step = _of_its_own(program, step)
        if step is None or step.waiting:
            place = Place(owner, hook, dry)
            step = await self._longer(_Asked(program, frame, limits, place, started + limits.wall_ms / 1000), step)
        wall_ms = (time.perf_counter() - started) * 1000
        said = outcome(step.reply, limits)
        if program.adapted:
            said = await self._adapted.outcome(program, said, owner, dry=dry)
        run = Run(said, console(step.reply), step.cpu_ms, wall_ms, step.reply.memory_bytes, step.operations)
        return run if program.places is None else placed(run, program.places)

    async def run_aside(self, program: Program, arguments: bytes, limits: Limits, *, owner: str = "") -> Run:
        """See `Sandbox.run_aside`."""
        assert isinstance(program, WasmProgram)
        if self._closing:
            raise Unavailable("The service is stopping.")
        return await self._evaluation.run(program, arguments, limits, owner)

    async def close(self) -> None:
        """See `Sandbox.close`."""
        if self._closing:
            return
        self._closing = True
        for under_way in self._waiting:
            under_way.wake()
        await self._runs.end()
        for shut_down in (self._evaluation.close, self._threads.shutdown):
            await asyncio.get_running_loop().run_in_executor(None, shut_down)
        self._engine.close()

    async def _open(self, program: WasmProgram) -> None:
        if self._closing:
            raise Unavailable("The service is stopping.")
        await asyncio.get_running_loop().run_in_executor(None, self._evaluation.open, program)

    async def _longer(self, asked: _Asked, step: _Step | None) -> _Step:
        """A run that one turn of the event loop does not finish."""
        try:
            return await self._runs.run(asked.place.owner, partial(self._finish, asked, step), hook=asked.place.hook)
        except Unavailable:
            if step is not None and step.waiting:
                step.waiting.close()
            raise

    async def _finish(self, asked: _Asked, step: _Step | None) -> _Step:
        if step is None:
            left = asked.deadline - time.perf_counter()
            if left <= 0:  # on the event loop it ran for that long
                return _Step(failure("wall_limit"), 0.0, None)
            # What finds no turn did nothing wrong: it may come again, and neither its breaker nor its policy hears of it.
            if self._turns.ahead(asked.place.owner, asked.place.hook) > left:
                raise Unavailable(_TOO_MANY_WAIT)
            step = await self._on_thread(asked, partial(self._whole, asked))
            if step is None:
                raise Unavailable(_TOO_MANY_WAIT)
            asked.program.ran(step.cpu_ms)
        invocation = step.waiting
        if invocation is not None:
            under_way = UnderWay(self._perform, asked.place, most=asked.limits.operations, at_once=self._at_once)
            self._waiting[under_way] = 0
            if self._closing:
                under_way.wake()
            try:
                step = await self._wait(asked, step, under_way)
            finally:
                invocation.close()
                self._held -= self._waiting.pop(under_way)
                operations = await under_way.close()
            step = step._replace(operations=operations)
        if step.reply.kind != "failure" and time.perf_counter() >= asked.deadline:
            return step._replace(reply=failure("wall_limit", before=step.reply))
        return step

    async def _wait(self, asked: _Asked, step: _Step, under_way: UnderWay) -> _Step:
        """Until it waits no more. It holds a sandbox meanwhile, and neither a thread nor any of its CPU time."""
        resumed = 0
        while step.waiting is not None:
            self._weigh(under_way, max(0, step.waiting.size() - asked.program.pages * abi.PAGE))
            stop = None if under_way.begin(step.reply.operations) else failure("operation_limit", before=step.reply)
            if stop is None and step.reply.timer is None and not under_way.waits:
                stop = failure("sandbox_crashed", "it waits for nothing", before=step.reply)
            if stop is None:
                now, timer = time.perf_counter(), step.reply.timer
                due = asked.deadline if timer is None else min(now + timer / 1000, asked.deadline)
                await under_way.wait(due - now)
                stop = self._must_stop(step, asked, resumed)
            resume = partial(self._resume, step, asked, under_way.results())
            after = None if stop else await self._on_thread(asked, resume)
            if after is None:
                return step._replace(reply=stop or failure("wall_limit", before=step.reply), waiting=None)
            step, resumed = after, resumed + 1
        return step

    def _weigh(self, under_way: UnderWay, grown: int) -> None:
        """Note what a waiting sandbox has beside its image. `Unavailable` where all together have too much."""
        self._held += grown - self._waiting[under_way]
        self._waiting[under_way] = grown
        if self._held > self._most_held:
            raise Unavailable("The hooks that wait have too much memory together.")

    def _must_stop(self, step: _Step, asked: _Asked, resumed: int) -> abi.Reply | None:
        """Whether a waiting run has used up what it may. The guest counts its operations, but is not to be believed."""
        if self._closing:
            return failure("sandbox_crashed", "the service is stopping", before=step.reply)
        if time.perf_counter() >= asked.deadline:
            return failure("wall_limit", before=step.reply)
        if step.cpu_ms >= asked.limits.cpu_ms:
            return failure("cpu_limit", before=step.reply)
        return failure("operation_limit", before=step.reply) if resumed > asked.limits.operations else None

    async def _on_thread(self, asked: _Asked, step: Callable[[], _Step]) -> _Step | None:
        """One step, when its owner has a turn; None when its time is over before."""
        try:
            async with asyncio.timeout(max(0.0, asked.deadline - time.perf_counter())):
                since = await self._turns.take(asked.place.owner, asked.place.hook)
        except TimeoutError:
            return None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, step)
        finally:
            self._turns.give(asked.place.owner, since, asked.place.hook)

    def _whole(self, asked: _Asked) -> _Step:
        """With its full CPU time."""
        left = time_of(asked.limits.cpu_ms, _left_ms(asked.deadline))
        return self._attempt(asked.program, asked.frame, asked.limits, left, time.thread_time)

    def _attempt(
        self,
        program: WasmProgram,
        frame: bytes,
        limits: Limits,
        allowed: Time,
        clock: Callable[[], float],
        *,
        hold: bool = False,
    ) -> _Step:
        """A fresh sandbox and the first call into it. `clock` tells CPU time, in seconds. `hold` as for `Invocation.call`."""
        before, engine = clock(), self._engine
        invocation = Invocation(engine, program.mapped)
        waiting = False
        try:
            if program.evaluates:
                guest.load(engine, invocation, program.source, limits, allowed, before=frame)
                allowed = time_of(limits.cpu_ms - (clock() - before) * 1000)[0], allowed[1]
            reply = guest.ask(
                engine, invocation, engine.invoke, frame, limits, pages=program.pages, time=allowed, hold=hold
            )
            waiting = reply.kind == "pending"
            if reply.kind == "failure":
                reply.refused = invocation.refused()
        except Stopped as stopped:
            reply = failure(stopped.code, str(stopped), memory_bytes=self._evaluation.taken(program, invocation))
            reply.refused = invocation.refused()
        except SourceRejected as rejected:
            reply = failure("source_rejected", rejected.message)
        finally:
            if not waiting:
                invocation.close()
        return _Step(reply, (clock() - before) * 1000, invocation if waiting else None)

    def _resume(self, step: _Step, asked: _Asked, results: bytes) -> _Step:
        assert step.waiting is not None
        before, engine, limits = time.thread_time(), self._engine, asked.limits
        try:
            left = time_of(limits.cpu_ms - step.cpu_ms, _left_ms(asked.deadline))
            frame = guest.request(limits, payload=results)
            reply = guest.ask(engine, step.waiting, engine.resume, frame, limits, pages=0, time=left)
        except Stopped as stopped:
            taken = self._evaluation.taken(asked.program, step.waiting)
            reply = failure(stopped.code, str(stopped), before=step.reply, memory_bytes=taken)
        if reply.kind == "failure":
            reply.refused = step.waiting.refused()
        cpu_ms = step.cpu_ms + (time.thread_time() - before) * 1000
        return _Step(reply, cpu_ms, step.waiting if reply.kind == "pending" else None)


async def open_sandbox(
    settings: SandboxSettings, perform: Perform = nothing, *, at_once: int = 10, caches: Caches | None = None
) -> WasmSandbox:
    """The wasm engine, ready to run; `perform` does operations, `at_once` of them for one run; `caches` has what Actions cache.

    Compiling the guest takes a second, once per installation.
    """
    loop = asyncio.get_running_loop()
    engine = await loop.run_in_executor(
        None, lambda: Engine(Path(settings.cache_directory), concurrency=settings.concurrency)
    )
    return WasmSandbox(engine, settings, perform, at_once, caches)


def _seeds() -> Iterator[bytes]:
    """The system's entropy, each byte once, many requests' at a time: a system call each would be a microsecond.

    For one thread, and for a process that does not fork (see `Engine`).
    """
    while True:
        block = os.urandom(4096)
        for at in range(0, len(block), 32):
            yield block[at : at + 32]


def _left_ms(deadline: float) -> float:
    return (deadline - time.perf_counter()) * 1000


def _threads(count: int, name: str) -> ThreadPoolExecutor:
    """Threads with a stack that is deep enough for MAX_WASM_STACK, all started at once: the size is process-wide."""
    threads = ThreadPoolExecutor(count, thread_name_prefix=name)
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


def _of_its_own(program: WasmProgram, step: _Step) -> _Step | None:
    """A step that was long on the event loop, or failed there; None where it is to be made on a thread.

    Its clock went on while the processor was elsewhere: the guest, which was bounded, took no more than it had.
    """
    if step.reply.kind == "failure" and step.reply.code == "cpu_limit":
        program.exceeded()
        return None
    return step._replace(cpu_ms=min(step.cpu_ms, INLINE_MS))
