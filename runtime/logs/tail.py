"""Follows executions while they happen: what `StorageRecorder` publishes goes to those who listen, in this process.

Rule: a listener who is slow loses records and is told how many; nobody who runs a hook ever waits for a listener.
Executions arrive in the order of their ids, so that the last id seen says where to go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.errors import Unavailable
from runtime.model import Execution
from runtime.storage.base import ExecutionFilter


@dataclass(frozen=True, slots=True)
class Missed:
    """In place of `count` executions that found the listener's queue full."""

    count: int


class Subscription:
    """One listener's queue. Made by `Tail.subscribe`."""

    def __init__(self, tenant: str, wanted: ExecutionFilter, queue: int) -> None:
        self.closed = False
        self._tenant = tenant
        self._wanted = wanted
        self._queue = queue
        self._waiting: deque[Execution] = deque()
        self._missed = 0
        self._some = asyncio.Event()

    def close(self) -> None:
        """Wake the listener for the last time. Idempotent."""
        self.closed = True
        self._some.set()

    def offer(self, execution: Execution) -> None:
        """Queue it if it is wanted; when the queue is full, the oldest goes and is counted."""
        if not self._wants(execution):
            return
        if len(self._waiting) >= self._queue:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(execution)
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
        return self._waiting.popleft() if self._waiting else None

    def _wants(self, execution: Execution) -> bool:
        wanted = self._wanted
        return (
            execution.tenant == self._tenant
            and wanted.hook_id in (None, execution.hook_id)
            and wanted.client_id in (None, execution.client_id)
            and wanted.decision in (None, execution.decision)
        )


class Tail:
    """All listeners of a process. `publish` costs well under a microsecond when nobody listens.

    The `recent` last executions are kept for a listener who comes back: storage has them only a moment later.
    """

    def __init__(self, *, recent: int = 1000, queue: int = 1000, most: int = 20) -> None:
        self._recent: deque[Execution] = deque(maxlen=recent)
        self._queue = queue
        self._most = most
        self._subscriptions: dict[str, list[Subscription]] = {}

    def publish(self, execution: Execution) -> None:
        """Tell everybody who listens in its tenant. To be called on the event loop of the listeners."""
        self._recent.append(execution)
        for subscription in self._subscriptions.get(execution.tenant, ()):
            subscription.offer(execution)

    @contextlib.contextmanager
    def subscribe(self, tenant: str, wanted: ExecutionFilter, *, after: str | None = None) -> Iterator[Subscription]:
        """Listen while the block runs; with `after`, an execution's id, recent ones that came after it arrive first.

        `Unavailable` when the tenant has its most listeners already.
        """
        subscription = Subscription(tenant, wanted, self._queue)
        listeners = self._subscriptions.setdefault(tenant, [])
        if len(listeners) >= self._most:
            raise Unavailable(f"This tenant's log is followed {self._most} times already.")
        listeners.append(subscription)
        if after is not None:
            for execution in self._recent:
                if execution.id > after:
                    subscription.offer(execution)
        try:
            yield subscription
        finally:
            listeners.remove(subscription)
            if not listeners:
                del self._subscriptions[tenant]
