"""What is counted of all executions since the process began. Neither clock nor IO, and nothing of Prometheus: `web.metrics` shows it.

Rule: `count` is on the way of every token request, and costs about a microsecond.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

from runtime.model import Execution

BOUNDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0),
)
"""Seconds: the most of each class of durations."""

KINDS_MOST: Final = 10_000
OTHER: Final = "(other)"
"""In place of the tenant and the hook when there are so many kinds: a series each, and a hook's name is its developer's to choose."""


class Kind(NamedTuple):
    """Executions that are counted as one."""

    tenant: str
    trigger: str
    hook: str
    decision: str
    outcome: str


class Durations:
    """How many took how long. `classes` has a number for each of `BOUNDS`, and one for what is longer; `seconds` is their sum."""

    __slots__ = ("classes", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.classes[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Timed:
    """The executions of one trigger: in all, in the sandbox (CPU time), and waiting: for a place, an answer, a timer."""

    __slots__ = ("sandbox", "total", "wait")

    def __init__(self) -> None:
        self.total, self.sandbox, self.wait = Durations(), Durations(), Durations()


class Metrics:
    """Counts of this process. `executions` by kind, `timed` by trigger."""

    def __init__(self) -> None:
        self.executions: dict[Kind, int] = {}
        self.timed: dict[str, Timed] = {}

    def count(self, execution: Execution) -> None:
        """Take one execution."""
        trigger = execution.trigger
        kind = Kind(execution.tenant, trigger, execution.hook_name, execution.decision, execution.outcome)
        counts = self.executions
        if kind not in counts and len(counts) >= KINDS_MOST:
            kind = kind._replace(tenant=OTHER, hook=OTHER)
        counts[kind] = counts.get(kind, 0) + 1
        timed = self.timed.get(trigger)
        if timed is None:
            timed = self.timed[trigger] = Timed()
        total, cpu = execution.duration_ms / 1000, execution.cpu_ms / 1000
        timed.total.add(total)
        timed.sandbox.add(cpu)
        timed.wait.add(max(0.0, total - cpu))
