"""The README's first five minutes, as somebody would paste them, in their order."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.processes import Process, compiled_in

README = Path(__file__).parents[2] / "README.md"


def blocks() -> list[str]:
    """What stands between fences, in order."""
    return re.findall(r"^```\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def steps() -> list[tuple[str, dict[str, object]]]:
    """Each curl line that an answer follows, with that answer."""
    found = blocks()
    return [
        (line, json.loads(answer))
        for line, answer in itertools.pairwise(found)
        if line.startswith(("curl ", "HOOK=$(curl ")) and answer.startswith("{")
    ]


def test_the_readme_shows_answers():
    """The first member of each."""
    shown = [next(iter(answer)) for _, answer in steps()]

    assert shown == [
        "access_token",
        "id",  # a hook
        "executions",
        "request",  # a test run
        "id",  # a hook in TypeScript
        "id",  # one with npm modules
        "id",  # an Action
        "clients",  # a policy
        "decision",
        "decision",  # before a user is registered
        "statusCode",  # by a hook's URL
    ]


def test_the_first_five_minutes(tmp_path):
    """Every curl line works in a shell that sourced demo.env, and answers with the members that the README shows."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with Process(["dev", "--port", "0"], compiled_in(tmp_path)) as process:
        process.read_until("The same values")
        for line, answer in steps():
            script = f"source .hookd/demo.env\n{line}"
            done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)

            assert json.loads(done.stdout).keys() == answer.keys(), done.stdout

        (asked,) = (line for line in blocks() if '"$BASE_URL/metrics"' in line)
        script = f"source .hookd/demo.env\n{asked}"
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
        assert 'hookd_executions_total{decision="allow",hook="my-first-hook"' in done.stdout
