"""Follows executions while they happen: what is published (`relay`) goes to those who listen, in this process.

Rule: a listener who is slow loses records and is told how many; nobody who runs a hook ever waits for a listener. What was
before a listener came is not kept here: it is in the storage, once the recorder has flushed it.
Executions arrive in the order of their ids, so that the last id seen says where to go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from runtime.errors import Unavailable
from runtime.logs.base import size_of
from runtime.model import Execution
from runtime.storage.base import ExecutionFilter


@dataclass(frozen=True, slots=True)
class Missed:
    """In place of `count` executions that found the listener's queue full."""

    count: int


class Subscription:
    """One listener's queue. Made by `Tail.subscribe`."""

    def __init__(self, tenant: str, wanted: ExecutionFilter, queue_bytes: int) -> None:
        self.closed = False
        self._tenant = tenant
        self._wanted = wanted
        self._queue_bytes = queue_bytes
        self._bytes = 0
        self._waiting: deque[Execution] = deque()
        self._missed = 0
        self._some = asyncio.Event()

    def close(self) -> None:
        """Wake the listener for the last time. Idempotent."""
        self.closed = True
        self._some.set()

    def offer(self, execution: Execution) -> None:
        """Queue it if it is wanted; when the queue is full, the oldest go and are counted."""
        if execution.tenant != self._tenant or not self._wanted.wants(execution):
            return
        self._waiting.append(execution)
        self._bytes += size_of(execution)
        while self._bytes > self._queue_bytes and len(self._waiting) > 1:
            self._pop()
            self._missed += 1
        self._some.set()

    async def next(self, seconds: float) -> Execution | Missed | None:
        """The next execution, or how many are missing before it; None when none came in time, or when it is closed."""
        if not self._waiting:
            self._some.clear()
            if self.closed:
                return None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._some.wait()
        if self._missed:
            missed, self._missed = self._missed, 0
            return Missed(missed)
        return self._pop() if self._waiting else None

    def _pop(self) -> Execution:
        execution = self._waiting.popleft()
        self._bytes -= size_of(execution)
        return execution


class Tail:
    """All listeners of a process, `most` of each tenant. `publish` costs well under a microsecond when nobody listens.

    About `queue_bytes` wait for a listener at most.
    """

    def __init__(self, *, queue_bytes: int = 4_194_304, most: int = 20) -> None:
        self.counted: Callable[[int], None] = lambda _: None
        """Called with the number of listeners when there are more, or fewer."""
        self._queue_bytes = queue_bytes
        self._most = most
        self._subscriptions: dict[str, list[Subscription]] = {}

    @property
    def listeners(self) -> int:
        """How many listen, of all tenants."""
        return sum(map(len, self._subscriptions.values()))

    @property
    def tenants(self) -> Collection[str]:
        """Whose executions somebody listens to."""
        return tuple(self._subscriptions)

    def listens(self, tenant: str) -> bool:
        """Whether somebody listens to this tenant's executions."""
        return tenant in self._subscriptions

    def publish(self, execution: Execution) -> None:
        """Tell everybody who listens in its tenant. To be called on the event loop of the listeners."""
        for subscription in self._subscriptions.get(execution.tenant, ()):
            subscription.offer(execution)

    @contextlib.contextmanager
    def subscribe(self, tenant: str, wanted: ExecutionFilter) -> Iterator[Subscription]:
        """Listen while the block runs. `Unavailable` when the tenant has its most listeners already."""
        subscription = Subscription(tenant, wanted, self._queue_bytes)
        listeners = self._subscriptions.setdefault(tenant, [])
        if len(listeners) >= self._most:
            raise Unavailable(f"This tenant's log is followed {self._most} times already.")
        listeners.append(subscription)
        self.counted(self.listeners)
        try:
            yield subscription
        finally:
            listeners.remove(subscription)
            if not listeners:
                del self._subscriptions[tenant]
            self.counted(self.listeners)
