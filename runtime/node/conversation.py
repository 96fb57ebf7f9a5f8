"""One run in one process: what it is given, what it says, and when it has to stop."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

import orjson

from runtime.model import Limits
from runtime.node.channel import Ended
from runtime.node.processes import Process
from runtime.node.program import NodeProgram
from runtime.node.said import Console, bounded, death, users
from runtime.sandbox import abi
from runtime.sandbox.asked import Cancel
from runtime.sandbox.operations.underway import UnderWay
from runtime.sandbox.outcome import failure

_SHORTEST_WAIT: Final = 0.002
_AT_ONCE: Final = 64
"""Messages that are heard one after the other."""
_REFUSED, _LOADED = b'{"refused":true}', b'{"loaded":true}'
_NO_RESULTS: Final = b"[]"


@dataclass(slots=True)
class Conversation:
    """With a process that is ready. `deadline` is of `time.perf_counter`; `loads` wants to know only whether it loads."""

    process: Process
    program: NodeProgram
    arguments: bytes
    limits: Limits
    deadline: float
    under_way: UnderWay
    loads: bool = False
    cpu_ms: float = 0.0
    """What it has used since it was handed the request."""
    loaded: bool = False
    """Whether the source was evaluated: what goes wrong is the hook's, then, not its source's."""
    stopped: bool = False
    """Whether the host found the failure, not the guest."""
    _before_ms: float = 0.0
    _before_bytes: int = 0
    _peak_bytes: int = 0
    _refused: bool = False
    _heard: int = 0
    _console: Console = field(init=False)

    def __post_init__(self) -> None:
        self._console = Console(self.limits)

    async def hold(self) -> abi.Reply:
        """Its one reply, or the failure that it ended with. The process has no more use afterwards."""
        process = self.process
        self._before_ms, self._before_bytes = process.cpu_ms(), process.memory().get("VmRSS", 0)
        await process.bound(self.limits.memory_bytes)
        process.channel.allow(abi.longest_reply(self.limits) * 2)
        process.channel.send(self._request(), self.arguments)
        telling = asyncio.create_task(self._tell_results())
        try:
            reply = await self._reply()
        except (Ended, abi.Nonsense, abi.Unreadable) as error:
            reply, self.stopped = await self._ended(error), True
        finally:
            telling.cancel()
        if reply is None:
            reply, self.stopped = failure(self._exceeded() or "operation_limit"), True
        self._measure()
        self._console.put(reply)
        reply.stack = users(reply.stack)
        peak = self._peak_bytes or process.memory().get("VmHWM", 0)
        reply.memory_bytes = max(0, peak - self._before_bytes)
        reply.refused = reply.kind == "failure" and self._refused
        return reply

    async def _ended(self, error: Exception) -> abi.Reply:
        """The reply where none can come any more."""
        if isinstance(error, abi.Unreadable):
            return failure("malformed_answer", f"The answer can not be read as JSON: {error}.")
        if str(error):
            return failure("sandbox_crashed", str(error))
        status, peak, starved = await self.process.death()
        self._peak_bytes = peak
        is_large = starved or peak - self._before_bytes >= self.limits.memory_bytes
        return death(status, self.process.errors(), is_large=is_large)

    def _request(self) -> bytes:
        limits = {name: getattr(self.limits, name) for name in Limits.__slots__}
        # What the wrapping makes of half a surrogate pair is no UTF-8, so it is no JSON either.
        source = self.program.source.encode("utf-8", "replace").decode()
        return orjson.dumps({"loads": self.loads, "limits": limits, "source": source})

    async def _reply(self) -> abi.Reply | None:
        """What the guest says at last; None when it exceeds a limit before. `Ended`; `Nonsense`; `Unreadable`."""
        while (message := await self._message()) is not None:
            if message == _REFUSED:
                self._refused = True
            elif message == _LOADED:
                self.loaded = True
            else:
                reply = abi.decode(message)
                self._console.take(reply)
                if reply.kind == "pending":
                    if not self.under_way.begin(reply.operations):
                        return None
                    if any(isinstance(one, Cancel) for one in reply.operations):
                        self.process.channel.send(_NO_RESULTS)  # it may wait for nothing else any more
                elif reply.kind != "loaded" or self.loads:
                    return bounded(reply, len(message), self.limits)
        return None

    async def _tell_results(self) -> None:
        """What operations come to, as soon as they have."""
        while True:
            await self.under_way.wait(self.limits.wall_ms)
            results = self.under_way.results()
            if results != _NO_RESULTS:
                self.process.channel.send(results)

    async def _message(self) -> bytes | None:
        """The next one; None when a limit is reached before."""
        while not self._exceeded():
            rest_ms = self.limits.cpu_ms - self.cpu_ms
            # Several threads may use more of it than the clock shows; then the rest is looked at again.
            wait = min(self.deadline - time.perf_counter(), max(_SHORTEST_WAIT, rest_ms / 1000))
            message = await self.process.channel.receive(wait)
            if message is not None:
                self._heard += 1
                if self._heard % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # many may be there already, and others have requests, too
                return message
        return None

    def _exceeded(self) -> str:
        self._measure()
        if self.cpu_ms >= self.limits.cpu_ms:
            return "cpu_limit"
        return "wall_limit" if time.perf_counter() >= self.deadline else ""

    def _measure(self) -> None:
        self.cpu_ms = self.process.cpu_ms() - self._before_ms
