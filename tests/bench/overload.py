"""The section `overload`: what comes of more requests than can be served, from a quarter of the capacity to three times it.

Requests come at a fixed rate whatever the server does, and latencies count from when each was due. As a token server does,
the load generator has a pool of connections, and gives up a request that gets none of them for too long.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from tests.bench import case, process
from tests.bench.hookd import Hookd
from tests.bench.load import LoadGenerator, Stream
from tests.bench.plan import LeftOut, Measure, Plan, executing, interleaved, upload
from tests.bench.report import Row, Table

OVERLOAD, LIMITED = "overload", "overload, rate limited"
TIMES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
PEAK, MOST = "peak", f"{TIMES[-1]:g}x"
CONNECTIONS, PATIENCE = 256, 0.5
"""Connections of the load generator, and seconds that it waits for one of them to be free."""
REFUSALS = (429, 503)
RATE_PART = 0.75
"""Of its capacity, what the limited service lets pass."""


def overload(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """Offered load against answers, refusals and latencies: of a hookd with its defaults, and of one with a rate limit."""
    with ExitStack() as stack:
        load, free = stack.enter_context(LoadGenerator()), stack.enter_context(Hookd())
        capacity = _capacity(load, free, plan.overload)
        limit = round(capacity * RATE_PART)
        environ = {"HOOKD_SERVER_TENANT_RATE": f"{limit}", "HOOKD_SERVER_TENANT_BURST": f"{max(1, limit // 20)}"}
        limited = stack.enter_context(Hookd(environ=environ))
        upload(load, limited, {"bench": case.HOOK})
        measures: dict[str, Measure] = {}
        for title, hookd in ((OVERLOAD, free), (LIMITED, limited)):
            for times in TIMES:
                measures[f"{title}\n{times:g}x"] = partial(_offered, load, hookd, plan.overload, times * capacity)
        table = interleaved(max(1, plan.rounds // 2), measures)
        return {title: _with_peak(_part(table, title)) for title in (OVERLOAD, LIMITED)}


def _capacity(load: LoadGenerator, hookd: Hookd, seconds: float) -> float:
    """Answers per second where each connection asks again at once."""
    upload(load, hookd, {"bench": case.HOOK})
    stream = executing(hookd.execute("bench"), connections=CONNECTIONS)
    return max(load.run(hookd.port, seconds, stream)[0]["per_s"] for _ in range(2))


def _offered(load: LoadGenerator, hookd: Hookd, seconds: float, rate: float) -> Row:
    stream = Stream(
        requests=[hookd.execute("bench")],
        contains='"extra"',
        connections=CONNECTIONS,
        rate=rate,
        patience=PATIENCE,
        refusals=REFUSALS,
    )
    before = process.cpu_seconds(hookd.pid)
    row = load.run(hookd.port, seconds, stream)[0]
    cpu_us = (process.cpu_seconds(hookd.pid) - before) * 1e6
    due = row["answered"] + row["refused"] + row["given_up"]
    return {
        "offered_per_s": rate,
        "answered_per_s": row["per_s"],
        "refused_share": row["refused"] / due,
        "given_up_share": row["given_up"] / due,
        "p50_ms": row["p50_us"] / 1000,
        "p99_ms": row["p99_us"] / 1000,
        "served_p99_ms": row["served_p99_us"] / 1000,
        "cpu_us": cpu_us / row["answered"],
    }


def _part(table: Mapping[str, Row], title: str) -> Table:
    return {name.partition("\n")[2]: row for name, row in table.items() if name.partition("\n")[0] == title}


def _with_peak(table: Table) -> Table:
    return {**table, PEAK: {"answered_per_s": max(row["answered_per_s"] for row in table.values())}}
