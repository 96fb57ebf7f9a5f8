"""What all sections share: how long to measure, in which order, and the requests that most of them send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.bench import process, report
from tests.bench.hookd import Hookd
from tests.bench.load import CONNECTIONS, LoadGenerator, Stream
from tests.bench.report import Row, Table


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
    executions: int
    deploys: int
    overload: float


FULL = Plan(
    rounds=7,
    in_process=1.0,
    http=3.0,
    deployments=50,
    hooks=(1, 100, 5_000),
    spread=3.0,
    neighbour=10.0,
    executions=20_000,
    deploys=200,
    overload=4.0,
)
QUICK = Plan(
    rounds=3,
    in_process=0.4,
    http=1.0,
    deployments=15,
    hooks=(1, 100, 500),
    spread=1.0,
    neighbour=4.0,
    executions=4_000,
    deploys=40,
    overload=1.0,
)

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


def executing(*requests: str, connections: int = CONNECTIONS, pick: str = "cycle", rate: float | None = None) -> Stream:
    """Requests to execute the seed hook, each answered with the scope that it adds."""
    return Stream(requests=requests, contains='"extra"', connections=connections, pick=pick, rate=rate)


def loaded(load: LoadGenerator, port: int, seconds: float, *streams: Stream) -> Measure:
    """The first stream's row."""
    return lambda: load.run(port, seconds, *streams)[0]


def served(load: LoadGenerator, pids: Sequence[int], port: int, seconds: float, stream: Stream) -> Measure:
    """The stream's row, and the CPU time of the server's processes per answer."""

    def measure() -> Row:
        before = sum(map(process.cpu_seconds, pids))
        row = load.run(port, seconds, stream)[0]
        cpu_us = (sum(map(process.cpu_seconds, pids)) - before) * 1e6
        return {**row, "cpu_us": cpu_us / (row["per_s"] * seconds)}

    return measure


def upload(load: LoadGenerator, hookd: Hookd, scripts: Mapping[str, str]) -> Row:
    """Create and enable a hook for each tenant, one after the other; the answers' row."""
    requests = [hookd.deploy(tenant, script) for tenant, script in scripts.items()]
    return load.run(
        hookd.port, 600, Stream(requests=requests, contains='"enabled":true', connections=1, pick="once", expect=201)
    )[0]


def milliseconds(row: Row) -> Row:
    """A row of the load generator's, in milliseconds."""
    return {"p50_ms": row["p50_us"] / 1000, "p99_ms": row["p99_us"] / 1000}
