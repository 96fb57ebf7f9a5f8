"""Redis dies and comes back, in the midst of the load: what is loaded runs, changes are refused, nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from tests.redis_servers import RedisServer
from tests.soak.load import AWAY, CLIENTS, OF_AN_OUTAGE, REFUSED, Tenant, Told
from tests.waiting import PATIENCE

OUTAGE: Final = "SIGKILL of Redis"


async def outage(redis: RedisServer, tenant: Tenant, seconds: float) -> None:
    """For so long, and until a change was refused. Returns when changes are acknowledged again.

    It dies while this tenant's hook is loaded and not being changed: so that one decides meanwhile.
    """
    told = tenant.told
    async with tenant.changing:
        await _more(told, lambda: tenant.decided, 4 * CLIENTS, f"no decisions of {tenant.name} before Redis was killed")
        told.away_until = math.inf
        await asyncio.to_thread(redis.kill)
        told.away = True
    await asyncio.gather(
        asyncio.sleep(seconds),
        _more(told, lambda: told.counts[REFUSED], 1, f"no {REFUSED}"),
        _more(told, lambda: tenant.decided, 4 * CLIENTS, f"no decisions of {tenant.name}{AWAY}"),
    )
    told.away = False
    await asyncio.to_thread(redis.start)
    await _more(told, lambda: told.counts["deploys"], 1, "no deploys after Redis was back")
    told.away_until = time.monotonic() + OF_AN_OUTAGE


async def _more(told: Told, counted: Callable[[], int], count: int, wrong: str) -> None:
    """Until so many more are counted; a fault, in these words, where they are not."""
    wanted, end = counted() + count, time.monotonic() + PATIENCE
    while counted() < wanted:
        if time.monotonic() > end:
            told.wrong.append(f"{wrong}, in {PATIENCE:.0f} seconds")
            return
        await asyncio.sleep(0.05)
