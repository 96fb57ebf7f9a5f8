"""Jailed processes as the host sees them. The jailer starts and ends them; this room asks it to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

import runtime
from runtime.errors import Unavailable
from runtime.node.channel import Channel, Ended
from runtime.node.jail import NoWall, Plan
from runtime.node.jailer import MESSAGE_BYTES

_LOG = logging.getLogger("hookd.node")

Message: TypeAlias = dict[str, object]

READY_BYTES: Final = 256
"""What a process may say before it is asked anything."""

_READY: Final = b'{"ready":true}'
_READY_SECONDS: Final = 20.0
_ENDING_SECONDS: Final = 5.0
_ERROR_BYTES: Final = 16_384
_SLACK_BYTES: Final = 24 << 20
"""Data memory beside the hook's own: what Node compiles, its threads' stacks, a heap that is not collected at once."""


class Death(NamedTuple):
    """How a process ended: its status, as of waitpid(2), and its peak of resident memory, in bytes.

    `starved`: the kernel ended it, for its control group had no more memory.
    """

    status: int
    peak: int
    starved: bool = False


UNKNOWN: Final = Death(0, 0)


class Process:
    """One jailed process. It runs one hook, once."""

    def __init__(self, number: int, pid: int, channel: Channel, errors: int, tell: Callable[[Message], None]) -> None:
        self.pid = pid
        self.channel = channel
        self._data_bytes = 0
        self._memory_bytes = 0
        self._bounded: asyncio.Future[None] | None = None
        self._number = number
        self._tell = tell
        self._errors = errors
        self._clock = (~pid << 3) | 2  # CPUCLOCK_SCHED of the process, of all its threads (clock_getcpuclockid(3))
        self._cpu_ms = 0.0
        self._memory: dict[str, int] = {}
        self.ended: asyncio.Future[Death] = asyncio.get_running_loop().create_future()
        """How it ended, when it has."""

    def cpu_ms(self) -> float:
        """CPU time of all its threads, as long as it is there; then what it last was."""
        with contextlib.suppress(OSError):
            self._cpu_ms = time.clock_gettime(self._clock) * 1000
        return self._cpu_ms

    def memory(self) -> dict[str, int]:
        """`VmData`, `VmRSS` and `VmHWM` (its peak) in bytes, see proc(5); what they last were when it is gone."""
        with contextlib.suppress(OSError, ValueError):
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
            found = {line.split(":")[0]: line.split() for line in lines if line.startswith("Vm")}
            self._memory = {name: int(words[1]) * 1024 for name, words in found.items()} or self._memory
        return self._memory

    async def death(self) -> Death:
        """How it ended, soon after it has closed its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_SECONDS):
                await asyncio.shield(self.ended)
        return self.ended.result() if self.ended.done() else UNKNOWN

    def errors(self) -> str:
        """What it wrote to standard error lately, if anything."""
        try:
            return os.read(self._errors, _ERROR_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""

    async def bound(self, memory_bytes: int) -> None:
        """No more memory than so much for a hook, beside what the process has before it has one. It is so when this returns.

        Never more than was said before: the kernel lets nobody raise a limit.
        """
        if self._bounded is None or memory_bytes != self._memory_bytes:
            self._data_bytes = self._data_bytes or self.memory().get("VmData", 0)
            self._memory_bytes = memory_bytes
            self._bounded = asyncio.get_running_loop().create_future()
            more = memory_bytes + _SLACK_BYTES
            self._tell({"do": "limit", "id": self._number, "data": self._data_bytes + more, "more": more})
        if not self.ended.done():
            await self._bounded

    def is_bound(self) -> None:
        """The jailer says so."""
        if self._bounded is not None and not self._bounded.done():
            self._bounded.set_result(None)

    def end(self, death: Death) -> None:
        """It has ended in this way."""
        if not self.ended.done():
            self.ended.set_result(death)
        self.is_bound()

    def kill(self) -> None:
        """End it, and all that it could have started; it can not refuse. Idempotent."""
        self.channel.close()
        if not self.ended.done():
            self._tell({"do": "kill", "id": self._number})
        with contextlib.suppress(OSError):
            os.close(self._errors)
        self._errors = -1


class Processes:
    """A jailer, and what it has started. `walls` are those that stand around each process, `no_groups` says why there are none."""

    def __init__(self, jailer: subprocess.Popen[bytes], control: socket.socket, memory_bytes: int = 0) -> None:
        """`memory_bytes` is the most that a hook may have."""
        self.walls: tuple[str, ...] = ()
        self.no_groups = ""
        self.is_open = True
        self._jailer = jailer
        self._control = control
        self._memory_bytes = memory_bytes
        self._count = 0
        self._starting: dict[int, asyncio.Future[int]] = {}
        self._running: dict[int, Process] = {}

    async def begin(self) -> None:
        """Wait until the walls stand. `NoWall` says which can not."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                said = await loop.sock_recv(self._control, MESSAGE_BYTES)
        except (TimeoutError, OSError):
            said = b""
        told: dict[str, Any] = orjson.loads(said) if said else {"broken": "the process that builds them ended"}
        if "broken" in told:
            raise NoWall(told["broken"])
        self.walls, self.no_groups = tuple(told["walls"]), told["no_groups"]
        loop.add_reader(self._control.fileno(), self._listen)

    async def spawn(self) -> Process:
        """A process that is ready. `Unavailable` says why there is none."""
        if not self.is_open:
            raise Unavailable("The jailer of the Node engine has ended.")
        self._count += 1
        number = self._count
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(writer, True)
        started = self._starting[number] = asyncio.get_running_loop().create_future()
        try:
            self._tell({"do": "spawn", "id": number}, theirs.fileno(), writer)
            pid = await started
        except BaseException:
            ours.close()
            os.close(reader)
            raise
        finally:
            self._starting.pop(number, None)
            theirs.close()
            os.close(writer)
        return await self._made_ready(number, pid, ours, reader)

    async def _made_ready(self, number: int, pid: int, ours: socket.socket, errors: int) -> Process:
        channel = Channel(READY_BYTES)
        ours.setblocking(False)
        process = Process(number, pid, channel, errors, self._tell)
        if pid:
            self._running[number] = process
        else:
            process.end(UNKNOWN)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: channel, sock=ours)
            said = await channel.receive(_READY_SECONDS)
            if said == _READY:
                await process.bound(self._memory_bytes)
                return process
            fault = "it did not say that it is ready"
        except Ended:
            await process.death()
            fault = process.errors().strip()[:1000] or "it ended before it was ready"
        except BaseException:
            process.kill()
            raise
        process.kill()
        raise Unavailable(f"No Node process can be started: {fault}")

    async def close(self) -> None:
        """End them all, and the jailer. Idempotent."""
        self._end()
        await asyncio.to_thread(self._jailer.wait)

    def _listen(self) -> None:
        try:
            said = self._control.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            _LOG.error("the jailer of the Node engine has ended")
            self._end()
            return
        self._hear(orjson.loads(said))

    def _hear(self, told: Mapping[str, Any]) -> None:
        if "lost" in told:
            _LOG.warning("the jailer of the Node engine has ended, and is started again")
            self._lose("No Node process can be started: the jailer of the Node engine has ended.")
        elif "spawned" in told:
            self._settle(told["spawned"], told["pid"])
        elif "limited" in told:
            if told["limited"] in self._running:
                self._running[told["limited"]].is_bound()
        else:
            self._settle(told["ended"], 0)
            process = self._running.pop(told["ended"], None)
            if process is not None:
                process.end(Death(told["status"], told["peak"], told["starved"]))

    def _settle(self, number: int, pid: int) -> None:
        started = self._starting.get(number)
        if started is not None and not started.done():
            started.set_result(pid)

    def _tell(self, message: Message, *descriptors: int) -> None:
        if self.is_open:
            try:
                socket.send_fds(self._control, [orjson.dumps(message)], descriptors)
            except OSError as error:
                _LOG.error("the jailer of the Node engine does not listen: %s", error)
                self._end()
        if not self.is_open and descriptors:
            raise Unavailable("The jailer of the Node engine has ended.")

    def _end(self) -> None:
        if not self.is_open:
            return
        self.is_open = False
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._control.close()
        self._lose("The Node engine is stopping.")

    def _lose(self, why: str) -> None:
        for started in self._starting.values():
            if not started.done():
                started.set_exception(Unavailable(why))
        for process in [*self._running.values()]:
            process.end(UNKNOWN)
            process.channel.close()
        self._running.clear()


async def open_processes(plan: Plan) -> Processes:
    """A jailer whose walls stand. `NoWall`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with theirs:
        # Not asyncio's: no watcher of children is needed for one that says when it ends, and starting it takes a millisecond. In a
        # session of its own, for what the terminal says to the service (Ctrl-C) is the service's to hear.
        jailer = subprocess.Popen(  # noqa: ASYNC220, S603 - ourselves
            _command(plan), stdin=theirs.fileno(), env={}, cwd="/", start_new_session=True
        )
    processes = Processes(jailer, ours, plan.memory_bytes)
    try:
        await processes.begin()
    except BaseException:
        await processes.close()
        raise
    return processes


def _command(plan: Plan) -> Sequence[str]:
    """Without site-packages and whatever they run at start: the jailer needs the standard library and its own modules."""
    folder = str(Path(runtime.__file__).resolve().parents[1])
    program = f"import sys; sys.path.insert(0, {folder!r}); from runtime.node.jailer import main; main()"
    return [sys.executable, "-I", "-S", "-c", program, orjson.dumps(asdict(plan)).decode()]
