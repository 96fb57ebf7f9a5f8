"""What happens to nodes that share a Redis.

It dies and comes back, in the midst of the load: what is loaded runs, changes are refused, nothing that was acknowledged is lost.
A node's supervisor is killed, and another started. At the end Redis loses everything: workers and nodes can start there all the same.
"""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.node.waiting import gone
from tests.redis_servers import RedisServer
from tests.soak.load import AWAY, CLIENTS, OF_AN_OUTAGE, REFUSED, Tenant, Told
from tests.soak.nodes import ANEW, Nodes, send, workers
from tests.waiting import PATIENCE

OUTAGE: Final = "SIGKILL of Redis"
OF_A_NODE: Final = "SIGKILL of a supervisor"
EMPTY: Final = "FLUSHALL"
MARK: Final = "hookd:{hookd}:format"
"""Whose the Redis is: `redis_keys.Keys.mark`."""


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


async def kill_supervisor(nodes: Nodes, number: int, told: Told) -> None:
    """Its workers end by themselves; what had come to them may get no answer until the next one is there."""
    told.killed = math.inf
    await nodes.replace(number)
    told.killed = time.monotonic()


async def lose_everything(redis: RedisServer, nodes: Nodes, tenants: Sequence[Tenant], told: Told) -> None:
    """Workers that are killed at that moment are replaced, all start anew, one more node starts, and hooks that are made again decide."""
    marks = redis.cli("keys", MARK)
    redis.cli("flushall")
    victims = [workers(supervisor)[0] for supervisor in nodes.supervisors]
    for victim in victims:
        send(victim, signal.SIGKILL)
        await gone(victim)
    told.killed = time.monotonic()
    await _so(told, lambda: redis.cli("keys", MARK) == marks, f"no mark after {EMPTY}")
    # Where they are ready, none ends for want of it.
    before = nodes.log.count(ANEW)
    for number in range(len(nodes.processes)):
        nodes.hang_up(number)
    anew = before + len(nodes.processes)
    await _so(told, lambda: nodes.log.count(ANEW) == anew, f"no start anew after {EMPTY}")
    await asyncio.to_thread(nodes.add)
    for tenant in tenants:
        await tenant.begin(tenant.script(tenant.begun))
        for url in nodes.urls:
            await tenant.decide(at=url)
    told.counts[EMPTY] += 1


async def _more(told: Told, counted: Callable[[], int], count: int, wrong: str) -> None:
    """Until so many more are counted; a fault, in these words, where they are not."""
    wanted = counted() + count
    await _so(told, lambda: counted() >= wanted, wrong)


async def _so(told: Told, condition: Callable[[], bool], wrong: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            told.wrong.append(f"{wrong}, in {PATIENCE:.0f} seconds")
            return
        await asyncio.sleep(0.05)
