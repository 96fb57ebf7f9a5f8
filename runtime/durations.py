"""Durations by class, so that many can be counted and asked for their quantiles without keeping each. Pure.

A class is half an octave: what a quantile says is at most a fifth off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

BOUNDS: Final = tuple(0.05 * 2 ** (step / 2) for step in range(41))
"""Milliseconds, from 0.05 to 52,429, each the most of its class; longer ones are a class of their own."""


def class_of(ms: float) -> int:
    """Which class a duration is of; 0 is the shortest."""
    return bisect_left(BOUNDS, ms)


def quantile(counts: Mapping[int, int], part: float) -> float | None:
    """The duration, in ms, that this part of them does not exceed: `{class: how many}`. None where there are none."""
    rank = part * sum(counts.values())
    before = 0
    for duration, count in sorted(counts.items()):
        if before + count >= rank and count:
            least = BOUNDS[duration - 1] if duration else 0.0
            most = BOUNDS[min(duration, len(BOUNDS) - 1)]
            return least + (most - least) * (rank - before) / count
        before += count
    return None
