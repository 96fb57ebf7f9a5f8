"""What is counted of all executions since the process began. Neither clock nor IO, and nothing of Prometheus: `web.metrics` shows it.

Rule: `count` is on the way of every token request, and costs about a microsecond.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from runtime.model import Execution

CLASSES: Final = 20
BOUNDS: Final = tuple(2**step / 16_000 for step in range(CLASSES))
"""Seconds, from 1/16 ms to 33 s: the most of each class of durations. Each is twice the one before: that is found without a search."""

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
    """How many took how long. `classes` has a number for each of `BOUNDS`, and one for what is longer; `ms` is their sum.

    A duration of exactly a bound counts as longer.
    """

    __slots__ = ("classes", "ms")

    def __init__(self) -> None:
        self.classes = [0] * (len(BOUNDS) + 1)
        self.ms = 0.0

    def add(self, other: Durations) -> None:
        """Count those, too."""
        self.classes = [one + more for one, more in zip(self.classes, other.classes, strict=True)]
        self.ms += other.ms


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
        total, cpu = execution.duration_ms, execution.cpu_ms
        for durations, ms in (
            (timed.total, total),
            (timed.sandbox, cpu),
            (timed.wait, total - cpu if total > cpu else 0.0),
        ):
            step = int(ms * 16).bit_length()
            durations.classes[min(CLASSES, step)] += 1
            durations.ms += ms

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
