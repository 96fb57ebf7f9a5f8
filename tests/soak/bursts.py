"""Bursts of requests to a hook that needs a thread: more than can be run in their time. What comes afterwards must be answered rightly."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from tests.bench.case import PATH
from tests.end_to_end.operators import REQUEST
from tests.soak.load import Tenant
from tests.waiting import PATIENCE

AT_ONCE: Final = 200
CPU_MS: Final = 60.0
"""What a slow request takes: less than the hook may have, and more than is given to it on the event loop."""

AFTERWARDS: Final = 8
"""Ordinary requests at once, each on a connection of its own: some come to each worker."""

FIRST_LOOPS: Final = 200_000
SLOW: Final = """module.exports = (client, scope, audience, context, cb) => {
  let x = 1;
  for (let i = 0; audience === 'slow' && i < %d; i++) x = (x * 31 + i) | 0;
  cb(null, { 'https://soak/t': '%s', 'https://soak/a': audience, 'https://soak/x': x });
};"""
SLOW_REQUEST: Final = REQUEST | {"audience": "slow"}
LATE: Final = ("wall_limit", "cpu_limit", "circuit_open")
"""Failures that are meant where too much comes together: `model.FAILURES`."""


async def burst(tenant: Tenant, pause: float, at_once: int) -> None:
    """One after the other, so many requests each."""
    await _slow_down(tenant)
    while tenant.going():
        answers = await asyncio.gather(*(tenant.call("POST", PATH, SLOW_REQUEST) for _ in range(at_once)))
        for status, answer in answers:
            judge(tenant, status, answer)
        tenant.told.counts["bursts"] += 1
        await afterwards(tenant)
        await asyncio.sleep(pause)


async def _slow_down(tenant: Tenant) -> None:
    """Have the hook take `CPU_MS` of this machine's time. A worker may be killed meanwhile: then it takes something else."""
    status, answer = await tenant.call("POST", PATH, SLOW_REQUEST)
    took = answer["execution"]["cpu_ms"] if status == 200 else CPU_MS
    script = SLOW % (int(FIRST_LOOPS * CPU_MS / max(took, 1.0)), tenant.name)
    await tenant.call("PATCH", f"/api/v2/hooks/{tenant.hook}", {"script": script})


def judge(tenant: Tenant, status: int, answer: Any) -> None:
    """One answer of a burst: right, or one that says that there was too much."""
    if _is_right(tenant, answer, "slow"):
        tenant.told.counts["slow decisions"] += 1
    elif _is_late(status, answer):
        what = _failure(answer) if status == 200 else status or "nothing"
        tenant.told.counts[f"slow requests answered {what}"] += 1
    else:
        tenant.told.wrong.append(f"{tenant.name}: in a burst: {status} {answer}")


async def afterwards(tenant: Tenant) -> None:
    """Ordinary requests of the same hook, again until all are answered rightly: it may still be left alone for having been late."""
    end = time.monotonic() + PATIENCE
    while True:
        answers = await asyncio.gather(*(tenant.call("POST", PATH, REQUEST) for _ in range(AFTERWARDS)))
        rest = [(status, answer) for status, answer in answers if not _is_right(tenant, answer, REQUEST["audience"])]
        if not rest:
            tenant.told.counts["right decisions after a burst"] += AFTERWARDS
            return
        if time.monotonic() > end or not all(_is_late(*one) for one in rest):
            tenant.told.wrong.append(f"{tenant.name}: after a burst: {rest[0]}")
            return
        await asyncio.sleep(0.2)


def _is_right(tenant: Tenant, answer: Any, audience: object) -> bool:
    claims = (answer or {}).get("claims", {})
    return bool(claims.get("https://soak/t") == tenant.name and claims.get("https://soak/a") == audience)


def _is_late(status: int, answer: Any) -> bool:
    """No answer is judged where it is missed: `Told.unanswered`."""
    return status in (0, 503) or (status == 200 and _failure(answer) in LATE)


def _failure(answer: Any) -> str:
    return str(answer.get("hook_error", {}).get("code"))
