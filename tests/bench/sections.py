"""The sections of the benchmark. Each gives tables; all rounds are interleaved, so that drift hits all rows alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeAlias

from tests.bench import case, process, references, report
from tests.bench.hookd import Hookd
from tests.bench.load import CONNECTIONS, LoadGenerator, Stream, request
from tests.bench.report import Row, Table
from tests.bench.servers import Child

HOOKD, FRESH, WHOLE = "hookd", "hookd, fresh sandbox", "hookd, whole path"
SIGNATURE, NOOP = "RS256 signature", "no-op aiohttp"
DEPLOYED_ONE, CROWDED_ONE, CROWDED = "one deployed", "many deployed, one asked", "many deployed, all asked"
ALONE, BESIDE = "alone", "beside a hostile hook"
FIRST, SECOND = "first start", "second start"
MOST_SAMPLES = 20_000
LISTENER = "listener"
GOOD_RATE, HOSTILE_RATE = 200, 1
TOLD_RATE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long to measure. Seconds, except where the name says otherwise."""

    rounds: int
    in_process: float
    http: float
    deployments: int
    hooks: Sequence[int]
    spread: float
    neighbour: float


FULL = Plan(rounds=7, in_process=1.0, http=3.0, deployments=50, hooks=(1, 100, 5_000), spread=3.0, neighbour=10.0)
QUICK = Plan(rounds=3, in_process=0.4, http=1.0, deployments=15, hooks=(1, 100, 500), spread=1.0, neighbour=4.0)

Measure: TypeAlias = Callable[[], Row]
LeftOut: TypeAlias = Mapping[str, str]
"""Reference -> why it can not be measured here."""


def interleaved(rounds: int, measures: Mapping[str, Measure]) -> Table:
    """A B C A B C ...: each row's median over the rounds. A round that warms up goes before and is not counted."""
    rows: dict[str, list[Row]] = {name: [] for name in measures}
    for turn in range(rounds + 1):
        for name, measure in measures.items():
            row = measure()
            if turn:
                rows[name].append(row)
    return {name: report.over_rounds(of_one) for name, of_one in rows.items()}


def in_process(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """The same hook and the same JSON, in one process each, without HTTP; and one RS256 signature."""
    with ExitStack() as stack:
        timers = {FRESH: references.python_timer("fresh"), WHOLE: references.python_timer("whole")}
        timers |= {name: references.timer(name) for name in references.RUNNERS if name not in left_out}
        timers[SIGNATURE] = references.python_timer("rs256")
        for timer in timers.values():
            stack.enter_context(timer)
        measures = {name: _timed(timer, plan.in_process) for name, timer in timers.items()}
        return {"in process": interleaved(plan.rounds, measures)}


def over_http(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """The execution API's JSON over 16 keep-alive connections, a closed loop; each server a process on its own."""
    with ExitStack() as stack:
        load = stack.enter_context(LoadGenerator())
        hookd = stack.enter_context(Hookd())
        _deploy(load, hookd, {"bench": case.HOOK})
        plain = _executing(request("POST", case.PATH, case.REQUEST))
        bearing = _executing(hookd.execute("bench"))
        measures = {HOOKD: _served(load, hookd.pid, hookd.port, plan.http, bearing)}
        for name in (NOOP, *references.SERVED):
            if name not in left_out:
                child, port = references.noop_server() if name == NOOP else references.server(name)
                stack.enter_context(child)
                measures[name] = _served(load, child.pid, port, plan.http, plain)
        return {"over HTTP": interleaved(plan.rounds, measures)}


def deploy(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """POST /api/v2/hooks of an enabled hook without dependencies, one after the other, each for a new tenant."""
    with LoadGenerator() as load, Hookd() as hookd:
        tenants = count()

        def measure() -> Row:
            scripts = {f"tenant{number}": case.variant(number) for number in islice(tenants, plan.deployments)}
            return _milliseconds(_deploy(load, hookd, scripts))

        return {"deploy": interleaved(plan.rounds, {HOOKD: measure})}


def many_hooks(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """Memory as hooks of as many tenants are deployed and run once; then p50 over one connection, spread over all."""
    most = plan.hooks[-1]
    with LoadGenerator() as load, Hookd() as lonely, Hookd() as crowded:
        _deploy(load, lonely, {"tenant0": case.variant(0)})
        sizes = _grown(load, crowded, plan.hooks)
        one = _executing(crowded.execute("tenant0"), connections=1)
        every = [crowded.execute(f"tenant{number}") for number in range(most)]
        measures = {
            DEPLOYED_ONE: _loaded(load, lonely.port, plan.spread, _executing(lonely.execute("tenant0"), connections=1)),
            CROWDED_ONE: _loaded(load, crowded.port, plan.spread, one),
            CROWDED: _loaded(load, crowded.port, plan.spread, _executing(*every, connections=1, pick="random")),
        }
        return {"memory": sizes, "many hooks": interleaved(plan.rounds, measures)}


def bad_neighbour(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """A good hook at 200 requests/s on a fixed schedule, with and without an endless loop once a second."""
    with LoadGenerator() as load, Hookd(core=None) as hookd:
        _deploy(load, hookd, {"good": case.HOOK, "hostile": case.HOSTILE})
        good = _executing(hookd.execute("good"), rate=GOOD_RATE)
        hostile = Stream(requests=[hookd.execute("hostile")], contains="cpu_limit", connections=4, rate=HOSTILE_RATE)
        measures = {
            ALONE: _loaded(load, hookd.port, plan.neighbour, good),
            BESIDE: _loaded(load, hookd.port, plan.neighbour, good, hostile),
        }
        return {"bad neighbour": interleaved(plan.rounds, measures)}


def tail(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """From `console.log` to somebody who follows the log live, at 500 executions/s on a fixed schedule; none may be missing."""
    with LoadGenerator() as load, Hookd(core=None) as hookd:
        _deploy(load, hookd, {"told": case.TELLING})
        stream = _executing(hookd.execute("told"), rate=TOLD_RATE)

        def measure() -> Row:
            with hookd.listen("told") as listener:
                load.run(hookd.port, plan.spread, stream)
                listener.wait_for(round(plan.spread * TOLD_RATE))
                return report.latency(listener.ms, "ms")

        return {"tail": interleaved(plan.rounds, {LISTENER: measure})}


def start(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """From exec to listening: over an empty directory, then again and again over what the first start left there."""
    with Hookd(core=None) as hookd:
        first = {"p50_ms": hookd.started_ms}
        return {"start": {FIRST: first, **interleaved(plan.rounds, {SECOND: lambda: {"p50_ms": hookd.restart()}})}}


SECTIONS: Mapping[str, Callable[[Plan, LeftOut], dict[str, Table]]] = {
    "in-process": in_process,
    "http": over_http,
    "deploy": deploy,
    "hooks": many_hooks,
    "neighbour": bad_neighbour,
    "tail": tail,
    "start": start,
}


def _executing(
    *requests: str, connections: int = CONNECTIONS, pick: str = "cycle", rate: float | None = None
) -> Stream:
    """Requests to execute the seed hook, each answered with the scope that it adds."""
    return Stream(requests=requests, contains='"extra"', connections=connections, pick=pick, rate=rate)


def _timed(timer: Child, seconds: float) -> Measure:
    return lambda: report.latency(timer.ask({"seconds": seconds, "most": MOST_SAMPLES}), "us")


def _loaded(load: LoadGenerator, port: int, seconds: float, *streams: Stream) -> Measure:
    """The first stream's row."""
    return lambda: load.run(port, seconds, *streams)[0]


def _served(load: LoadGenerator, pid: int, port: int, seconds: float, stream: Stream) -> Measure:
    """The stream's row, and the server's CPU time per answer."""

    def measure() -> Row:
        before = process.cpu_seconds(pid)
        row = load.run(port, seconds, stream)[0]
        cpu_us = (process.cpu_seconds(pid) - before) * 1e6
        return {**row, "cpu_us": cpu_us / (row["per_s"] * seconds)}

    return measure


def _deploy(load: LoadGenerator, hookd: Hookd, scripts: Mapping[str, str]) -> Row:
    """Create and enable a hook for each tenant, one after the other; the answers' row."""
    requests = [hookd.deploy(tenant, script) for tenant, script in scripts.items()]
    return load.run(
        hookd.port, 600, Stream(requests=requests, contains='"enabled":true', connections=1, pick="once", expect=201)
    )[0]


def _grown(load: LoadGenerator, hookd: Hookd, counts: Iterable[int]) -> Table:
    """Resident memory at each count. `kib_per_hook` counts from the first: what the first run loads is no hook's."""
    table: dict[str, Row] = {"no hook": {"rss_mib": process.resident(hookd.pid)}}
    deployed, first = 0, 0.0
    for wanted in counts:
        numbers = range(deployed, wanted)
        _deploy(load, hookd, {f"tenant{number}": case.variant(number) for number in numbers})
        asked = [hookd.execute(f"tenant{number}") for number in numbers]
        load.run(hookd.port, 600, _executing(*asked, connections=1, pick="once"))
        size = process.resident(hookd.pid)
        first = first or size
        if wanted == 1:
            table["one hook"] = {"rss_mib": size}
        else:
            table[f"{wanted:,} hooks"] = {"rss_mib": size, "kib_per_hook": (size - first) * 1024 / (wanted - 1)}
        deployed = wanted
    return table


def _milliseconds(row: Row) -> Row:
    return {"p50_ms": row["p50_us"] / 1000, "p99_ms": row["p99_us"] / 1000}
