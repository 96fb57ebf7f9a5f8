"""`hookd test`: cases that pass, that differ, that are written anew; and what is said of each."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.end_to_end.processes import Process

pytestmark = pytest.mark.usefixtures("compiled")
SCOPE = "module.exports = async (client, scope) => ({ scope });\n"


@pytest.fixture
def mine(hookd, tmp_path: Path) -> Path:
    """A project folder with one case, which passes."""
    hookd("init", "mine")
    return tmp_path / "mine"


def test_a_new_project_passes(hookd, mine):
    """By its folder, from within, and by one case of it."""
    done = hookd("test", "mine")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["mine credentials-exchange", "   ✓ sample", "", "1 case of 1 hook: 1 passed"]
    assert hookd("test", folder=mine).returncode == 0
    assert hookd("test", "mine/cases/sample.json").returncode == 0


def test_a_difference_is_shown_and_fails(hookd, mine):
    """Place by place; exit code 6; with --quiet nothing else."""
    (mine / "hook.js").write_text(SCOPE)
    done = hookd("test", "mine")

    assert done.returncode == 6
    assert done.stdout.splitlines() == [
        "mine credentials-exchange",
        "   ✗ sample",
        '       decision.allow.claims["https://example.com/plan"]',
        '         - "gold"',
        "         + (nothing)",
        "",
        "1 case of 1 hook: 1 failed",
    ]
    assert done.stderr.startswith("- is what the case says, + what the hook did; `hookd test --update` takes")
    assert "1 case of 1 hook: 1 failed" in hookd("test", "mine", "--quiet").stdout


def test_how_a_hook_broke_is_shown_with_its_stack(hookd, mine):
    """Once, where it does not load: nothing else would be of use, and no update writes it into the case."""
    (mine / "hook.js").write_text("module.exports = async () => {\n  null.x;\n};\n")
    broke = hookd("test", "mine").stdout
    (mine / "hook.js").write_text("module.exports = async () => {\n")
    before = (mine / "cases/sample.json").read_text()
    unloaded = hookd("test", "mine", "--update")

    assert "       TypeError: cannot read property 'x' of null\n           at <anonymous> (hook.js:2:3)\n" in broke
    assert unloaded.returncode == 6
    assert unloaded.stdout.splitlines()[1:3] == ["   ✗ sample", "       SyntaxError: Unexpected end of input"]
    assert (mine / "cases/sample.json").read_text() == before


def test_an_update_takes_what_was_found_for_right(hookd, mine):
    """Also of a case that had nothing but a request; then all pass."""
    (mine / "hook.js").write_text(SCOPE)
    sample = json.loads((mine / "cases/sample.json").read_text())
    (mine / "cases/new.json").write_text(json.dumps({"request": sample["request"]}))
    failed, updated, passed = hookd("test", "mine"), hookd("test", "mine", "--update"), hookd("test", "mine")

    assert "   ✗ new\n       decision\n         - (nothing)\n" in failed.stdout
    assert updated.stdout.splitlines()[1:3] == ["   ✎ new updated", "   ✎ sample updated"]
    assert [done.returncode for done in (failed, updated, passed)] == [6, 0, 0]
    assert json.loads((mine / "cases/new.json").read_text())["decision"] == {
        "allow": {"scope": ["read:orders"], "claims": {}}
    }


def test_the_examples_pass_as_the_installed_command_tests_them(installed, tmp_path):
    """A folder of projects, JUnit's report beside the answer; all that they have are there."""
    hooks = Path(__file__).parents[2] / "hooks"
    cases = sorted(file.stem for file in hooks.glob("*/cases/*.json"))
    document = installed("test", hooks, "--junit", "report.xml", "--json").json

    assert (document["passed"], document["failed"]) == (len(cases), 0)
    assert sorted(row["case"] for row in document["results"]) == cases
    report = ET.parse(tmp_path / "report.xml").getroot()
    assert report.attrib["tests"] == str(len(cases))
    assert sorted(test.attrib["name"] for test in report.iter("testcase")) == cases


def test_a_case_that_is_none_fails_alone(hookd, mine):
    """The others are run; the message has the file and the field."""
    (mine / "cases/broken.json").write_text('{"requst": {}}')
    (mine / "cases/wrong.json").write_text('{"request": {"client": 1}}')
    done = hookd("test", "mine")

    assert done.returncode == 6
    assert "   ✗ broken\n       mine/cases/broken.json: There is no 'requst' in a case; there are:" in done.stdout
    assert "   ✗ wrong\n       In the request: 'client' must be an object, not number.\n" in done.stdout
    assert "   ✓ sample\n" in done.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("empty",), "There is no hookd.toml in empty: `hookd init empty` makes a project folder of it."),
        (("bare",), "There are no cases in bare/cases. Put a file there with a request, such as "),
        ((), "There is no hookd.toml in this folder: `hookd init .` makes a project folder of it."),
    ],
)
def test_where_there_is_nothing_to_test(hookd, tmp_path, arguments, message):
    """What to do about it."""
    (tmp_path / "empty").mkdir()
    hookd("init", "bare")
    (tmp_path / "bare/cases/sample.json").unlink()
    done = hookd("test", *arguments, folder=tmp_path if arguments else tmp_path / "empty")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"hookd: {message}")


def test_a_watched_project_is_tested_again_when_it_changes(mine, tmp_path):
    """A line of JSON for each round; Ctrl-C ends it well."""
    with Process(["test", "mine", "--watch", "--json", "--quiet"], tmp_path) as process:
        (mine / "hook.js").write_text(SCOPE)
        second = json.loads(process.read_line())
        code = process.stop(signal.SIGINT)

    assert [(row["passed"], row["failed"]) for row in (process.address, second)] == [(1, 0), (0, 1)]
    assert code == 0


def test_a_bar_counts_the_cases(hookd, at_terminal, tmp_path):
    """Below the results, while they come; the last word has none of it."""
    hookd("init", "mine")
    seen = at_terminal("test", "mine").stdout

    assert "1/1" in seen
    assert "✓" in seen[: seen.rindex("Cases")]
    assert seen.rstrip().endswith("passed\x1b[0m")
