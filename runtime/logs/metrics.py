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
TENANT_KINDS_MOST: Final = 1_000
"""Of one tenant's: it must not take the place of the others."""

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


class Timed:
    """How long executions took: in all, in the sandbox (CPU time), and waiting: for a place, an answer, a timer."""

    __slots__ = ("sandbox", "total", "wait")

    def __init__(self) -> None:
        self.total, self.sandbox, self.wait = Durations(), Durations(), Durations()


class _Count:
    """Executions of one kind, and where their times are counted: by trigger, not by kind, of which there are many."""

    __slots__ = ("number", "timed")

    def __init__(self, timed: Timed) -> None:
        self.number, self.timed = 0, timed


class Metrics:
    """Counts of this process, by kind."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str, str, str], _Count] = {}
        self._of_tenant: dict[str, int] = {}
        self.timed: dict[str, Timed] = {}
        """How long executions took, by trigger."""

    def count(self, execution: Execution) -> None:
        """Take one execution."""
        # One look-up, and no call that can be spared.
        kind = execution.tenant, execution.trigger, execution.hook_name, execution.decision, execution.outcome
        count = self._kinds.get(kind) or self._new(kind)
        count.number += 1
        timed, total, cpu = count.timed, execution.duration_ms, execution.cpu_ms
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
        """How many of each kind. For any thread."""
        return {Kind(*kind): count.number for kind, count in list(self._kinds.items())}

    def _new(self, kind: tuple[str, str, str, str, str]) -> _Count:
        tenant, trigger, _, decision, outcome = kind
        of_tenant = self._of_tenant.get(tenant, 0)
        if len(self._kinds) >= KINDS_MOST:
            kind = OTHER, trigger, OTHER, decision, outcome
        elif of_tenant >= TENANT_KINDS_MOST:
            kind = tenant, trigger, OTHER, decision, outcome
        if kind not in self._kinds:
            if kind[0] != OTHER:
                self._of_tenant[tenant] = of_tenant + 1
            self._kinds[kind] = _Count(self.timed.setdefault(trigger, Timed()))
        return self._kinds[kind]
