"""Brings to the listeners of this process what all processes of its storage run.

Alone, it hands on each execution as it ends. Among others, while somebody listens here, all come from the storage instead:
it waits until every process has written what happened before a moment, and hands on what is older than that moment, in the
order of the ids. By that order listeners ask for the rest when they come back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict, deque
from typing import Final

from runtime.errors import Unavailable
from runtime.logs.tail import Tail
from runtime.model import Execution
from runtime.storage.peers import Peers, Position
from runtime.ulid import least_at

MOST_TOLD: Final = 5_000
"""Executions that are remembered as handed on already, until the storage has them, too."""

MOST_HELD: Final = 2_000
"""Executions that wait for older ones, about: where so many come at once, order is not worth the memory."""

HOLD_SECONDS: Final = 1.0
"""Longest that an execution waits for older ones of others. A clock that was set back must not hold them longer."""

_NEWS_SECONDS: Final = 0.5
# Of so many looks, one before the last two: others are seen within a second.
_ENDS: Final = 4
_AGAIN_SECONDS: Final = 0.02
_RETRY_SECONDS: Final = 1.0
_READY_SECONDS: Final = 1.0
_LOG: Final = logging.getLogger("hookd.tail")


class Relay:
    """Between recorder and tail. `start` on the event loop of both, `close` before the storage."""

    def __init__(self, peers: Peers, tail: Tail) -> None:
        self._peers = peers
        self._tail = tail
        self._told: OrderedDict[str, None] = OrderedDict()
        self._held: dict[str, tuple[float, Execution]] = {}
        # Where to go on in the storage. Alone, where it was lately: one who has just come is not seen at once.
        self._ends: deque[Position] = deque(maxlen=_ENDS)
        self._some = asyncio.Event()
        self._reads = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        tail.counted = self._listeners

    def publish(self, execution: Execution) -> None:
        """One that ended in this process. Costs well under a microsecond when nobody listens."""
        if self._reads.is_set() or not self._tail.listens(execution.tenant):
            return
        self._tail.publish(execution)
        self._told[execution.id] = None
        if len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)

    async def ready(self) -> None:
        """Return when whatever is stored from now on will reach the listeners; after a second, if the storage is away."""
        if self._peers.are_there:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_READY_SECONDS):
                    await self._reads.wait()

    def start(self) -> None:
        """Begin to look for others."""
        self._task = asyncio.get_running_loop().create_task(self._relay(), name="relay")

    async def close(self) -> None:
        """Idempotent."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _listeners(self, count: int) -> None:
        self._peers.has_listeners(count)
        if count:
            self._some.set()
        else:
            self._some.clear()

    async def _relay(self) -> None:
        while True:
            if not self._some.is_set():
                self._ends.clear()
                await self._some.wait()
            try:
                if self._peers.are_there:
                    await self._read()
                else:
                    self._ends.append(await self._peers.end())
                    await asyncio.sleep(_NEWS_SECONDS)
            except Unavailable as error:
                _LOG.warning("what other processes run is told later: %s", error.debug)
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - the task lives as long as the service
                _LOG.exception("what other processes ran lately is told to nobody")
                # A record that can not be read can not be read the next time.
                self._ends.clear()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self) -> None:
        """What is stored, while somebody listens here, and there are others."""
        if not self._ends:
            self._ends.append(await self._peers.end())
        # Without an await between the two: from here on executions come from the storage, until here they did not.
        self._reads.set()
        try:
            while self._some.is_set() and self._peers.are_there:
                await self._next(_AGAIN_SECONDS if self._held else _NEWS_SECONDS)
        finally:
            self._reads.clear()
            self._let_go("~")
        await self._next(0)
        self._let_go("~")

    async def _next(self, seconds: float) -> None:
        """Hand on what is stored, and was waiting to be stored until then."""
        await self._hold(seconds)
        until = time.time()
        await self._peers.settled()
        while await self._hold(0) and len(self._held) < MOST_HELD:
            pass
        self._let_go(least_at(until))

    async def _hold(self, seconds: float) -> bool:
        """Take what was stored since; whether it was anything."""
        executions, position = await self._peers.stored(self._ends[0], self._tail.tenants, seconds)
        self._ends.clear()
        self._ends.append(position)
        now = time.monotonic()
        for execution in executions:
            if self._told.pop(execution.id, self) is self:
                self._held[execution.id] = (now, execution)
        return bool(executions)

    def _let_go(self, before: str) -> None:
        """Publish what is held and has lesser ids than this, or waits for long."""
        since = time.monotonic() - HOLD_SECONDS
        for execution_id in sorted(self._held):
            if execution_id < before or self._held[execution_id][0] < since:
                self._tail.publish(self._held.pop(execution_id)[1])
