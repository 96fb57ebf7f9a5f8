"""Processes that wait for a hook: jailed, booted, unused. Who takes one gets it for good; another is made in its place."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from typing import Final

from runtime.errors import Unavailable
from runtime.node import delegation
from runtime.node.jail import Plan
from runtime.node.processes import Process, Processes, open_processes

_LOG = logging.getLogger("hookd.node")

_AT_ONCE: Final = max(1, (os.cpu_count() or 1) // 2)
"""Processes that boot at the same time: those that run hooks want the cores, too."""


class Pool:
    """So many spare processes. `Unavailable` where none can be made."""

    def __init__(self, plan: Plan, processes: Processes, size: int) -> None:
        self._plan = plan
        self._processes = processes
        self._size = size
        self._ready: deque[Process] = deque()
        self._waiting: deque[asyncio.Future[Process]] = deque()
        self._booting: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        self._is_open = True

    @property
    def walls(self) -> tuple[str, ...]:
        """What stands around each process."""
        return self._processes.walls

    @property
    def spare(self) -> int:
        """How many are ready."""
        return len(self._ready)

    @property
    def wanted(self) -> int:
        """How many are waited for."""
        return len(self._waiting)

    async def fill(self) -> None:
        """Wait for the first one. `Unavailable`."""
        self._give(await self.take())

    async def take(self) -> Process:
        """A process that nobody else ever had. `Unavailable`."""
        while self._ready:
            process = self._ready.popleft()
            if not process.ended.done():
                self._refill()
                return process
            process.kill()
        waiter: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._refill()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give(waiter.result())
            raise

    async def close(self) -> None:
        """End all processes, taken ones too."""
        self._is_open = False
        for task in self._booting:
            task.cancel()
        await asyncio.gather(*self._booting, return_exceptions=True)
        for process in self._ready:
            process.kill()
        self._fail(Unavailable("The service is stopping."))
        await self._processes.close()
        await asyncio.to_thread(delegation.leave, self._plan.groups)

    def _refill(self) -> None:
        wanted = self._size + len(self._waiting) - len(self._ready)
        while self._is_open and len(self._booting) < min(wanted, _AT_ONCE):
            task = asyncio.create_task(self._boot())
            self._booting.add(task)
            task.add_done_callback(self._booted)

    def _booted(self, task: asyncio.Task[None]) -> None:
        self._booting.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._refill()
            return
        _LOG.error("%s", error)
        self._fail(error if isinstance(error, Unavailable) else Unavailable("No Node process can be started."))

    async def _boot(self) -> None:
        async with self._opening:
            if not self._processes.is_open:
                _LOG.warning("the jailer of the Node engine is started again")
                await self._processes.close()
                self._processes = await open_processes(self._plan)
        self._give(await self._processes.spawn())

    def _give(self, process: Process) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(process)
                return
        self._ready.append(process)

    def _fail(self, error: Exception) -> None:
        """Whoever waits now is told; the next who takes tries again."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(error)
