"""The records that wait to be written, each tenant's apart. Neither clock nor IO.

Rule: what waits is bounded in bytes, and when it is full, the oldest records of the tenants that have more than their share
go. So a tenant that floods the log loses its own, and never takes the place of one that is quiet.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from runtime.logs.base import size_of
from runtime.model import Execution


class _Queue:
    """What waits of one tenant, oldest first: a number that rises, the size in bytes, the record."""

    __slots__ = ("bytes", "records")

    def __init__(self) -> None:
        self.records: deque[tuple[int, int, Execution]] = deque()
        self.bytes = 0


class Backlog:
    """Records in, batches out: those of one tenant in their order, the tenants in turn.

    `count` is how many wait, `added` how many were ever added, which is the number of the newest.
    """

    __slots__ = ("_bytes", "_largest", "_most_bytes", "_queues", "added", "count")

    def __init__(self, most_bytes: int) -> None:
        self.added = self.count = 0
        self._most_bytes = most_bytes
        self._bytes = 0
        self._queues: OrderedDict[str, _Queue] = OrderedDict()
        self._largest = ""

    def add(self, execution: Execution) -> int:
        """Put a record at the end of its tenant's; how many had to go for it."""
        tenant = execution.tenant
        queue = self._queues.get(tenant)
        if queue is None:
            queue = self._queues[tenant] = _Queue()
        size = size_of(execution)
        self.added += 1
        self.count += 1
        self._bytes += size
        queue.bytes += size
        queue.records.append((self.added, size, execution))
        lost = 0
        while self._bytes > self._most_bytes:
            self._pop(self._wasteful(tenant))
            lost += 1
        return lost

    def take(self, most: int) -> list[Execution]:
        """Remove at most so many: about as many of each tenant, and more where others have fewer."""
        batch: list[Execution] = []
        while self._queues and len(batch) < most:
            tenant, queue = next(iter(self._queues.items()))
            part = max(1, (most - len(batch)) // len(self._queues))
            self._queues.move_to_end(tenant)
            batch += [self._pop(tenant) for _ in range(min(part, len(queue.records)))]
        return batch

    def waits(self, tenant: str, number: int) -> bool:
        """Whether any of the tenant's records up to this number is still here."""
        queue = self._queues.get(tenant)
        return queue is not None and queue.records[0][0] <= number

    def _pop(self, tenant: str) -> Execution:
        queue = self._queues[tenant]
        _, size, execution = queue.records.popleft()
        self.count -= 1
        self._bytes -= size
        queue.bytes -= size
        if not queue.records:
            del self._queues[tenant]
        return execution

    def _wasteful(self, tenant: str) -> str:
        """A tenant that has its share or more: this one, or the one found last time, before all are compared."""
        for one in (tenant, self._largest):
            queue = self._queues.get(one)
            if queue is not None and queue.bytes * len(self._queues) >= self._bytes:
                return one
        self._largest = max(self._queues, key=lambda one: self._queues[one].bytes)
        return self._largest
