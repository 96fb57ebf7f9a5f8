"""The section `overload` as a picture (SVG): against the load that is offered, what is answered, how late, and what is not.

One panel for each measure, one colour for each service; light, and legible without colour by the labels at the lines' ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import Final

from tests.bench.report import Row, Table, Tables

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP, _RIGHT = 560, 170, 70, 80, 75, 150
_COLOURS: Final = ("#2f5fbf", "#c2571a")
_LINE, _TEXT, _FAINT = "#999", "#222", "#e4e4e4"


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure: its title with the unit, and its lines, by column, what each is and how it is dashed; `by` is a factor."""

    title: str
    lines: Mapping[str, tuple[str, str]]
    by: float = 1.0


PANELS: Final = (
    Panel("answered by a hook (requests/s)", {"answered_per_s": ("answered", "")}),
    Panel("latency of the answered, p99 (ms)", {"p99_ms": ("from when due", ""), "served_p99_ms": ("from when sent", "4 3")}),
    Panel("not answered (% of offered)", {"refused_share": ("429 or 503", ""), "given_up_share": ("given up by client", "4 3")}, 100.0),
)  # fmt: skip


def svg(title: str, tables: Tables) -> str:
    """The whole picture, of tables of the section by the names that they have there. Rows without `offered_per_s` are left out."""
    curves = {name: _points(table) for name, table in tables.items()}
    furthest = _round_up(max(row["offered_per_s"] for rows in curves.values() for row in rows))
    height = _TOP + len(PANELS) * (_HEIGHT + _GAP)
    width = _LEFT + _WIDTH + _RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<g font-family="sans-serif" font-size="12" fill="{_TEXT}">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (name, colour) in enumerate(zip(curves, _COLOURS, strict=False)):
        lines.append(
            f'<text x="{_LEFT + number * 150}" y="42" fill="{colour}" font-weight="bold">● {escape(name)}</text>'
        )
    for number, panel in enumerate(PANELS):
        lines += _panel(panel, curves, _TOP + number * (_HEIGHT + _GAP), furthest)
    return "\n".join([*lines, "</g>", "</svg>\n"])


def _points(table: Table) -> Sequence[Row]:
    return sorted((row for row in table.values() if "offered_per_s" in row), key=lambda row: row["offered_per_s"])


def _panel(panel: Panel, curves: Mapping[str, Sequence[Row]], top: float, furthest: float) -> Iterator[str]:
    values = [row[column] * panel.by for rows in curves.values() for row in rows for column in panel.lines]
    highest, bottom = _round_up(max(values)), top + _HEIGHT
    yield f'<text x="{_LEFT}" y="{top - 8}" font-weight="bold">{escape(panel.title)}</text>'
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y, x = bottom - part * _HEIGHT, _LEFT + part * _WIDTH
        yield f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}" stroke="{_FAINT if part else _LINE}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{highest * part:,.5g}</text>'
        yield f'<line x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 4}" stroke="{_LINE}"/>'
        yield f'<text x="{x}" y="{bottom + 17}" text-anchor="middle">{furthest * part:,.5g}</text>'
    yield f'<text x="{_LEFT + _WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">offered (requests/s)</text>'
    ends: list[tuple[float, str, str]] = []
    for rows, colour in zip(curves.values(), _COLOURS, strict=False):
        for column, (said, dashes) in panel.lines.items():
            at = [
                (_LEFT + row["offered_per_s"] / furthest * _WIDTH, bottom - row[column] * panel.by / highest * _HEIGHT)
                for row in rows
            ]
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
            yield f'<polyline fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}" points="{points}"/>'
            yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in at)
            ends.append((at[-1][1], said, colour))
    yield from _labels(ends)


def _labels(ends: Sequence[tuple[float, str, str]]) -> Iterator[str]:
    """What each line is, at its end, one below the other."""
    lowest = float("-inf")
    for y, said, colour in sorted(ends):
        lowest = max(y + 4, lowest + 15)
        yield f'<text x="{_LEFT + _WIDTH + 10}" y="{lowest:.1f}" fill="{colour}">{escape(said)}</text>'


def _round_up(value: float) -> float:
    """To four steps of a number that is easily read."""
    size = 10.0 ** floor(log10(max(value, 1) / 4))
    return 4 * size * next(step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10) if 4 * size * step >= value)
