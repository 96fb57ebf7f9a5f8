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

    def add(self, other: Durations) -> None:
        """Count those, too."""
        self.classes = [one + more for one, more in zip(self.classes, other.classes, strict=True)]
        self.seconds += other.seconds


class Timed:
    """How long executions took: in all, in the sandbox (CPU time), and waiting: for a place, an answer, a timer."""

    __slots__ = ("count", "sandbox", "total", "wait")

    def __init__(self) -> None:
        self.count = 0
        self.total, self.sandbox, self.wait = Durations(), Durations(), Durations()

    def add(self, other: Timed) -> None:
        """Count those, too."""
        self.count += other.count
        self.total.add(other.total)
        self.sandbox.add(other.sandbox)
        self.wait.add(other.wait)


class Metrics:
    """Counts of this process, by kind."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str, str, str], Timed] = {}

    def count(self, execution: Execution) -> None:
        """Take one execution."""
        # One look-up, and no call that can be spared.
        kind = execution.tenant, execution.trigger, execution.hook_name, execution.decision, execution.outcome
        timed = self._kinds.get(kind) or self._timed(kind)
        timed.count += 1
        total, cpu = execution.duration_ms / 1000, execution.cpu_ms / 1000
        wait = total - cpu if total > cpu else 0.0
        for durations, seconds in ((timed.total, total), (timed.sandbox, cpu), (timed.wait, wait)):
            durations.classes[bisect_left(BOUNDS, seconds)] += 1
            durations.seconds += seconds

    @property
    def executions(self) -> dict[Kind, int]:
        """How many of each kind."""
        return {Kind(*kind): timed.count for kind, timed in self._kinds.items()}

    @property
    def timed(self) -> dict[str, Timed]:
        """How long they took, by trigger."""
        triggers: dict[str, Timed] = {}
        for (_, trigger, *_), timed in self._kinds.items():
            triggers.setdefault(trigger, Timed()).add(timed)
        return triggers

    def _timed(self, kind: tuple[str, str, str, str, str]) -> Timed:
        if len(self._kinds) >= KINDS_MOST:
            _, trigger, _, decision, outcome = kind
            kind = OTHER, trigger, OTHER, decision, outcome
        return self._kinds.setdefault(kind, Timed())
