"""What the project promises of its figures."""

from __future__ import annotations

from tests.bench.report import Cell, Target
from tests.bench.sections import ALONE, BESIDE, CROWDED, DEPLOYED_ONE, FRESH, HOOKD, LISTENER, SECOND, WHOLE


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
        promise="from console.log to a listener at 500 executions/s, ms (p99)",
        of=Cell("tail", LISTENER, "p99_ms"),
        at_most=250,
    ),
    Target(promise="second start, ms", of=Cell("start", SECOND, "p50_ms"), at_most=2000),
)
