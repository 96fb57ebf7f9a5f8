"""Which hook and which request a command means, and with which secrets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from runtime.cli.project import Project, render_project
from runtime.cli.targets import gather_secrets, read_asked, read_target, split_paths
from runtime.errors import SettingsError
from runtime.triggers import sample

POINT = "credentials-exchange"
SCRIPT = "module.exports = 1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A project, and the current folder beside it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "hook.js").write_text(SCRIPT)
    (folder / "hookd.toml").write_text(render_project(Project(folder=folder, name="mine", trigger=POINT)))
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_hook_by_its_folder_its_file_or_from_within(folder: Path, monkeypatch):
    """The same one; options win over its hookd.toml."""
    for path in (folder, Path("mine"), Path("mine/hook.js")):
        target = read_target(path)
        assert (target.name, target.trigger, target.body["script"]) == ("mine", POINT, SCRIPT)
    monkeypatch.chdir(folder)
    (folder / "cases").mkdir()
    monkeypatch.chdir(folder / "cases")
    assert read_target(None).name == "mine"
    assert read_target(None, trigger="send-phone-message", engine="node").engine == "node"


def test_a_file_of_no_project_is_for_what_is_said(folder: Path):
    """It is called as it can be."""
    Path("my_hook.js").write_text(SCRIPT)

    target = read_target(Path("my_hook.js"), trigger=POINT)

    assert (target.name, target.project, target.secret_names) == ("my-hook", None, ())
    with pytest.raises(
        SettingsError, match=r"my_hook.js is in no project folder, so say what it is for: --trigger, one"
    ):
        read_target(Path("my_hook.js"))
    with pytest.raises(SettingsError, match=r"There is no hookd.toml here or above: name a file or a folder"):
        read_target(None)
    with pytest.raises(SettingsError, match=r"There is no file and no folder absent.js: name a hook"):
        read_target(Path("absent.js"))


def test_a_request_is_a_file_the_input_or_the_sample(folder: Path, monkeypatch):
    """A case has its secrets with it."""
    target = read_target(folder)
    Path("request.json").write_text('{"client": {}}')
    Path("case.json").write_text('{"request": {"audience": "a"}, "secrets": {"K": "v"}}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"request": {"scope": []}}'))

    assert read_asked(None, target).request == sample(POINT)
    assert read_asked("request.json", target).request == {"client": {}}
    assert read_asked("-", target).request == {"scope": []}
    case = read_asked("case.json", target)
    assert (case.request, case.secrets) == ({"audience": "a"}, {"K": "v"})


@pytest.mark.parametrize(
    "text, message",
    [("{", "The standard input is not JSON: "), ("[]", "must be a request, a JSON object, not array")],
)
def test_an_input_that_is_no_request(folder: Path, monkeypatch, text: str, message: str):
    """As for a file."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(SettingsError, match=message):
        read_asked("-", read_target(folder))


def test_what_is_said_last_is_the_secret(folder: Path):
    """secrets.env, the case, the command line."""
    (folder / "secrets.env").write_text("A=env\nB=env\nC=env\n")
    Path("case.json").write_text('{"request": {}, "secrets": {"B": "case", "C": "case"}}')
    target = read_target(folder)

    found = gather_secrets(target, read_asked("case.json", target), {"C": "said=so", "D": ""})

    assert found == {"A": "env", "B": "case", "C": "said=so", "D": ""}


def test_paths_are_told_apart_by_their_ending():
    """In any order; more than one of each is too many."""
    assert split_paths(["a.json", "hook.js"]) == (Path("hook.js"), "a.json")
    assert split_paths(["-"]) == (None, "-")
    with pytest.raises(SettingsError, match=r"One hook .* and one request .* can be named"):
        split_paths(["a.json", "b.json"])
