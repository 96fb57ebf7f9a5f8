"""The section `capacity`: executions and deploys without end, and what the processes of two workers take meanwhile.

Its counts are parameters: `make bench ONLY=capacity EXECUTIONS=1000000 DEPLOYS=10000`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import count, islice

from tests.bench import case
from tests.bench.hookd import Hookd
from tests.bench.load import LoadGenerator, Stream
from tests.bench.measures import Life, Series
from tests.bench.plan import LeftOut, Plan
from tests.bench.report import Row, Table
from tests.bench.servers import Broken

CAPACITY, GROWN = "capacity", "grown most, times"
MEMORY, BOUNDED = {"resident": "rss", "proportional": "pss"}, ("files", "maps")
RISE = "rss_kib_per_1000"
LONG = 500_000
"""So many executions say something of its rise: in a short run it is still warming up."""
SLICES = 40
"""So often all processes are looked at; a part of the requests goes in between."""
STEADY, CHANGING = 4, 10
"""Tenants whose hook stays as it is, and tenants whose hook is changed all the time."""
ENVIRON = {
    # Small, so that they are full when the service is warm.
    "HOOKD_SANDBOX_IMAGE_CACHE_BYTES": str(16 << 20),
    "HOOKD_STORAGE_EXECUTIONS_MOST": "5000",
}
LONGEST_SLICE = 600.0


def capacity(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """Each process when it was warm and at the end; `Broken` where a decision is wrong.

    A steady hook must answer with its own claim. A deploy is followed by a request that must find it in force, over another
    connection, so often at the other worker.
    """
    series = Series()
    each, changes = max(1, plan.executions // SLICES), max(1, plan.deploys // SLICES)
    with LoadGenerator() as load, Hookd(core=None, workers=2, environ=ENVIRON) as hookd:
        pids = {hookd.supervisor: "supervisor", **{pid: f"worker {n}" for n, pid in enumerate(hookd.pids, 1)}}
        executions, deploys = _executions(hookd, each), _deploys(hookd, changes)
        began = time.monotonic()
        for _ in range(SLICES):
            load.run(hookd.port, LONGEST_SLICE, executions, next(deploys))
            for pid, name in pids.items():
                series.take(time.monotonic() - began, pid, name)
        if not pids.keys() >= set(hookd.pids):
            raise Broken("a worker has died")
    seconds = time.monotonic() - began
    told = {
        "executions": each * SLICES,
        "deploys": changes * SLICES,
        "seconds": seconds,
        "per_s": each * SLICES / seconds,
    }
    taken = {life.name: _taken(life, each) for life in series.rows()}
    grown = _grown(list(taken.values()), is_long=plan.executions >= LONG)
    return {"capacity, load": {"in all": told}, CAPACITY: {**taken, GROWN: grown}}


def _executions(hookd: Hookd, most: int) -> Stream:
    tenants = {f"steady{number}": case.variant(number) for number in range(STEADY)}
    for tenant, script in tenants.items():
        hookd.created(tenant, script)
    requests, answers = [hookd.execute(tenant) for tenant in tenants], [case.claim(n) for n in range(STEADY)]
    return Stream(requests=requests, contains=answers, most=most)


def _deploys(hookd: Hookd, most: int) -> Iterator[Stream]:
    """Streams of so many deploys, each followed by a request to that hook."""
    tenants = [f"changing{number}" for number in range(CHANGING)]
    hooks = {tenant: hookd.created(tenant, case.variant(0)) for tenant in tenants}
    asked = {tenant: hookd.execute(tenant) for tenant in tenants}
    versions = count(1)
    while True:
        requests, answers = [], []
        for number in islice(versions, most):
            tenant = tenants[number % CHANGING]
            requests += [hookd.change(tenant, hooks[tenant], case.variant(number)), asked[tenant]]
            answers += ['"enabled":true', case.claim(number)]
        yield Stream(requests=requests, contains=answers, pick="once", in_turn=True)


def _taken(life: Life, each: int) -> Row:
    """What a process took when it was warm and at the end, or at most since it was warm; and how its memory rose.

    `each` executions were between two looks at it.
    """
    row: dict[str, float] = {}
    for what, name in MEMORY.items():
        row[f"{name}_warm_mib"], row[f"{name}_end_mib"] = life.warm_and_late(what)
    row[RISE] = life.slope("resident") * 1024 * 1000 / each
    for what in BOUNDED:
        row[f"{what}_warm"], row[f"{what}_most"] = life.warm_and_late(what)[0], life.most(what)
    return row


def _grown(rows: Sequence[Row], *, is_long: bool) -> Row:
    """How many times what it took when it was warm: the process that grew most. What it rises by is told of a long run only."""
    grown = {
        f"{name}_end_mib": max(row[f"{name}_end_mib"] / row[f"{name}_warm_mib"] for row in rows)
        for name in MEMORY.values()
    }
    grown |= {f"{what}_most": max(row[f"{what}_most"] / row[f"{what}_warm"] for row in rows) for what in BOUNDED}
    return {**grown, RISE: max(row[RISE] for row in rows)} if is_long else grown
