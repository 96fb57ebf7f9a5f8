from __future__ import annotations

from tests.bench import references, report, sections, targets

PLAN = sections.Plan(rounds=1, in_process=0.02, http=0.02, deployments=1, hooks=(1,), spread=0.02, neighbour=0.02)


def test_what_is_missing_on_a_machine_is_left_out():
    """Without Node the benchmark measures the rest, and does not claim a target that it could not measure."""
    left_out = dict.fromkeys(references.RUNNERS, "node is not installed")

    tables = sections.in_process(PLAN, left_out)

    assert list(tables["in process"]) == [sections.FRESH, sections.WHOLE, sections.SIGNATURE]
    assert all(row["p50_us"] > 0 for row in tables["in process"].values())
    assert [None] * len(targets.TARGETS) == [report.judge(target, tables).reached for target in targets.TARGETS]
