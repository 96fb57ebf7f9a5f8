"""A file of the user's is replaced in one step: whoever looks, and whatever interrupts it, it is the old or the new one."""

from __future__ import annotations

import ast
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.cli import writing
from runtime.cli.failures import CommandFailed
from runtime.cli.importing import Row, _write_files
from runtime.cli.init import _write as write_project
from runtime.cli.project import Project
from runtime.cli.testing import _write as write_case
from runtime.cli.types import NAME, write_declarations
from runtime.cli.writing import write_file, write_private
from runtime.errors import SettingsError

CREDENTIALS = "credentials-exchange"
CLI = Path(writing.__file__).parent
WRITERS = (write_file, write_private)
BOTH = pytest.mark.parametrize("write", WRITERS, ids=["a file", "a private one"])


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@BOTH
@pytest.mark.parametrize("before", [None, "old"], ids=["a new file", "another one"])
def test_it_is_written(tmp_path: Path, write, before: str | None):
    """In UTF-8, and nothing else is left in the folder."""
    file = tmp_path / "file"
    if before is not None:
        file.write_text(before)
    write(file, "ä\n")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", "ä\n".encode())]


@BOTH
@pytest.mark.parametrize("fails", ["fsync", "replace"])
@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["no room", "control-c"])
def test_one_that_fails_leaves_the_old(tmp_path: Path, write, fails: str, fault: BaseException, monkeypatch):
    """Whole, and nothing beside it."""
    (tmp_path / "file").write_text("old")

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (Path, "replace")), fail)
    with pytest.raises(type(fault)):
        write(tmp_path / "file", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


@pytest.mark.parametrize("name", ["write_file", "write_private"])
def test_one_that_is_killed_leaves_the_old(tmp_path: Path, name: str):
    """Without a word: what it had written is in a file of its own."""
    (tmp_path / "file").write_text("old")
    script = (
        "import os, signal; from pathlib import Path; from runtime.cli import writing; "
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL); "
        f"writing.{name}(Path({str(tmp_path / 'file')!r}), 'new' * 10000)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -9
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name[:7] for path in tmp_path.iterdir() if path.name != "file"] == [".hookd-"]


def test_what_is_there_keeps_its_mode(tmp_path: Path):
    """A new one has the usual mode."""
    mask = os.umask(0o027)
    try:
        for name, mode in (("mine", 0o600), ("program", 0o755), ("shared", 0o664)):
            (tmp_path / name).touch()
            (tmp_path / name).chmod(mode)
            write_file(tmp_path / name, "new")
            assert mode_of(tmp_path / name) == mode
        write_file(tmp_path / "new", "new")
        assert mode_of(tmp_path / "new") == 0o640
    finally:
        os.umask(mask)


def test_nobody_else_reads_what_is_private(tmp_path: Path):
    """Mode 0600, whatever an older file had."""
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o644)
    write_private(tmp_path / "file", "new")
    assert mode_of(tmp_path / "file") == 0o600


@BOTH
def test_a_link_stays_a_link(tmp_path: Path, write):
    """Also one to what is not there yet."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").symlink_to("kept/file")
    for text in ("new", "newer"):
        write(tmp_path / "file", text)
        assert (tmp_path / "file").is_symlink()
        assert [path.read_text() for path in (tmp_path / "kept").iterdir()] == [text]


def test_what_is_no_file_is_written_to(tmp_path: Path):
    """A report may go into a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(pipe, "new")
        assert os.read(reader, 100) == b"new"
    finally:
        os.close(reader)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_what_is_open_is_written_to(tmp_path: Path):
    """As /dev/stdout is, where the shell has made it a file."""
    script = (
        "from pathlib import Path; from runtime.cli.writing import write_file; write_file(Path('/dev/stdout'), 'new')"
    )
    with (tmp_path / "file").open("wb") as file:
        subprocess.run([sys.executable, "-c", script], stdout=file, check=True)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "new")]


def test_a_folder_that_is_not_there(tmp_path: Path):
    """As everywhere: who calls says what to do."""
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "absent/file", "new")
    with pytest.raises(IsADirectoryError):
        write_file(tmp_path, "new")


class Exported:
    """What `hookd import` has of one hook."""

    script, secrets = "module.exports = (cb) => cb();", {"KEY": "value"}


PROJECTS: dict[str, Callable[[Path], object]] = {
    "init": lambda folder: write_project(Project(folder=folder, name="a", trigger=CREDENTIALS), "", force=True),
    "import": lambda folder: _write_files(
        Project(folder=folder, name="a", trigger=CREDENTIALS, secrets=("KEY",)), row()
    ),
    "types": lambda folder: write_declarations(folder, force=True),
    "test --update": lambda folder: write_case(folder / NAME, "{}"),
}


def row() -> Row:
    return Row(name="a", exported=Exported())  # type: ignore[arg-type]


@pytest.mark.parametrize("command", PROJECTS.values(), ids=PROJECTS)
def test_each_command_leaves_old_files_whole(tmp_path: Path, command: Callable[[Path], object], monkeypatch):
    """Where the disk takes no more, which is said with the file's name."""
    files = ("hookd.toml", "hook.js", NAME, "hookd-modules.d.ts", "secrets.env")
    for name in files:
        (tmp_path / name).write_text(f"old {name}")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((CommandFailed, SettingsError), match=r"can not be written \(No space left on device\)"):
        command(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: f"old {name}" for name in files}


ELSEWHERE = {"editor.py": "drafts in a private folder of their own"}


@pytest.mark.parametrize("file", sorted(CLI.glob("*.py")), ids=lambda file: file.name)
def test_nothing_else_of_the_command_line_writes_files(file: Path):
    """All go this way; a call that looks like another one is named in the table."""
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    wrote = names & {"write_text", "write_bytes", "fdopen"} != set()
    assert wrote == (file.name in {*ELSEWHERE, "writing.py"})
