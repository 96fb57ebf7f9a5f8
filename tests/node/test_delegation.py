"""Which part of the control groups is ours: found as cgroups(7) says, divided as the kernel wants it, or left alone with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.node import delegation
from runtime.node.delegation import NoGroups, own_group

HYBRID = "9:name=systemd:/\n4:memory:/x\n0::/system.slice/hookd.service\n"
MOUNT = "42 32 0:39 {root} {place} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
TMPFS = "31 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"


@pytest.mark.parametrize(
    "groups, mounts, found",
    [
        ("0::/\n", MOUNT.format(root="/", place="/sys/fs/cgroup"), "/sys/fs/cgroup"),
        (HYBRID, TMPFS + MOUNT.format(root="/", place="/mnt"), "/mnt/system.slice/hookd.service"),
        # A container that sees its own part.
        ("0::/docker/1/a\n", MOUNT.format(root="/docker/1", place="/sys/fs/cgroup"), "/sys/fs/cgroup/a"),
        ("0::/docker/1\n", MOUNT.format(root="/docker/1", place="/sys/fs/cgroup"), "/sys/fs/cgroup"),
        ("0::/docker/10\n", MOUNT.format(root="/docker/1", place="/sys/fs/cgroup"), None),
        ("0::/../x\n", MOUNT.format(root="/docker", place="/sys/fs/cgroup"), None),
        ("0::/\n", TMPFS, None),
        ("4:memory:/x\n", MOUNT.format(root="/", place="/sys/fs/cgroup"), None),
    ],
)
def test_the_own_group(groups: str, mounts: str, found: str | None):
    """Where it is seen, if it is."""
    if found is not None:
        assert own_group(groups, mounts) == Path(found)
        return
    with pytest.raises(NoGroups):
        own_group(groups, mounts)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """What the kernel says of a process whose group is a folder of files."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "cgroup.controllers").write_text("cpu memory pids\n")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "cgroup").write_text("0::/own\n")
    (proc / "mountinfo").write_text(MOUNT.format(root="/", place=tmp_path))
    return proc


def test_a_part_is_taken(proc: Path, tmp_path: Path):
    """With the controllers that are wanted and there; what a killed service left goes."""
    (tmp_path / "own/hookd-node-old").mkdir()
    (tmp_path / "own/hookd-node-999999999-old").mkdir()
    (tmp_path / f"own/hookd-node-{os.getpid()}-new").mkdir()
    part = delegation.take(proc=proc, systemd=proc / "none")

    assert part.controllers == ("memory", "pids")
    assert part.folder.parent == tmp_path / "own"
    assert (part.folder / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (tmp_path / "own/cgroup.subtree_control").read_text() == "+memory +pids"
    assert {place.name for place in (tmp_path / "own").glob("hookd-*")} == {
        part.folder.name,
        f"hookd-node-{os.getpid()}-new",  # of another engine of a living service
    }


def test_what_systemd_has_not_given_away_is_not_divided(proc: Path, tmp_path: Path):
    """Root could write it, and systemd would write over it."""
    with pytest.raises(NoGroups, match="for systemd it takes Delegate=yes"):
        delegation.take(proc=proc, systemd=tmp_path)
    assert not (tmp_path / "own/cgroup.subtree_control").exists()
    os.setxattr(tmp_path / "own", "user.delegate", b"1")

    assert delegation.take(proc=proc, systemd=tmp_path).folder.is_dir()


def test_a_second_engine_finds_the_same_part(proc: Path, tmp_path: Path):
    """The first one has moved the service aside."""
    (proc / "cgroup").write_text("0::/own/hookd-service\n")

    assert delegation.take(proc=proc, systemd=proc / "none").folder.parent == tmp_path / "own"


def test_who_starts_engines_steps_aside_before(proc: Path, tmp_path: Path):
    """Once; nothing happens where nothing is ours."""
    delegation.step_aside(proc, tmp_path)
    assert not (tmp_path / "own/hookd-service").exists()
    delegation.step_aside(proc, proc / "none")
    assert (tmp_path / "own/hookd-service/cgroup.procs").read_text() == str(os.getpid())
    (tmp_path / "own/cgroup.procs").write_text("")
    (proc / "cgroup").write_text("0::/own/hookd-service\n")

    assert delegation.take(proc=proc, systemd=proc / "none").folder.parent == tmp_path / "own"


def test_a_part_without_controllers_is_none(proc: Path, tmp_path: Path):
    """Of one controller of two it is one."""
    (tmp_path / "own/cgroup.controllers").write_text("cpu pids\n")
    assert delegation.take(proc=proc, systemd=proc / "none").controllers == ("pids",)
    (tmp_path / "own/cgroup.controllers").write_text("cpu\n")
    with pytest.raises(NoGroups, match="has no controller of memory, pids"):
        delegation.take(proc=proc, systemd=proc / "none")


def test_who_is_not_alone_is_not_moved(proc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A group with processes can not be divided; and others' processes are not ours to move."""

    def busy(folder: Path, controllers: object) -> None:
        if folder.name == "own" and not (folder / "hookd-service").exists():
            raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(delegation, "_enable", busy)
    (tmp_path / "own/cgroup.procs").write_text(f"{os.getpid()}\n1\n")
    with pytest.raises(NoGroups, match="there are other processes in"):
        delegation.take(proc=proc, systemd=proc / "none")
    assert not (tmp_path / "own/hookd-service").exists()
    (tmp_path / "own/cgroup.procs").write_text(f"{os.getpid()}\n")
    delegation.take(proc=proc, systemd=proc / "none")

    assert (tmp_path / "own/hookd-service/cgroup.procs").read_text() == str(os.getpid())


def test_this_machine_says_what_it_has():
    """A folder that can be left again, or a reason."""
    try:
        part = delegation.take()
    except NoGroups as missing:
        said = str(missing)
    else:
        said = str(part.folder)
        delegation.leave(said)

    assert said
    assert not Path(said).is_dir()
