"""The Node engine: a hook runs in a real Node, in a process that was jailed and booted before and ends after it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Final, NamedTuple

from runtime.errors import SettingsError, Unavailable
from runtime.model import Failure, Limits, Operation
from runtime.node import command, delegation
from runtime.node.conversation import Conversation
from runtime.node.jail import WALLS, NoWall, Plan
from runtime.node.pool import Pool
from runtime.node.processes import Processes, open_processes
from runtime.node.program import NodeProgram, image_of, load_program
from runtime.sandbox import abi, wrapping
from runtime.sandbox.adapted import Adapted
from runtime.sandbox.base import Modules, Program, Run, Sandbox, SourceRejected
from runtime.sandbox.caches import Caches, NoCaches
from runtime.sandbox.evaluation import LOAD_LIMITS, MOST_WAITING
from runtime.sandbox.held import Held
from runtime.sandbox.operations.base import Perform, Place, nothing
from runtime.sandbox.operations.underway import UnderWay
from runtime.sandbox.outcome import console, failure, outcome, placed, rejection, within
from runtime.sandbox.turns import Turns
from runtime.sandbox.wrapping import lines_before
from runtime.settings import NodeSettings

_LOG = logging.getLogger("hookd.node")

OWNERS_SHARE: Final = 4
"""One owner has a quarter of the places at most."""


@dataclass(slots=True)
class _Asked:
    """A run. `deadline` is of `time.perf_counter`."""

    program: NodeProgram
    arguments: bytes
    limits: Limits
    deadline: float
    place: Place = field(default_factory=Place)
    loads: bool = False


@dataclass(slots=True)
class _Ran:
    """What came of it. `stopped` as of a `Conversation`."""

    reply: abi.Reply
    cpu_ms: float
    stopped: bool = False
    operations: tuple[Operation, ...] = ()


class NodeSandbox(Sandbox):
    """Real Node, behind walls of the operating system. `walls` are their names."""

    def __init__(
        self,
        pool: Pool,
        concurrency: int,
        perform: Perform = nothing,
        at_once: int = 10,
        caches: Caches | None = None,
    ) -> None:
        """`perform` does operations, so many of a run at once; `caches` keeps what Actions cache."""
        self.build_id = build_id()
        self.walls = pool.walls
        self._pool = pool
        self._perform, self._at_once = perform, at_once
        share = max(1, concurrency // OWNERS_SHARE)
        self._runs: Held[_Ran] = Held(concurrency, lambda _: share)
        self._loading = Turns(1)
        self._adapted = Adapted(caches or NoCaches())
        self._closing = False

    @property
    def busy(self) -> int:
        """See `Sandbox.busy`."""
        return self._runs.busy

    @property
    def queued(self) -> int:
        """See `Sandbox.queued`."""
        return self._pool.wanted

    async def make_image(
        self, source: str, *, owner: str = "", trigger: str = "", modules: Modules | None = None
    ) -> bytes:
        """See `Sandbox.make_image`. What the source leaves in memory is not kept: each run evaluates it again."""
        image = image_of(source, trigger, modules)
        if owner and self._loading.waiting(owner) >= MOST_WAITING:
            raise Unavailable("Too many hooks of this tenant are being deployed at once.")
        since = await self._loading.take(owner)
        try:
            asked = _Asked(load_program(image), b"[]", LOAD_LIMITS, _from_now(LOAD_LIMITS), loads=True)
            self._require_open()
            ran = await self._runs.run_beside(partial(self._whole, asked))
        finally:
            self._loading.give(owner, since)
        if ran.reply.kind == "failure":
            places = asked.program.places
            error = _rejected(ran, asked)
            raise within(error, places, lines=lines_before(source) - 1) if places else error
        return image

    def load(self, image: bytes) -> Program:
        """See `Sandbox.load`."""
        return load_program(image)

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
        assert isinstance(program, NodeProgram)
        started = time.perf_counter()
        if program.adapted:
            arguments = await self._adapted.arguments(program, arguments, owner)
        self._require_open()
        asked = _Asked(program, arguments, limits, _from_now(limits), Place(owner, hook, dry))
        ran = await self._runs.run(owner, partial(self._whole, asked), hook=hook)
        said = outcome(ran.reply, limits)
        if program.adapted:
            said = await self._adapted.outcome(program, said, owner, dry=dry)
        wall_ms = (time.perf_counter() - started) * 1000
        run = Run(said, console(ran.reply), ran.cpu_ms, wall_ms, ran.reply.memory_bytes, ran.operations)
        return run if program.places is None else placed(run, program.places)

    async def run_aside(self, program: Program, arguments: bytes, limits: Limits, *, owner: str = "") -> Run:
        """See `Sandbox.run_aside`. Processes share nothing but the machine: there is no other side."""
        return await self.run(program, arguments, limits, owner=owner)

    async def close(self) -> None:
        """See `Sandbox.close`."""
        if self._closing:
            return
        self._closing = True
        await self._pool.close()
        await self._runs.end()

    def _require_open(self) -> None:
        if self._closing:
            raise Unavailable("The service is stopping.")

    async def _whole(self, asked: _Asked) -> _Ran:
        try:
            async with asyncio.timeout(asked.deadline - time.perf_counter()):
                process = await self._pool.take()
        except TimeoutError:
            # What does not run at all did nothing wrong: it may come again, and neither its breaker nor its policy hears of it.
            raise Unavailable("Too many hooks wait for a process of Node.") from None
        perform = nothing if asked.loads else self._perform
        under_way = UnderWay(perform, asked.place, most=asked.limits.operations, at_once=self._at_once)
        held = Conversation(
            process, asked.program, asked.arguments, asked.limits, asked.deadline, under_way, loads=asked.loads
        )
        try:
            reply = await held.hold()
        finally:
            process.kill()
            operations = await under_way.close()
        if self._closing and held.stopped:
            reply = failure("sandbox_crashed", "the service is stopping", before=reply)
        elif reply.kind == "failure" and not (held.loaded or held.stopped or asked.loads):
            reply = failure("source_rejected", _rejection(reply, asked.program).message, before=reply)
        return _Ran(reply, held.cpu_ms, held.stopped, operations)


class Walled(NamedTuple):
    """What is built before the engine: a jailer, and what it is to start. `no_groups`: why there are no control groups, or ""."""

    plan: Plan
    processes: Processes
    no_groups: str

    async def close(self) -> None:
        """For where the engine is not opened, or is closed. Idempotent."""
        await self.processes.close()
        await asyncio.to_thread(delegation.leave, self.plan.groups)


async def build_walls(settings: NodeSettings, limits: Limits, *, walls: Sequence[str] = WALLS) -> Walled:
    """For `open_node`, which may be called by a process that has given up the rights that it takes to build them.

    No thread is started. `SettingsError` says what this machine lacks.
    """
    plan = command.plan_of(command.find(settings.path), limits, walls)
    plan, no_groups = _with_groups(plan)
    try:
        processes = await open_processes(plan)
    except NoWall as missing:
        await asyncio.to_thread(delegation.leave, plan.groups)
        raise SettingsError(
            f"[node] is enabled, but this machine can not keep Node in: {missing}. It takes Linux with either user namespaces "
            "(for a service that is not root: kernel.unprivileged_userns_clone, or an AppArmor profile with `userns`; in a "
            "container: a seccomp profile that lets clone and unshare through) or Landlock, and seccomp filters."
        ) from None
    return Walled(plan, processes, no_groups or processes.no_groups)


async def open_node(
    settings: NodeSettings,
    limits: Limits,
    perform: Perform = nothing,
    *,
    at_once: int = 10,
    caches: Caches | None = None,
    walled: Walled | None = None,
) -> NodeSandbox:
    """The engine, with a process that has shown that it can be used; `perform`, `at_once` and `caches` as for `open_sandbox`.

    The walls are the engine's from here on. `SettingsError` says what this machine lacks.
    """
    plan, processes, no_groups = walled or await build_walls(settings, limits)
    node, pool = plan.command[0], Pool(plan, processes, settings.processes)
    try:
        await pool.fill()
    except Unavailable as unavailable:
        await pool.close()
        raise SettingsError(f"[node] is enabled, but {node} does not run in its jail: {unavailable}") from None
    layers = [
        *processes.walls,
        "seccomp",
        "resource limits",
        *([] if no_groups else ["a control group for each process"]),
    ]
    _LOG.info("%s runs hooks behind %s", node, ", ".join(layers))
    if no_groups:
        _LOG.info("processes of Node have no control group (cgroup v2): %s", no_groups)
    return NodeSandbox(pool, settings.concurrency, perform, at_once, caches)


def _with_groups(plan: Plan) -> tuple[Plan, str]:
    """With a folder for control groups; without one, why there is none."""
    try:
        part = delegation.take()
    except delegation.NoGroups as missing:
        return plan, str(missing)
    return replace(plan, groups=str(part.folder), controllers=list(part.controllers)), ""


@cache
def build_id() -> str:
    """What images depend on: their layout and what stands around a source. Not which Node there is: it gets the source."""
    return hashlib.sha256(b"1\n" + wrapping.made_of()).hexdigest()


def _from_now(limits: Limits) -> float:
    return time.perf_counter() + limits.wall_ms / 1000


def _rejection(reply: abi.Reply, program: NodeProgram) -> SourceRejected:
    return rejection(reply, lines=program.source.count("\n") - 1)


def _rejected(ran: _Ran, asked: _Asked) -> SourceRejected:
    """Why a source can not be deployed."""
    if not ran.stopped:
        return _rejection(ran.reply, asked.program)
    found = outcome(ran.reply, asked.limits)
    assert isinstance(found, Failure)
    return SourceRejected(found.code, f"While it loads: {found.message}")
