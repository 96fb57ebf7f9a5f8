from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.bench import (
    case,
    inprocess,
    loadgen,
    plan,
    plot,
    process,
    references,
    report,
    sections,
    shared,
    targets,
)
from tests.bench.load import Stream
from tests.bench.measures import Life, Sample
from tests.bench.servers import Broken

PLAN = plan.Plan(
    rounds=1,
    in_process=0.02,
    http=0.02,
    deployments=1,
    hooks=(1,),
    spread=0.02,
    neighbour=0.02,
    executions=1,
    deploys=1,
    overload=0.02,
)


def test_what_is_missing_on_a_machine_is_left_out():
    """Without Node the benchmark measures the rest, and does not claim a target that it could not measure."""
    left_out = dict.fromkeys(references.RUNNERS, "node is not installed")

    tables = sections.in_process(PLAN, left_out)

    assert list(tables["in process"]) == [sections.FRESH, sections.WHOLE, sections.SIGNATURE]
    assert all(row["p50_us"] > 0 for row in tables["in process"].values())
    assert [None] * len(targets.TARGETS) == [report.judge(target, tables).reached for target in targets.TARGETS]


@asynccontextmanager
async def answering(*answers: str, seconds: float = 0.0) -> AsyncIterator[int]:
    """A server that gives each request the next of these answers, after so long; its port."""
    waiting = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            await reader.readline()
            await asyncio.sleep(seconds)
            status, _, body = waiting.pop(0).partition(" ")
            writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def generated(port: int, seconds: float, stream: Stream) -> dict[str, Any]:
    """The row of one stream."""
    async with asyncio.timeout(30):
        done = await loadgen.run_job({"port": port, "seconds": seconds, "streams": [stream.job()]})
    return dict(done["streams"][0])


async def test_each_request_of_a_row_has_an_answer_of_its_own():
    """One after the other, and one that is not as it should be is seen."""
    requests, contains = ["GET /1\r\n\r\n", "GET /2\r\n\r\n", "GET /3\r\n\r\n"], ["one", "two", "three"]
    stream = Stream(requests=requests, contains=contains, connections=2, pick="once", in_turn=True)
    async with answering("200 one", "200 two", "200 two") as port:
        row = await generated(port, 20, stream)
    assert row["statuses"] == {200: 2, -200: 1}


async def test_what_is_refused_and_what_is_given_up_is_counted_apart():
    """Neither has a latency; requests that are due while none of the connections is free are given up one day."""
    stream = Stream(requests=["GET /\r\n\r\n"], connections=2, rate=10, patience=0.25, refusals=(503,))
    async with answering("503 no", *["200 yes"] * 20, seconds=0.5) as port:
        row = await generated(port, 2.0, stream)
    assert (row["refused"], row["statuses"]) == (1, {200: row["answered"]})
    assert row["given_up"] > 0
    assert row["refused"] + row["given_up"] + row["answered"] in (20, 21)
    assert row["served_p99_us"] <= row["p99_us"]


async def test_a_round_without_time_has_a_call():
    """Else it would have no figure, and the section would break."""
    assert len(await inprocess.time_calls(lambda: asyncio.sleep(0), 0.0, 10)) == 1


def test_cpu_time_is_exact():
    """A short round has less than a hundredth of a second, and is divided by it."""
    before = time.process_time()
    found = process.cpu_seconds(os.getpid())
    assert before <= found <= time.process_time()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with pytest.raises(Broken, match=f"process {ended.pid} is gone"):
        process.cpu_seconds(ended.pid)


def test_a_node_that_has_the_old_version_is_seen():
    """0 where the first answer is right; as long as there were others where it is not."""

    class Reader:
        def __init__(self, *numbers: int) -> None:
            self.numbers = list(numbers)

        def ask(self, *_: object) -> Any:
            return {"claims": {"a": json.loads(case.claim(self.numbers.pop(0)))}}

    assert shared._late(Reader(7), 7) == 0  # type: ignore[arg-type]
    assert shared._late(Reader(6, 5, 7), 7) > 0  # type: ignore[arg-type]


def test_overload_is_drawn():
    """A line for each service and measure; where each ends is said."""
    column = {name: 0.0 for panel in plot.PANELS for name in panel.lines}
    rows = {f"{times}x": {**column, "offered_per_s": times * 1000.0, "answered_per_s": 900.0} for times in (2, 1)}
    drawn = ET.fromstring(plot.svg("<A title>", {"one": rows, "two": {**rows, "peak": {"answered_per_s": 900.0}}}))
    name = "{http://www.w3.org/2000/svg}"
    lines = [line.attrib["points"] for line in drawn.iter(f"{name}polyline")]
    assert len(lines) == 2 * len(column)
    assert lines[0] == "350.0,97.0 630.0,97.0"
    said = [text.text for text in drawn.iter(f"{name}text")]
    assert [said.count(text) for text in ("<A title>", "● one", "given up by client")] == [1, 1, 2]


def test_a_slope_is_that_of_a_warm_process():
    """What it took while it warmed up does not count, neither for the slope nor for the most."""
    samples = [Sample(n, 900.0 if n < 30 else 100.0 + n / 10, 1, 1, 1, 1) for n in range(100)]
    life = Life("worker", 7, samples)
    assert (round(life.slope("resident"), 6), life.most("resident")) == (0.1, 109.9)
