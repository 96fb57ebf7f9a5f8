"""`hookd init`: what it writes, what it leaves alone, what it asks."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.cli.project import read_project

FILES = [
    "hookd.toml",
    "hook.js",
    "cases/sample.json",
    "hookd.d.ts",
    "hookd-modules.d.ts",
    "jsconfig.json",
    ".gitignore",
    "README.md",
]


def test_a_folder_is_made(hookd, tmp_path):
    """Its files are told, and what to do next; the hook is called as the folder is."""
    done = hookd("init", "my_hook")

    assert (done.returncode, done.stdout.split()) == (0, [f"my_hook/{name}" for name in FILES])
    assert done.stderr == "\nTry it: cd my_hook && hookd test\n"
    project = read_project(tmp_path / "my_hook")
    assert (project.name, project.trigger, project.policy) == ("my-hook", "credentials-exchange", None)
    assert "secrets.env\n" in (tmp_path / "my_hook/.gitignore").read_text()


def test_the_choices_are_the_users(hookd, tmp_path):
    """Point, language, name; the answer as JSON."""
    document = hookd("init", "a", "--name", "B c", "--trigger", "post-change-password", "--typescript", "--json").json
    project = read_project(tmp_path / "a")

    assert (project.name, project.trigger, project.main) == ("B c", "post-change-password", "hook.ts")
    assert set(document["written"]) == {*FILES, "hook.ts", "tsconfig.json"} - {"hook.js", "jsconfig.json"}
    assert document["kept"] == []


def test_what_is_there_stays(hookd, tmp_path):
    """A hook that was written before is put into a project; a project is none to be made; --force replaces both."""
    (tmp_path / "hook.js").write_text("// mine")
    first = hookd("init", "--name", "x")
    second = hookd("init", "--name", "x")
    kept = (tmp_path / "hook.js").read_text()
    forced = hookd("init", "--name", "x", "--force")

    assert first.returncode == 0
    assert "hook.js was there already, and stays as it is.\n" in first.stderr
    assert (second.returncode, kept) == (2, "// mine")
    assert second.stderr.startswith("hookd: hookd.toml is there already: this is a project folder. Choose another one,")
    assert (forced.returncode, (tmp_path / "hook.js").read_text() == kept) == (0, False)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--name", "a_b"), "'name' must be letters, digits, hyphens and spaces"),
        (("x", "--template", "absent"), "There is no template 'absent'; there are: async-risk-score, claims-in-"),
        (("file/x",), "file/x/hookd.toml can not be written (Not a directory): choose another folder."),
        (("x", "--trigger", "login"), "Invalid value for '--trigger': 'login' is not one of 'credentials-exchange', "),
    ],
)
def test_what_is_wrong_is_said(hookd, tmp_path, arguments, message):
    """Exit code 2, and nothing was made."""
    (tmp_path / "file").touch()
    done = hookd("init", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"hookd: {message}")
    assert not (tmp_path / "x").exists()


def test_somebody_at_a_terminal_is_asked(tmp_path):
    """Name, point, language, where nothing was said."""
    ours, theirs = pty.openpty()
    repository = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "runtime.cli", "init"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(repository), "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        shown = b""
        for question, answer in ((b"Name", b"from here\n"), (b"point [1]", b"2\n"), (b"TypeScript", b"y\n")):
            while question not in shown:
                shown += os.read(ours, 4096)
            os.write(ours, answer)
        assert process.wait(60) == 0
    os.close(ours)
    project = read_project(tmp_path / "from-here")

    assert b"pre-user-registration   Pre User Registration" in shown
    assert (project.name, project.trigger, project.main) == ("from-here", "pre-user-registration", "hook.ts")
