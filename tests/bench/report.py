"""The figures: percentiles, medians, ratios, the targets of the project, tables. Pure.

A *round* is one row of figures by column name. A *table* is row name -> figures, each the median over rounds. The unit
is the end of the column's name: `p50_us`, `p50_ms`, `per_s`, `mib`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

Row: TypeAlias = Mapping[str, float]
Table: TypeAlias = Mapping[str, Row]
Tables: TypeAlias = Mapping[str, Table]


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0 to 1) of the samples do not exceed: nearest rank."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]


def latency(samples: Sequence[float], unit: str) -> dict[str, float]:
    """`{"p50_UNIT", "p99_UNIT"}` of one round."""
    return {f"p50_{unit}": percentile(samples, 0.5), f"p99_{unit}": percentile(samples, 0.99)}


def over_rounds(rounds: Iterable[Row]) -> dict[str, float]:
    """Each column's median over the rounds."""
    rows = list(rounds)
    return {column: median(row[column] for row in rows) for column in rows[0]}


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one figure stands."""

    table: str
    row: str
    column: str

    def read(self, tables: Tables) -> float | None:
        """The figure, or None where it was not measured."""
        return tables.get(self.table, {}).get(self.row, {}).get(self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A promise: `of` (divided by `to`) is at least or at most a bound."""

    promise: str
    of: Cell
    to: Cell | None = None
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a target. `reached` and `measured` are None where a figure is missing."""

    promise: str
    bound: str
    measured: float | None
    reached: bool | None


def judge(target: Target, tables: Tables) -> Verdict:
    """The verdict on one target."""
    measured = target.of.read(tables)
    if target.to is not None and measured is not None:
        base = target.to.read(tables)
        measured = measured / base if base else None
    return Verdict(promise=target.promise, bound=_bound(target), measured=measured, reached=_reached(target, measured))


def _bound(target: Target) -> str:
    if target.at_least is not None:
        return f">= {target.at_least:.4g}"
    return f"<= {target.at_most:.4g}"


def _reached(target: Target, measured: float | None) -> bool | None:
    if measured is None:
        return None
    if target.at_least is not None:
        return measured >= target.at_least
    return target.at_most is not None and measured <= target.at_most


def render_table(title: str, table: Table, base: str = "", column: str = "") -> str:
    """Text: one line per row; with `base` also each row's `column` divided by that row's."""
    columns = list(dict.fromkeys(name for row in table.values() for name in row))
    relative = bool(base) and table.get(base, {}).get(column)
    head = [title, *columns] + ([f"{column} / {base}"] if relative else [])
    lines = [head] + [[name, *(_number(row.get(item)) for item in columns)] for name, row in table.items()]
    if relative:
        for line, row in zip(lines[1:], table.values(), strict=True):
            line.append(_number(row[column] / table[base][column] if column in row else None))
    return _align(lines)


def render_verdicts(verdicts: Iterable[Verdict]) -> str:
    """Text: every target, its bound, what was measured, reached or not."""
    words = {True: "reached", False: "NOT reached", None: "not measured"}
    lines = [["target", "bound", "measured", ""]]
    lines += [
        [verdict.promise, verdict.bound, _exact(verdict.measured), words[verdict.reached]] for verdict in verdicts
    ]
    return _align(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _exact(value: float | None) -> str:
    """Four digits: a figure just below its bound must not look like the bound."""
    return "-" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:#.4g}"


def _align(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    text = []
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [
            cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])
