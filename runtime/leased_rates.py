"""How many requests somebody may send to all nodes together: token buckets in a storage that they share.

Each process takes tokens in leases, a tenth of a second's worth divided by the processes: as long as one lasts, requests wait
for nothing. What is not used of a lease within a second lapses, so that less may pass than the limit allows, and never more
than was in the bucket. A request that needs tokens of several buckets has all of them or none: what it got goes back into the
lease where another bucket is empty. Where the storage can not be asked in a moment, each machine lets its share pass.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from runtime.errors import Unavailable
from runtime.patience import Patience
from runtime.rates import MOST_NAMES, Bucket, Waits
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

    def has(self, now: float) -> bool:
        """Whether a request may have a token of it."""
        return self.tokens > 0 and now < self.until

    def wait(self, now: float) -> float:
        """Seconds for which it is known that there is none."""
        return 0.0 if self.has(now) else max(0.0, self.none_until - now)


class LeasedRates:
    """See `rates.Buckets`. Belongs to one event loop; to be closed before the storage.

    `here` is `wait` of the buckets that the machine's `workers` share, `processes` says how many there are on all machines.
    """

    def __init__(
        self,
        buckets: SharedBuckets,
        here: Callable[..., Waits],
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

    def wait(self, *buckets: Bucket) -> Waits | Awaitable[Waits]:
        """See `rates.Buckets.wait`."""
        now = self._clock()
        leases = [self._lease(bucket.name) for bucket in buckets]
        waits = tuple([lease.wait(now) for lease in leases])
        if any(waits):
            return waits
        lacking = [bucket for bucket, lease in zip(buckets, leases, strict=True) if not lease.has(now)]
        if lacking and not self._patience.is_over:
            asked = {bucket.name: self._asked(bucket) for bucket in lacking}
            return self._together(buckets, asked)
        if lacking:
            told = dict(zip([bucket.name for bucket in lacking], self._share(*lacking), strict=True))
            waits = tuple(told.get(bucket.name, 0.0) for bucket in buckets)
        if not any(waits):
            for lease in leases:
                lease.tokens -= lease.has(now)
        return waits

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

    def _asked(self, bucket: Bucket) -> asyncio.Future[float]:
        """0 where it got a token, else the seconds until there is one."""
        loop, lease = asyncio.get_running_loop(), self._lease(bucket.name)
        told: asyncio.Future[float] = loop.create_future()
        lease.waiting.append(told)
        if not lease.is_asking:
            lease.is_asking = True
            task = loop.create_task(self._ask(lease, bucket), name="rates-lease")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return told

    async def _together(self, buckets: Sequence[Bucket], asked: Mapping[str, asyncio.Future[float]]) -> Waits:
        """With tokens of those that are asked, of the others as well; or with none."""
        told: dict[str, float] = {}
        try:
            for name, one in asked.items():
                told[name] = await one
            others = [bucket for bucket in buckets if bucket.name not in asked]
            if others and not any(told.values()):
                # Only now: who waits holds nothing that is there for who does not.
                waits = self.wait(*others)
                waits = waits if isinstance(waits, tuple) else await waits
                told |= zip([bucket.name for bucket in others], waits, strict=True)
        finally:
            if len(told) < len(buckets) or any(told.values()):
                for name, one in asked.items():
                    self._put_back(name, one)
        return tuple(told.get(bucket.name, 0.0) for bucket in buckets)

    def _put_back(self, name: str, told: asyncio.Future[float]) -> None:
        """What it got, or is to get."""
        if not told.cancel() and not told.cancelled() and not told.result():
            self._lease(name).tokens += 1

    async def _ask(self, lease: _Lease, bucket: Bucket) -> None:
        """Until all who wait are told, those who came meanwhile, too."""
        name, per_second, burst = bucket
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
                _tell(lease, self._share(bucket)[0])

    def _give(self, lease: _Lease, granted: Granted, pause: float) -> None:
        """To those who wait, in the order in which they came; `pause` where the bucket is empty now."""
        now, tokens = self._clock(), granted.tokens
        while tokens and lease.waiting:
            tokens -= _tell(lease, 0.0)
        # What was put back meanwhile stays.
        lease.tokens, lease.until = tokens + lease.tokens * lease.has(now), now + LAPSE_SECONDS
        if pause:
            wait = max(pause, granted.wait_seconds)
            lease.none_until = now + wait
            while lease.waiting:
                _tell(lease, wait)

    def _share(self, *buckets: Bucket) -> Waits:
        """By the machine's own buckets, which have as much of each as the machine has of the processes."""
        share = min(1.0, self._workers / max(1, self._processes()))
        return self._here(*(Bucket(name, per_second * share, burst * share) for name, per_second, burst in buckets))


def _tell(lease: _Lease, wait: float) -> bool:
    """The first who waits; whether he still does."""
    told = lease.waiting.popleft()
    if told.done():
        return False
    told.set_result(wait)
    return True
