"""Each section of the benchmark, whole and real, with a plan that takes no time: what it says is used, how much it is never looked at."""

from __future__ import annotations

import json
import math
import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.bench import __main__ as bench
from tests.bench import overload, plot, references, report
from tests.bench.hookd import Installation
from tests.bench.plan import Plan
from tests.bench.report import Target
from tests.bench.sections import SECTIONS
from tests.bench.targets import TARGETS
from tests.installed import NODE
from tests.redis_servers import needs_redis

PLAN = Plan(
    rounds=1,
    in_process=0.02,
    http=0.05,
    deployments=2,
    hooks=(1, 2),
    spread=0.02,
    neighbour=0.02,
    executions=40,
    deploys=40,
    overload=0.02,
)
PACKAGED = dict.fromkeys(references.PACKAGED, "npm compiles it when the benchmark is run, not here")
TABLES = {
    "in-process": ("in process",),
    "http": ("over HTTP",),
    "deploy": ("deploy",),
    "hooks": ("memory", "many hooks"),
    "neighbour": ("bad neighbour",),
    "storm": ("storm",),
    "tail": ("tail",),
    "workers": ("workers",),
    "redis": ("execution by storage", "deploy by storage", "in force at the other node"),
    "overload": ("overload", "overload, rate limited"),
    "capacity": ("capacity, load", "capacity"),
    "start": ("start",),
}
"""What each section prints, and targets look for."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, engine_cache: Path) -> None:
    """`--quick` is quicker still. All services have the engine's code, and a short run's memory counts as a long one's."""
    needs_redis()
    monkeypatch.setenv("PATH", f"{NODE.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(bench, "QUICK", PLAN)
    monkeypatch.setattr(references, "missing", lambda: PACKAGED)
    monkeypatch.setattr("tests.bench.capacity.LONG", 1)
    monkeypatch.setattr(overload, "CONNECTIONS", 16)
    monkeypatch.setattr(Installation, "cache", lambda _: engine_cache)
    monkeypatch.setenv("HOOKD_SANDBOX_CACHE_DIRECTORY", str(engine_cache))


def measured(section: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `make bench ONLY=SECTION` finds, as it writes it."""
    files = ["--json", str(folder / "found.json"), "--plot", str(folder / "drawn/overload.svg")]
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "--only", section, *files])
    code = bench.main()
    found = json.loads((folder / "found.json").read_text())
    assert (code, found["left_out"]) == (0, PACKAGED)
    return found


def rows_of(target: Target) -> set[str]:
    return {cell.row for cell in (target.of, target.to) if cell}


def test_all_that_targets_look_for_is_some_sections():
    """And every section is looked at here."""
    assert list(TABLES) == list(SECTIONS)
    tables = {table for names in TABLES.values() for table in names}
    assert {cell.table for target in TARGETS for cell in (target.of, target.to) if cell} <= tables


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_runs(section: str, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """Each of its targets can be told, but for those that compare with what was left out; and it is printed."""
    found = measured(section, tmp_path, monkeypatch)

    assert tuple(found["tables"]) == TABLES[section]
    for table in found["tables"].values():
        assert all(math.isfinite(value) for row in table.values() for value in row.values()), table
    mine = [target for target in TARGETS if target.of.table in TABLES[section]]
    told = {target.promise for target in mine if report.judge(target, found["tables"]).measured is not None}
    assert told == {target.promise for target in mine if not rows_of(target) & PACKAGED.keys()}
    printed = capsys.readouterr().out
    assert [title for title in TABLES[section] if f"\n{title} " not in printed] == []
    assert printed.count("not measured") == len(TARGETS) - len(told)
    assert (tmp_path / "drawn/overload.svg").exists() == (section == "overload")
    if section == "overload":
        is_drawn(found["tables"], tmp_path / "drawn/overload.svg")


def is_drawn(tables: Any, file: Path) -> None:
    """Each measure of both services has a line, with a point for each load that was offered."""
    assert [set(tables[name]) for name in TABLES["overload"]] == [
        {f"{times:g}x" for times in overload.TIMES} | {"peak"}
    ] * 2
    lines = [line.attrib["points"].split() for line in ET.parse(file).iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [len(overload.TIMES)] * 2 * sum(
        len(panel.lines) for panel in plot.PANELS
    )
