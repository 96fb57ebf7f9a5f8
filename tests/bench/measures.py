"""What processes take, over time, and whether it grows beyond what a warm service needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, median
from typing import Final, NamedTuple

from tests.bench.process import proportional, resident
from tests.bench.servers import Broken


class Sample(NamedTuple):
    """A process at one moment: resident memory in MiB, its part of it where others have the same, open files, memory maps, threads."""

    seconds: float
    resident: float
    proportional: float
    files: int
    maps: int
    threads: int


@dataclass(frozen=True, slots=True)
class Bound:
    """How much more a warm process may take later on: this part of what it took, and so much beside."""

    part: float
    beside: float


BOUNDS: Final[Mapping[str, Bound]] = {
    "resident": Bound(0.15, 24),
    "proportional": Bound(0.15, 24),
    "files": Bound(0.1, 40),
    "maps": Bound(0.1, 150),
    "threads": Bound(0.0, 8),
}
WARM_PART: Final = 0.3
"""Of a process's life: what it takes then is no growth, but caches and threads that there are to be."""
LEAST_SAMPLES: Final = 12
"""A life with fewer says nothing."""


@dataclass(slots=True)
class Series:
    """All samples of each process, by its id, and who each is."""

    names: dict[int, str] = field(default_factory=dict)
    samples: dict[int, list[Sample]] = field(default_factory=dict)

    def take(self, seconds: float, pid: int, name: str) -> None:
        """One more sample, unless the process is gone."""
        with contextlib.suppress(OSError, Broken, StopIteration):
            folder = Path(f"/proc/{pid}")
            sample = Sample(
                seconds,
                resident(pid),
                proportional(pid),
                sum(1 for _ in (folder / "fd").iterdir()),
                (folder / "maps").read_bytes().count(b"\n"),
                sum(1 for _ in (folder / "task").iterdir()),
            )
            self.names.setdefault(pid, name)
            self.samples.setdefault(pid, []).append(sample)

    def rows(self) -> Iterator[Life]:
        """Each life that is long enough to be judged."""
        for pid, samples in self.samples.items():
            if len(samples) >= LEAST_SAMPLES:
                yield Life(self.names[pid], pid, samples)


@dataclass(frozen=True, slots=True)
class Life:
    """One process from its first sample to its last."""

    name: str
    pid: int
    samples: Sequence[Sample]

    def warm_and_late(self, what: str) -> tuple[float, float]:
        """What it took when it was warm, and at its end: medians of a fifth of its samples each."""
        values, few = self._warm(what), max(1, len(self.samples) // 5)
        return median(values[:few]), median(values[-few:])

    def most(self, what: str) -> float:
        """At most, since it was warm."""
        return max(self._warm(what))

    def slope(self, what: str) -> float:
        """By how much it rises from one sample to the next, since it was warm: the straight line nearest to all."""
        values = self._warm(what)
        return linear_regression(range(len(values)), values).slope

    def _warm(self, what: str) -> list[float]:
        return [float(getattr(sample, what)) for sample in self.samples[int(len(self.samples) * WARM_PART) :]]

    def faults(self, bounds: Mapping[str, Bound] = BOUNDS) -> list[str]:
        """What grew beyond its bound, in words."""
        found = []
        for what, bound in bounds.items():
            warm, late = self.warm_and_late(what)
            if late > warm * (1 + bound.part) + bound.beside:
                found.append(f"{self.name} ({self.pid}): {what} grew from {warm:,.0f} to {late:,.0f}")
        return found
