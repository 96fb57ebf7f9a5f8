"""Results as JSON and as JUnit's XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from runtime.cli.comparing import Difference
from runtime.cli.results import Result, document_of, junit_of

FILE = Path("a/cases/x.json")
PASSED = Result(hook="a", case="passes", file=FILE, ms=1.5, console=[("info", "hello \x1b[31m")])
DIFFERS = Result(
    hook="a", case="differs", file=FILE, differences=[Difference("decision", 1, 2)], broke="Error: x\n  at y"
)
BROKEN = Result(hook="b", case="is no case", file=FILE, error="it is not JSON")
UPDATED = Result(hook="b", case="updated", file=FILE, differences=[Difference("decision", 1, 2)], is_updated=True)
ALL = [PASSED, DIFFERS, BROKEN, UPDATED]


def test_json_has_the_counts_and_each_result():
    """What was updated has passed."""
    document = document_of(ALL)
    rows = document["results"]

    assert (document["passed"], document["failed"], document["updated"]) == (2, 2, 1)
    assert isinstance(rows, list)
    assert [(row["case"], row["passed"]) for row in rows] == [
        ("passes", True),
        ("differs", False),
        ("is no case", False),
        ("updated", True),
    ]


def test_junit_has_a_suite_for_each_hook():
    """Failures and errors apart, with their text; characters that XML has not are replaced."""
    root = ET.fromstring(junit_of(ALL))
    first, second = root.findall("testsuite")

    assert root.attrib | {"time": ""} == {"tests": "4", "failures": "1", "errors": "1", "time": ""}
    assert (first.attrib["name"], first.attrib["failures"], second.attrib["errors"]) == ("a", "1", "1")
    assert [test.attrib["name"] for test in root.iter("testcase")] == ["passes", "differs", "is no case", "updated"]
    failure, error = first.find(".//failure"), second.find(".//error")
    assert failure is not None
    assert failure.text == "decision\n  - 1\n  + 2\nError: x\n  at y"
    assert error is not None
    assert error.attrib["message"] == "it is not JSON"
    assert [out.text for out in root.iter("system-out")] == ["info hello \ufffd[31m"]
