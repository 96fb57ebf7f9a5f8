"""The section `redis`: what a Redis costs that several nodes share, beside SQLite, and when a node has what another was told."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import case, report
from tests.bench.hookd import Client, Hookd, Installation
from tests.bench.load import LoadGenerator
from tests.bench.plan import LeftOut, Measure, Plan, executing, interleaved, milliseconds, served, upload
from tests.bench.references import REDIS
from tests.bench.report import Row, Table
from tests.bench.servers import LOAD_CORE, Broken, pinned_to
from tests.redis_servers import RedisServer

SQLITE, TWO_NODES = "SQLite", "Redis, two nodes"
EXECUTED, DEPLOYED, IN_FORCE = "execution by storage", "deploy by storage", "in force at the other node"
FOLLOWED = "after a write's answer"
BUSY_RATE = 200
"""Requests per second at the other node, while it is asked whether it has what was written."""
LONGEST = 20.0
"""Seconds in which it must have it."""


def redis(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """Executions and deploys with SQLite and with a Redis (`appendonly yes`) that two nodes share; and how late the other node is.

    Redis and that node have the load generator's core, as if they were on other machines.
    """
    if REDIS in left_out:
        return {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="hookd-bench-")))
        load = stack.enter_context(LoadGenerator())
        with pinned_to(LOAD_CORE):
            server = stack.enter_context(RedisServer(folder))
        shared = stack.enter_context(Installation(server.url))
        alone, one = stack.enter_context(Hookd()), stack.enter_context(Hookd(installation=shared))
        other = stack.enter_context(Hookd(core=LOAD_CORE, installation=shared))
        nodes = {SQLITE: alone, TWO_NODES: one}
        executed = {name: _executed(load, hookd, plan.http) for name, hookd in nodes.items()}
        deployed = {name: _deployed(load, hookd, plan.deployments) for name, hookd in nodes.items()}
        return {
            EXECUTED: interleaved(plan.rounds, executed),
            DEPLOYED: interleaved(max(1, plan.rounds // 2), deployed),
            IN_FORCE: {FOLLOWED: _followed(load, one, other, 2 * plan.deployments)},
        }


def _executed(load: LoadGenerator, hookd: Hookd, seconds: float) -> Measure:
    upload(load, hookd, {"bench": case.HOOK})
    return served(load, hookd.pids, hookd.port, seconds, executing(hookd.execute("bench")))


def _deployed(load: LoadGenerator, hookd: Hookd, times: int) -> Measure:
    tenants = count()

    def measure() -> Row:
        scripts = {f"tenant{number}": case.variant(number) for number in islice(tenants, times)}
        return milliseconds(upload(load, hookd, scripts))

    return measure


def _followed(load: LoadGenerator, one: Hookd, other: Hookd, writes: int) -> Row:
    """So many writes at one node, and from each one's answer on how long the other node still has what was before.

    0 where the first that it is asked has the new version. Meanwhile others ask it, too.
    """
    hook = one.created("followed", case.variant(0))
    busy = executing(other.execute("followed"), connections=2, rate=BUSY_RATE)
    late = []
    with ThreadPoolExecutor(1) as threads, one.client("followed") as writer, other.client("followed") as reader:
        beside = threads.submit(load.run, other.port, 1 + writes / 40, busy)
        for number in range(1, 1 + writes):
            writer.ask("PATCH", f"/api/v2/hooks/{hook}", {"script": case.variant(number)})
            late.append(_late(reader, number))
        beside.result(60)
    ms = [seconds * 1000 for seconds in late]
    return {"writes": writes, "late": sum(map(bool, ms)), **report.latency(ms, "ms"), "most_ms": max(ms)}


def _late(reader: Client, number: int) -> float:
    """Seconds until a request has the decision of this version."""
    written = time.perf_counter()
    asked = written
    while case.claim(number) not in json.dumps(reader.ask("POST", case.PATH, case.REQUEST)["claims"]):
        asked = time.perf_counter()
        if asked > written + LONGEST:
            raise Broken(f"a node has not heard of a write for {LONGEST} seconds")
    return asked - written
