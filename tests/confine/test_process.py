"""A process that confines itself, asked what it still can: on this kernel, with the calls themselves."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.confine import kernel, process

SCRIPT = Path(__file__).with_name("confined.py")
REPOSITORY = Path(__file__).parents[2]
ALL = ["privileges", "files", "system calls"]
SOMEBODY = 61_234

pytestmark = pytest.mark.skipif(
    kernel.landlock_version() < 2 or not kernel.has_seccomp(),
    reason="this kernel has no Landlock, or no seccomp filters",
)


def confined(**told: Any) -> dict[str, Any]:
    """What the process says."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(told)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=60,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture
def other() -> Iterator[int]:
    """Another process of the same user, which was there before."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def abstract() -> Iterator[str]:
    """A Unix socket without a file, of somebody else."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0hookd-confine-{os.getpid()}")
        listener.listen()
        yield listener.getsockname().decode()


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """Its own folder, and one that is not, where everybody may go."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        own, outside = Path(place, "own"), Path(place, "outside")
        for folder in (own, outside):
            folder.mkdir()
        (outside / "file").write_text("sesame")
        yield own, outside


@pytest.mark.parametrize("user", [0, SOMEBODY], ids=["root", "not root"])
def test_what_is_given_up_is_gone(folders: tuple[Path, Path], other: int, abstract: str, user: int):
    """For whoever runs: other files, other processes, the kernel's dangerous calls; its own work goes on."""
    own, outside = folders
    if os.geteuid() == 0:
        for path in (own, outside, outside / "file"):
            shutil.chown(path, user, user)
    program = str(shutil.copy("/bin/true", own.parent / "program"))
    said = confined(
        write=[str(own)],
        execute=[program],
        user=user,
        outside=str(outside),
        other=other,
        abstract=abstract,
        program=program,
    )

    assert (said["up"], said["missing"]) == (ALL, [])
    assert set(said["kernel"].values()) == {"EPERM"}, said["kernel"]
    assert set(said["missing calls"].values()) == {"ENOSYS"}
    assert set(said["sockets"].values()) <= {"EAFNOSUPPORT", "EPERM"}, said["sockets"]
    assert set(said["outside"].values()) <= {"EACCES", "EPERM", "EXDEV"}, said["outside"]
    assert set(said["programs"].items()) == {("wanted", "ok"), ("another", "EACCES")}
    if not user:
        assert set(said["inside"].values()) == {"ok"}, said["inside"]
    assert (outside / "file").read_text() == "sesame"
    assert said["capabilities"] == 0


def test_every_thread_has_it(tmp_path: Path):
    """No capability, no new privileges, a filter: also threads that came later."""
    said = confined(write=[str(tmp_path)])

    assert len(said["threads"]) == 2
    assert {tuple(row) for row in said["threads"]} == {("0000000000000000", "1", "2")}


def test_where_no_program_is_needed_none_is_started(folders: tuple[Path, Path], other: int, abstract: str):
    """Not even one from memory: the kernel does not take the call."""
    own, outside = folders
    said = confined(write=[str(own)], outside=str(outside), other=other, abstract=abstract, program="/bin/true")

    assert set(said["programs"].values()) == {"EPERM"}
    assert set(said["inside"].values()) == {"ok"}


def test_a_process_with_threads_says_that_it_can_not(tmp_path: Path):
    """They would keep all their rights: it is not told that these are given up."""
    said = confined(write=[str(tmp_path)], threads=1)

    assert said["up"] == []
    assert said["missing"] == ["the process has 2 threads already"]


def test_a_thread_that_was_joined_is_waited_for(monkeypatch):
    """The kernel has it for a moment more; one that is still Python's is not waited for."""
    listed = iter([["1", "2"], ["1", "2"], ["1"]])
    with monkeypatch.context() as patch:
        patch.setattr(threading, "active_count", lambda: 1)
        patch.setattr(os, "listdir", lambda _: next(listed, ["1"]))
        ended = process._threads()
        patch.setattr(threading, "active_count", lambda: 2)
        patch.setattr(os, "listdir", lambda _: ["1", "2"])
        alive = process._threads()
    assert (ended, alive) == (1, 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of others")
def test_root_keeps_what_its_files_need(tmp_path: Path):
    """A database folder of another user can still be used; a low port be listened on."""
    tmp_path.chmod(0o700)
    shutil.chown(tmp_path, SOMEBODY, SOMEBODY)
    said = confined(write=[str(tmp_path)], port=80)

    assert said["up"][0] == "privileges, but for files of other users"
    assert said["capabilities"] == (
        kernel.CAP_DAC_OVERRIDE | kernel.CAP_DAC_READ_SEARCH | kernel.CAP_FOWNER | kernel.CAP_NET_BIND_SERVICE
    )


def test_who_uses_io_uring_keeps_its_system_calls(tmp_path: Path):
    """An event loop that has a ring ends the process when it may not use it: better no filter, and no word that there is one."""
    said = confined(write=[str(tmp_path)], ring=True)
    if said["ring"] != "ok":
        pytest.skip(f"this kernel has no io_uring: {said['ring']}")

    assert said["up"] == ALL[:2]
    assert [text.partition(",")[0] for text in said["missing"]] == ["system calls: io_uring is in use"]
