"""How many requests somebody may send to all nodes together: token buckets in a storage that they share.

Each process takes tokens in leases, a tenth of a second's worth divided by the processes: as long as one lasts, requests wait
for nothing. What is not used of a lease within a second lapses, so that less may pass than the limit allows, and never more
than was in the bucket. Where the storage can not be asked in a moment, each machine lets its share pass.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Final

from runtime.errors import Unavailable
from runtime.patience import Patience
from runtime.rates import MOST_NAMES
from runtime.storage.rates import Granted, SharedBuckets

WORTH_SECONDS: Final = 0.1
"""A lease is what all processes together may let pass in so long."""

LAPSE_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.02
"""Shortest between two questions for a bucket that is empty; half of what fills it, where that is less."""


class _Lease:
    """What a process has of a bucket."""

    __slots__ = ("is_asking", "none_until", "tokens", "until", "waiting")

    def __init__(self) -> None:
        self.tokens = 0
        self.until = 0.0
        """When they lapse."""
        self.none_until = 0.0
        """The bucket is empty until then."""
        self.waiting: deque[asyncio.Future[float]] = deque()
        self.is_asking = False


class LeasedRates:
    """See `rates.Buckets`. Belongs to one event loop; to be closed before the storage.

    `here` is `wait` of the buckets that the machine's `workers` share, `processes` says how many there are on all machines.
    """

    def __init__(
        self,
        buckets: SharedBuckets,
        here: Callable[[str, float, float], float],
        *,
        workers: int,
        processes: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._buckets = buckets
        self._here = here
        self._workers = max(1, workers)
        self._processes = processes
        self._clock = clock
        self._patience = Patience(
            "each machine lets its share of the rate limits pass", "machines share the rate limits again", clock
        )
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def wait(self, name: str, per_second: float, burst: float) -> float | Awaitable[float]:
        """See `rates.Buckets.wait`."""
        now, lease = self._clock(), self._lease(name)
        if lease.tokens and now < lease.until:
            lease.tokens -= 1
            return 0.0
        if now < lease.none_until:
            return lease.none_until - now
        if self._patience.is_over:
            return self._share(name, per_second, burst)
        loop = asyncio.get_running_loop()
        told: asyncio.Future[float] = loop.create_future()
        lease.waiting.append(told)
        if not lease.is_asking:
            lease.is_asking = True
            task = loop.create_task(self._ask(lease, name, per_second, burst), name="rates-lease")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return told

    async def close(self) -> None:
        """Tell all who wait. Idempotent."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _lease(self, name: str) -> _Lease:
        lease = self._leases.get(name)
        if lease is None:
            lease = self._leases[name] = _Lease()
            if len(self._leases) > MOST_NAMES:
                self._leases.popitem(last=False)
        else:
            self._leases.move_to_end(name)
        return lease

    async def _ask(self, lease: _Lease, name: str, per_second: float, burst: float) -> None:
        """Until all who wait are told, those who came meanwhile, too."""
        pause = min(PAUSE_SECONDS, burst / per_second / 2)
        try:
            while lease.waiting and not self._patience.is_over:
                worth = min(WORTH_SECONDS * per_second, burst) / max(1, self._processes())
                want = max(1, int(worth), len(lease.waiting))
                granted = await self._patience.wait(self._buckets.take(name, per_second, burst, want))
                self._give(lease, granted, pause if granted.tokens < want else 0.0)
        except Unavailable:
            pass  # the log has it
        finally:
            lease.is_asking = False
            while lease.waiting:
                _tell(lease, self._share(name, per_second, burst))

    def _give(self, lease: _Lease, granted: Granted, pause: float) -> None:
        """To those who wait, in the order in which they came; `pause` where the bucket is empty now."""
        now, tokens = self._clock(), granted.tokens
        while tokens and lease.waiting:
            tokens -= _tell(lease, 0.0)
        lease.tokens, lease.until = tokens, now + LAPSE_SECONDS
        if pause:
            wait = max(pause, granted.wait_seconds)
            lease.none_until = now + wait
            while lease.waiting:
                _tell(lease, wait)

    def _share(self, name: str, per_second: float, burst: float) -> float:
        """By the machine's own bucket, which has as much of it as the machine has of the processes."""
        share = min(1.0, self._workers / max(1, self._processes()))
        return self._here(name, per_second * share, burst * share)


def _tell(lease: _Lease, wait: float) -> bool:
    """The first who waits; whether he still does."""
    told = lease.waiting.popleft()
    if told.done():
        return False
    told.set_result(wait)
    return True
