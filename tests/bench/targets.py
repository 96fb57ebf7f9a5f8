"""What the project promises of its figures."""

from __future__ import annotations

from tests.bench.capacity import CAPACITY, GROWN, RISE
from tests.bench.overload import LIMITED, MOST, OVERLOAD, PEAK
from tests.bench.report import Cell, Target
from tests.bench.sections import (
    ALONE,
    APART,
    BESIDE,
    CALM,
    CROWDED,
    DEPLOYED_ONE,
    ELSEWHERE,
    FRESH,
    HOOKD,
    LISTENER,
    LISTENER_OF_TWO,
    ONE,
    SECOND,
    STORM,
    TWO,
    WHOLE,
)
from tests.bench.shared import DEPLOYED, EXECUTED, FOLLOWED, IN_FORCE, SQLITE, TWO_NODES


def _in_process(row: str) -> Cell:
    return Cell("in process", row, "p50_us")


def _over_http(row: str) -> Cell:
    return Cell("over HTTP", row, "per_s")


TARGETS = (
    Target(
        promise="fresh sandbox, times faster than vm.createContext (p50)",
        of=_in_process("vm.createContext"),
        to=_in_process(FRESH),
        at_least=3.5,
    ),
    Target(
        promise="fresh sandbox, times faster than isolated-vm (p50)",
        of=_in_process("isolated-vm"),
        to=_in_process(FRESH),
        at_least=14,
    ),
    Target(
        promise="the same with token, rules and record, times faster than vm.createContext (p50)",
        of=_in_process("vm.createContext"),
        to=_in_process(WHOLE),
        at_least=3.5,
    ),
    Target(
        promise="the same with token, rules and record, times faster than isolated-vm (p50)",
        of=_in_process("isolated-vm"),
        to=_in_process(WHOLE),
        at_least=14,
    ),
    Target(
        promise="execution API, times the vm.createContext server's requests/s",
        of=_over_http(HOOKD),
        to=_over_http("vm.createContext"),
        at_least=2,
    ),
    Target(
        promise="execution API, times the isolated-vm server's requests/s",
        of=_over_http(HOOKD),
        to=_over_http("isolated-vm"),
        at_least=7,
    ),
    Target(
        promise="execution API, share of the no-op aiohttp endpoint's requests/s",
        of=_over_http(HOOKD),
        to=_over_http("no-op aiohttp"),
        at_least=0.2,
    ),
    Target(promise="deploy, ms (p50)", of=Cell("deploy", HOOKD, "p50_ms"), at_most=30),
    Target(
        promise="p50 over all of many deployed hooks, times that of one",
        of=Cell("many hooks", CROWDED, "p50_us"),
        to=Cell("many hooks", DEPLOYED_ONE, "p50_us"),
        at_most=1.5,
    ),
    Target(
        promise="good hook's p99 beside a hostile one, times without it",
        of=Cell("bad neighbour", BESIDE, "p99_us"),
        to=Cell("bad neighbour", ALONE, "p99_us"),
        at_most=2,
    ),
    Target(
        promise="a hook's p99 in another tenant's storm, times without it",
        of=Cell("storm", STORM, "p99_us"),
        to=Cell("storm", CALM, "p99_us"),
        at_most=1.5,
    ),
    Target(
        promise="the same, times that where the storm has a service of its own on this core",
        of=Cell("storm", STORM, "p99_us"),
        to=Cell("storm", ELSEWHERE, "p99_us"),
        at_most=1.5,
    ),
    Target(
        promise="from console.log to a listener at 500 executions/s, ms (p99)",
        of=Cell("tail", LISTENER, "p99_ms"),
        at_most=250,
    ),
    Target(
        promise="the same with two workers, ms (p99)",
        of=Cell("tail", LISTENER_OF_TWO, "p99_ms"),
        at_most=250,
    ),
    Target(
        promise="two workers' capacity, times that of one",
        of=Cell("workers", TWO, "capacity_per_s"),
        to=Cell("workers", ONE, "capacity_per_s"),
        at_least=1.8,
    ),
    Target(
        promise="the same, of what two services have that share nothing",
        of=Cell("workers", TWO, "capacity_per_s"),
        to=Cell("workers", APART, "capacity_per_s"),
        at_least=0.95,
    ),
    Target(
        promise="of their time, what two workers run or wait for a processor",
        of=Cell("workers", TWO, "occupied"),
        at_least=0.95,
    ),
    Target(
        promise="execution API with Redis and two nodes, share of its requests/s with SQLite",
        of=Cell(EXECUTED, TWO_NODES, "per_s"),
        to=Cell(EXECUTED, SQLITE, "per_s"),
        at_least=0.9,
    ),
    Target(promise="deploy with Redis and two nodes, ms (p50)", of=Cell(DEPLOYED, TWO_NODES, "p50_ms"), at_most=30),
    Target(
        promise="from a write's answer at one node to its being in force at the other, ms (most)",
        of=Cell(IN_FORCE, FOLLOWED, "most_ms"),
        at_most=0,
    ),
    Target(
        promise="answers per second at three times the capacity, share of the peak",
        of=Cell(OVERLOAD, MOST, "answered_per_s"),
        to=Cell(OVERLOAD, PEAK, "answered_per_s"),
        at_least=0.8,
    ),
    Target(
        promise="the same with a rate limit",
        of=Cell(LIMITED, MOST, "answered_per_s"),
        to=Cell(LIMITED, PEAK, "answered_per_s"),
        at_least=0.8,
    ),
    Target(
        promise="from sent to answered at three times the capacity, 256 connections, ms (p99)",
        of=Cell(OVERLOAD, MOST, "served_p99_ms"),
        at_most=250,
    ),
    Target(
        promise="from due to answered there, with half a second's patience, ms (p99)",
        of=Cell(OVERLOAD, MOST, "p99_ms"),
        at_most=1000,
    ),
    Target(
        promise="memory after many executions and deploys, times a warm process's",
        of=Cell(CAPACITY, GROWN, "rss_end_mib"),
        at_most=1.1,
    ),
    Target(
        promise="what it rises by in half a million executions and more, KiB for each thousand",
        of=Cell(CAPACITY, GROWN, RISE),
        at_most=20,
    ),
    Target(promise="open files there, at most, times", of=Cell(CAPACITY, GROWN, "files_most"), at_most=1.25),
    Target(promise="memory maps there, at most, times", of=Cell(CAPACITY, GROWN, "maps_most"), at_most=1.25),
    Target(promise="second start, ms", of=Cell("start", SECOND, "p50_ms"), at_most=2000),
)
