"""What the executions of a while have in common: how many there were, how they ended, how long they took."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from aiohttp import web

from runtime.durations import quantile
from runtime.http.json import json_response
from runtime.http.query import Query
from runtime.http.routes import Call, Route, guarded
from runtime.model import ANSWERED, REFUSED
from runtime.storage.base import Counted, Storage
from runtime.web.logs import FILTERS, filter_of
from runtime.web.shapes import rfc3339

SECONDS: Final = 3600.0
"""How far back it looks where nothing else is asked for."""

STEPS, MOST_STEPS = 60, 500
QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def summary_routes(storage: Storage, flush: Callable[[str], Awaitable[None]]) -> list[Route]:
    """`GET /api/v1/logs/summary`. `flush` as for the list."""

    async def summary(call: Call) -> web.Response:
        query = Query(call.request.query, (*FILTERS, "since", "until", "steps"))
        until = query.moment("until") or time.time()
        since = query.moment("since")
        if since is None:
            since = until - SECONDS
        steps = query.integer("steps", STEPS, least=1, most=MOST_STEPS)
        wanted = replace(filter_of(query), since=since, until=until)
        step = max(0.0, until - since) / steps
        counted: Sequence[Counted] = []
        if step:
            await flush(call.caller.tenant)
            counted = await storage.count_executions(call.caller.tenant, wanted, step=step)
        return json_response(
            {
                "since": rfc3339(since),
                "until": rfc3339(until),
                "step_seconds": step,
                **_summed(counted),
                "outcomes": dict(sorted(_by_outcome(counted).items())),
                "steps": _steps(counted, since, step, steps) if step else [],
            }
        )

    return [guarded("GET", "/api/v1/logs/summary", summary, "read:logs")]


def _steps(counted: Sequence[Counted], since: float, step: float, steps: int) -> list[dict[str, object]]:
    """One after the other, each with what began in it."""
    within: dict[int, list[Counted]] = {}
    for one in counted:
        within.setdefault(round((one.at - since) / step), []).append(one)
    return [{"at": rfc3339(since + place * step), **_summed(within.get(place, []))} for place in range(steps)]


def _summed(counted: Sequence[Counted]) -> dict[str, object]:
    """How many, how many of them were denied and how many broke; quantiles of `duration_ms`, null where there are none."""
    durations: Counter[int] = Counter()
    denied = failed = 0
    for one in counted:
        durations[one.duration] += one.count
        denied += one.count * (one.decision == "deny")
        failed += one.count * (one.outcome not in {ANSWERED, REFUSED})
    quantiles = {name: quantile(durations, part) for name, part in QUANTILES.items()}
    return {
        "executions": durations.total(),
        "denied": denied,
        "failed": failed,
        "duration_ms": {name: None if ms is None else round(ms, 3) for name, ms in quantiles.items()},
    }


def _by_outcome(counted: Sequence[Counted]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for one in counted:
        outcomes[one.outcome] += one.count
    return outcomes
