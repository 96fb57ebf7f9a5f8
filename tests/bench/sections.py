"""The sections of the benchmark. Each gives tables; all rounds are interleaved, so that drift hits all rows alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count, islice

from tests.bench import case, process, references, report
from tests.bench.capacity import capacity
from tests.bench.hookd import Hookd
from tests.bench.load import LoadGenerator, Stream, request
from tests.bench.overload import overload
from tests.bench.plan import LeftOut, Measure, Plan, executing, interleaved, loaded, milliseconds, served, upload
from tests.bench.report import Row, Table
from tests.bench.servers import Child
from tests.bench.shared import redis

HOOKD, FRESH, WHOLE = "hookd", "hookd, fresh sandbox", "hookd, whole path"
SIGNATURE, NOOP = "RS256 signature", "no-op aiohttp"
DEPLOYED_ONE, CROWDED_ONE, CROWDED = "one deployed", "many deployed, one asked", "many deployed, all asked"
ALONE, BESIDE = "alone", "beside a hostile hook"
CALM, STORM, ELSEWHERE = "calm", "in another tenant's storm", "in another service's storm"
FIRST, SECOND = "first start", "second start"
MOST_SAMPLES = 20_000
LISTENER, LISTENER_OF_TWO = "listener", "listener, two workers"
ONE, TWO, APART = "one worker", "two workers", "two that share nothing"
GOOD_RATE, HOSTILE_RATE = 200, 1
TOLD_RATE = 500


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
        upload(load, hookd, {"bench": case.HOOK})
        plain = executing(request("POST", case.PATH, case.REQUEST))
        bearing = executing(hookd.execute("bench"))
        measures = {HOOKD: served(load, hookd.pids, hookd.port, plan.http, bearing)}
        for name in (NOOP, *references.SERVED):
            if name not in left_out:
                child, port = references.noop_server() if name == NOOP else references.server(name)
                stack.enter_context(child)
                measures[name] = served(load, [child.pid], port, plan.http, plain)
        return {"over HTTP": interleaved(plan.rounds, measures)}


def deploy(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """POST /api/v2/hooks of an enabled hook without dependencies, one after the other, each for a new tenant."""
    with LoadGenerator() as load, Hookd() as hookd:
        tenants = count()

        def measure() -> Row:
            scripts = {f"tenant{number}": case.variant(number) for number in islice(tenants, plan.deployments)}
            return milliseconds(upload(load, hookd, scripts))

        return {"deploy": interleaved(plan.rounds, {HOOKD: measure})}


def many_hooks(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """Memory as hooks of as many tenants are deployed and run once; then p50 over one connection, spread over all."""
    most = plan.hooks[-1]
    with LoadGenerator() as load, Hookd() as lonely, Hookd() as crowded:
        upload(load, lonely, {"tenant0": case.variant(0)})
        sizes = _grown(load, crowded, plan.hooks)
        one = executing(crowded.execute("tenant0"), connections=1)
        every = [crowded.execute(f"tenant{number}") for number in range(most)]
        measures = {
            DEPLOYED_ONE: loaded(load, lonely.port, plan.spread, executing(lonely.execute("tenant0"), connections=1)),
            CROWDED_ONE: loaded(load, crowded.port, plan.spread, one),
            CROWDED: loaded(load, crowded.port, plan.spread, executing(*every, connections=1, pick="random")),
        }
        return {"memory": sizes, "many hooks": interleaved(plan.rounds, measures)}


def bad_neighbour(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """A good hook at 200 requests/s on a fixed schedule, with and without an endless loop once a second."""
    with LoadGenerator() as load, Hookd(core=None) as hookd:
        upload(load, hookd, {"good": case.HOOK, "hostile": case.HOSTILE})
        good = executing(hookd.execute("good"), rate=GOOD_RATE)
        hostile = Stream(requests=[hookd.execute("hostile")], contains="cpu_limit", connections=4, rate=HOSTILE_RATE)
        measures = {
            ALONE: loaded(load, hookd.port, plan.neighbour, good),
            BESIDE: loaded(load, hookd.port, plan.neighbour, good, hostile),
        }
        return {"bad neighbour": interleaved(plan.rounds, measures)}


def storm(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """A good hook at 200 requests/s on a fixed schedule; beside another tenant that asks as fast as it can; beside that same storm
    at another service, which shares nothing with the first but its core.

    Both generators are on the other core, where the one that measures comes first: else it would be its own waiting, for a
    core that the storm's generator uses, that it measures.
    """
    with ExitStack() as stack:
        load, weather = stack.enter_context(LoadGenerator(comes_first=True)), stack.enter_context(LoadGenerator())
        hookd, other = (stack.enter_context(Hookd()) for _ in range(2))
        threads = stack.enter_context(ThreadPoolExecutor(1))
        upload(load, hookd, {"good": case.HOOK})
        calm = loaded(load, hookd.port, plan.neighbour, executing(hookd.execute("good"), rate=GOOD_RATE))

        def in_storm(at: Hookd) -> Measure:
            upload(load, at, {"stormy": case.HOOK})
            stormy = executing(at.execute("stormy"), connections=64)

            def measure() -> Row:
                raging = threads.submit(weather.run, at.port, plan.neighbour, stormy)
                row = calm()
                return {**row, "storm_per_s": raging.result()[0]["per_s"]}

            return measure

        return {"storm": interleaved(plan.rounds, {CALM: calm, STORM: in_storm(hookd), ELSEWHERE: in_storm(other)})}


def tail(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """From `console.log` to somebody who follows the log live, at 500 executions/s on a fixed schedule; none may be missing."""
    with LoadGenerator() as load, Hookd(core=None) as one, Hookd(core=None, workers=2) as two:

        def told(hookd: Hookd) -> Measure:
            upload(load, hookd, {"told": case.TELLING})
            stream = executing(hookd.execute("told"), rate=TOLD_RATE)

            def measure() -> Row:
                with hookd.listen("told") as listener:
                    load.run(hookd.port, plan.spread, stream)
                    listener.wait_for(round(plan.spread * TOLD_RATE))
                    return report.latency(listener.ms, "ms")

            return measure

        return {"tail": interleaved(plan.rounds, {LISTENER: told(one), LISTENER_OF_TWO: told(two)})}


def workers(plan: Plan, left_out: LeftOut) -> dict[str, Table]:
    """Answers of one worker, of two, and of two services with one each that share nothing: what the machine lets two have.

    The load generator takes its part of a small machine. So `capacity_per_s` is what the workers would give in a second of
    CPU time each. That holds as far as they have something to do all the time: `occupied` is the share of it in which their event
    loops ran or waited for a processor. What one waits for the other is not in it.
    """
    with ExitStack() as stack:
        loads = [stack.enter_context(LoadGenerator()) for _ in range(2)]
        one, other = (stack.enter_context(Hookd(core=None)) for _ in range(2))
        two = stack.enter_context(Hookd(core=None, workers=2))
        for hookd in (one, other, two):
            upload(loads[0], hookd, {"bench": case.HOOK})

        def asked(load: LoadGenerator, hookd: Hookd, connections: int) -> Row:
            stream = executing(hookd.execute("bench"), connections=connections)
            return load.run(hookd.port, plan.http, stream)[0]

        def together(*hookds: Hookd) -> Row:
            pids = [pid for hookd in hookds for pid in hookd.pids]
            before, wanted = sum(map(process.cpu_seconds, pids)), sum(map(process.wanted_seconds, pids))
            with ThreadPoolExecutor(len(hookds)) as threads:
                rows = list(threads.map(asked, loads, hookds, [64 // len(hookds)] * len(hookds)))
            occupied = (sum(map(process.wanted_seconds, pids)) - wanted) / (len(pids) * plan.http)
            per_s = sum(row["per_s"] for row in rows)
            cpu_us = (sum(map(process.cpu_seconds, pids)) - before) * 1e6 / (per_s * plan.http)
            return {"per_s": per_s, "cpu_us": cpu_us, "capacity_per_s": len(pids) * 1e6 / cpu_us, "occupied": occupied}

        measures = {ONE: lambda: together(one), TWO: lambda: together(two), APART: lambda: together(one, other)}
        return {"workers": interleaved(plan.rounds, measures)}


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
    "storm": storm,
    "tail": tail,
    "workers": workers,
    "redis": redis,
    "overload": overload,
    "capacity": capacity,
    "start": start,
}


def _timed(timer: Child, seconds: float) -> Measure:
    return lambda: report.latency(timer.ask({"seconds": seconds, "most": MOST_SAMPLES}), "us")


def _grown(load: LoadGenerator, hookd: Hookd, counts: Iterable[int]) -> Table:
    """Resident memory at each count. `kib_per_hook` counts from the first: what the first run loads is no hook's."""
    table: dict[str, Row] = {"no hook": {"rss_mib": process.resident(hookd.pid)}}
    deployed, first = 0, 0.0
    for wanted in counts:
        numbers = range(deployed, wanted)
        upload(load, hookd, {f"tenant{number}": case.variant(number) for number in numbers})
        asked = [hookd.execute(f"tenant{number}") for number in numbers]
        load.run(hookd.port, 600, executing(*asked, connections=1, pick="once"))
        size = process.resident(hookd.pid)
        first = first or size
        if wanted == 1:
            table["one hook"] = {"rss_mib": size}
        else:
            table[f"{wanted:,} hooks"] = {"rss_mib": size, "kib_per_hook": (size - first) * 1024 / (wanted - 1)}
        deployed = wanted
    return table
