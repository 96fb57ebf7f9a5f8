"""The soak's own parts, and a few seconds of it: `make soak` is the whole."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench.measures import Life, Sample, Series
from tests.soak.__main__ import report
from tests.soak.load import Tenant, Told
from tests.soak.plot import svg
from tests.soak.soaking import Soaked, soak


async def test_a_few_seconds(tmp_path: Path, engine_cache: Path):
    """Load, a start anew and a killed worker: no decision is wrong, nothing is lost, and it can be told and drawn."""
    soaked = await soak(4, tmp_path, cache=engine_cache, chaos=2)
    counts = soaked.told.counts

    assert soaked.faults() == []
    assert (counts["SIGHUP"], counts["SIGKILL"]) == (1, 1)
    for name in ("right decisions", "deploys", "tails", "events", "attacks denied", "hooks that were kept"):
        assert counts[name] > 0, counts
    assert len(soaked.series.samples) >= 4
    assert "supervisor" in report(soaked)
    lines = ET.fromstring(svg(soaked.series, soaked.events)).findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 5 * len(soaked.series.samples)


def life(*resident: float, files: int = 50, grows: int = 0) -> Life:
    samples = [Sample(float(n), value, 100, files + n * grows, 500, 10) for n, value in enumerate(resident)]
    return Life("worker", 7, samples)


@pytest.mark.parametrize(
    "one, expected",
    [
        (life(*[150] * 100), []),
        (life(*range(50, 150, 4), *[150] * 75), []),
        (life(*[150, 170] * 50), []),
        (life(*range(100, 300, 2)), ["worker (7): resident grew from 179 to 279"]),
        (life(*[150] * 100, grows=1), ["worker (7): files grew from 90 to 140"]),
    ],
    ids=["flat", "warms up", "to and fro", "grows", "files"],
)
def test_growth_after_a_while_is_a_fault(one, expected):
    """Warming up is none, nor is what comes and goes."""
    assert one.faults() == expected


def test_a_short_life_is_not_judged():
    """A worker that was killed in its first moments says nothing."""
    series = Series({1: "worker"}, {1: [Sample(n, 10.0**n, 1, 1, 1, 1) for n in range(5)]})
    assert list(series.rows()) == []


@pytest.mark.parametrize(
    "status, claims, right",
    [
        (200, {"https://soak/n": 3, "https://soak/t": "ada"}, True),
        (200, {"https://soak/n": 5, "https://soak/t": "ada"}, True),
        (200, {"https://soak/n": 2, "https://soak/t": "ada"}, False),
        (200, {"https://soak/n": 6, "https://soak/t": "ada"}, False),
        (200, {"https://soak/n": 3, "https://soak/t": "bob"}, False),
        (200, {}, False),
        (503, {}, False),
    ],
)
def test_a_wrong_decision_is_found(status, claims, right):
    """Of a version that was not in force, of another tenant, or none."""
    tenant = Tenant("ada", None, "", Told(), lambda: True, acknowledged=4, begun=5)  # type: ignore[arg-type]
    tenant._judge(status, {"claims": claims}, 3)

    assert (tenant.told.counts["right decisions"] == 1, tenant.told.wrong == []) == (right, right)


def test_a_request_that_nobody_answers_is_a_fault():
    """Unless a worker was killed just before."""
    told = Told()
    told.unanswered("POST /a", ConnectionResetError())
    assert told.wrong == ["POST /a was not answered, and no worker was killed: ConnectionResetError()"]
    told = Told(killed=time.monotonic())
    told.unanswered("POST /a", ConnectionResetError())
    assert (told.wrong, told.counts) == ([], {"not answered by a killed worker": 1})


def test_a_soak_without_an_answer_is_a_fault():
    """It would prove nothing."""
    assert Soaked().faults() == ["no decision was right"]
