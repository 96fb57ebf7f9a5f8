from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from runtime.cli.logs import show_execution
from runtime.cli.output import Output, console

POINT = "pre-user-registration"
SCRIPT = """
module.exports = async (user, context) => {
  console.log('hello', user.email);
  console.warn('escape \\u001b[31m');
  if (user.email.startsWith('bad')) throw new TypeError('no plan');
  return {};
};
"""
REQUEST = {"context": {"connection": {"id": "con_1", "name": "Users", "tenant": "demo"}}}


class Terminal(io.StringIO):
    """Where somebody looks."""

    def isatty(self) -> bool:
        return True


def sign_up(dev, email: str) -> None:
    """An execution."""
    dev.execute(POINT, {**REQUEST, "user": {"tenant": "demo", "email": email, "password": "secret-password"}})


@pytest.fixture(autouse=True)
def _executions(dev) -> None:
    """One that went well, and one that did not."""
    dev.make("logged", SCRIPT, POINT, enabled=True)
    sign_up(dev, "ada@example.com")
    sign_up(dev, "bad@example.com")


def test_what_hooks_did_is_shown(installed, dev):
    """The newest last; what a hook printed steers no terminal."""
    done = installed("logs", "logged", folder=dev.folder)
    first, second = done.stdout.split("  deny   ")[0], done.stdout.split("  deny   ")[1]

    assert done.returncode == 0
    assert "  allow  logged  pre-user-registration  " in first
    assert "              info   hello ada@example.com\n              warn   escape \\x1b[31m\n" in first
    assert "              threw: TypeError: no plan\n                  at " in second
    assert "\x1b" not in done.stdout
    assert "secret-password" not in done.stdout


def test_levels_and_decisions_have_colours(dev, monkeypatch):
    """On a terminal; hookd's own words around what the hook printed."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    console.cache_clear()
    rows = dev.call("GET", "/api/v1/logs?trigger=pre-user-registration&decision=deny&limit=1")["executions"]
    with redirect_stdout(Terminal()) as screen:
        show_execution(Output(), rows[0])
    console.cache_clear()
    shown = screen.getvalue()

    assert "\x1b[31mdeny" in shown
    assert "\x1b[33m              warn   escape \\x1b[31m" in shown
    assert "\x1b[31m              threw: TypeError: no plan" in shown


def test_programs_get_whole_records(remote):
    """Oldest first, as shown."""
    rows = remote("logs", "logged", "--json").json

    assert [row["decision"] for row in rows[-2:]] == ["allow", "deny"]
    assert {"id", "at", "hook", "console", "hook_error", "operations", "dropped"} <= set(rows[0])


@pytest.mark.parametrize(
    ("arguments", "decisions"),
    [
        (("--decision", "deny"), ["deny"]),
        (("--outcome", "failure"), ["deny"]),
        (("--outcome", "threw", "--since", "1h"), ["deny"]),
        (("--level", "warn"), ["allow", "deny"]),
        (("--trigger", "send-phone-message"), []),
        (("--client", "nobody"), []),
        (("--request-id", "nobody"), []),
        (("--until", "2001-01-01T00:00:00Z"), []),
        (("--limit", "1"), ["deny"]),
        (("--limit", "0"), []),
    ],
)
def test_records_are_filtered(remote, arguments, decisions):
    """By what the server filters by."""
    assert [row["decision"] for row in remote("logs", "logged", "--json", *arguments).json] == decisions


def test_more_than_a_page_is_asked_for_in_pages(remote, monkeypatch):
    """The newest so many, each once."""
    monkeypatch.setattr("runtime.cli.logs.PAGE", 1)
    rows = remote("logs", "logged", "--json", "--limit", 2).json

    assert [row["decision"] for row in rows] == ["allow", "deny"]


def test_in_a_project_folder_it_is_about_its_hook(remote, tmp_path):
    """Or about all."""
    (tmp_path / "hookd.toml").write_text("name = 'custom-claims'\ntrigger = 'credentials-exchange'\n")

    assert "logged" not in remote("logs").stdout
    assert "logged" in remote("logs", "--all").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (("--since", "never"), 2, "'never' is no time: 10m, 2h and 3d are"),
        (("-f", "--until", "1h"), 2, "--until does not go with --follow. See `hookd logs --help`."),
        (("nope",), 5, "There is no hook 'nope'"),
        (("--outcome", "x"), 2, "Invalid value for '--outcome'"),
    ],
)
def test_what_is_wrong_is_said(remote, arguments, code, remedy):
    """With what to do."""
    done = remote("logs", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert remedy in done.stderr


def test_nothing_is_said_to_be_nothing(remote):
    """On the standard error."""
    done = remote("logs", "--client", "nobody")

    assert (done.stdout, done.stderr) == ("", "Nothing is recorded that fits.\n")


def test_what_happens_is_followed_until_ctrl_c(dev):
    """As the installed command: what was, and what comes, a line each; Ctrl-C is how it ends."""
    command = [sys.executable, "-m", "runtime.cli", "logs", "logged", "-f", "--json", "--limit", "1"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, cwd=dev.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout
        assert process.stderr
        known = json.loads(process.stdout.readline())
        sign_up(dev, "eve@example.com")
        new = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        code, beside = process.wait(30), process.stderr.read()

    assert (known["decision"], new["console"][0]["text"]) == ("deny", "hello eve@example.com")
    assert (code, beside) == (0, "")
