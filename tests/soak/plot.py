"""Lines over time as SVG: one panel for each measure, one line for each process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from tests.bench.measures import BOUNDS, Series

_WIDTH, _HEIGHT, _LEFT, _GAP = 900, 160, 70, 40
_COLOURS: Final = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e")


def svg(series: Series, events: Sequence[tuple[float, str]]) -> str:
    """The whole picture. `events` are marked in each panel: seconds, and what happened."""
    last = max((sample.seconds for samples in series.samples.values() for sample in samples), default=1.0)
    height = len(BOUNDS) * (_HEIGHT + _GAP) + _GAP
    panels = [
        line
        for index, what in enumerate(BOUNDS)
        for line in _panel(series, events, what, _GAP + index * (_HEIGHT + _GAP), max(last, 1.0))
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + 20} {height}" font-family="sans-serif" font-size="11">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *panels, "</svg>\n"])


def _panel(series: Series, events: Sequence[tuple[float, str]], what: str, top: float, last: float) -> Iterator[str]:
    most = max((getattr(one, what) for samples in series.samples.values() for one in samples), default=1) or 1

    def x(seconds: float) -> float:
        return _LEFT + seconds / last * _WIDTH

    yield f'<text x="{_LEFT}" y="{top - 6}" font-weight="bold">{what}{" (MiB)" if what in ("resident", "proportional") else ""}</text>'
    for part in (0.0, 0.5, 1.0):
        y = top + _HEIGHT * (1 - part)
        yield f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{most * part:,.0f}</text>'
    for seconds, said in events:
        yield f'<line x1="{x(seconds):.1f}" x2="{x(seconds):.1f}" y1="{top}" y2="{top + _HEIGHT}" stroke="#bbb" stroke-dasharray="3"><title>{escape(said)}</title></line>'
    for index, (pid, samples) in enumerate(series.samples.items()):
        points = " ".join(
            f"{x(one.seconds):.1f},{top + _HEIGHT * (1 - getattr(one, what) / most):.1f}" for one in samples
        )
        colour = _COLOURS[index % len(_COLOURS)]
        name = escape(f"{series.names[pid]} {pid}")
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"><title>{name}</title></polyline>'
    yield f'<text x="{_LEFT + _WIDTH}" y="{top + _HEIGHT + 14}" text-anchor="end">{last:,.0f} s</text>'
