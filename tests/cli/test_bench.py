"""`hookd bench`: what is measured, and what can not be compared."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("compiled")
POINT = "credentials-exchange"


@pytest.fixture(autouse=True)
def _hooks(tmp_path):
    (tmp_path / "old.js").write_text("module.exports = async (c, scope) => ({ scope });")
    (tmp_path / "new.js").write_text("module.exports = async () => { for (let i = 0; i < 20000; i++); return {}; };")
    (tmp_path / "broken.js").write_text("module.exports = async () => { throw new Error('x'); };")


def test_a_hook_is_measured(hookd):
    """Percentiles in their order; the number of requests is the one that was asked for."""
    (row,) = hookd("bench", "old.js", "--trigger", POINT, "--requests", "120", "--json").json["hooks"]

    assert (row["requests"], row["decision"], row["failure"]) == (120, "allow", None)
    assert 0 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"] <= row["most_ms"]
    assert row["requests_per_second"] > 0
    assert row["memory_bytes"] > 65_536


def test_a_bar_counts_the_requests(at_terminal):
    """Drawn between them, never while one is measured."""
    seen = at_terminal("bench", "old.js", "new.js", "--trigger", POINT, "--requests", "100").stdout

    assert "200/200" in seen


def test_two_hooks_are_compared(hookd):
    """In columns, with the difference of the second; several requests at once."""
    done = hookd("bench", "old.js", "new.js", "--trigger", POINT, "--requests", "60", "--at-once", "4")
    lines = done.stdout.splitlines()

    assert lines[0].split() == ["old.js", "new.js", "DIFFERENCE"]
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "p50", "p90", "p99", "CPU time", "Requests", "Memory", "Decision"
    ]  # fmt: skip
    assert lines[4].split()[-2].startswith("+")
    assert done.stderr == "60 requests each, 4 at once.\n"


def test_a_hook_that_breaks_is_measured_with_a_warning(hookd):
    """It may be meant; more likely it is not."""
    done = hookd("bench", "broken.js", "--trigger", POINT, "--requests", "5")

    assert done.returncode == 0
    assert "Warning: hook breaks (threw): what was measured is a hook that breaks." in done.stderr.replace(
        "broken", "hook"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ("a.js", "b.js", "c.js"),
            "One hook, or two to compare, and one request (a .json file, or -) can be measured.",
        ),
        (("old.js",), "old.js is in no project folder, so say what it is for: --trigger, one of"),
        (("unloaded.js", "--trigger", POINT), "The hook can not be enabled: its script does not load: "),
    ],
)
def test_what_can_not_be_measured(hookd, tmp_path, arguments, message):
    """Why."""
    (tmp_path / "unloaded.js").write_text("module.exports = {")
    done = hookd("bench", *arguments)

    assert (done.returncode > 0, done.stdout) == (True, "")
    assert done.stderr.startswith(f"hookd: {message}")
