"""Which part of the machine's control groups (cgroup v2) is the service's own, so that each jailed process can have one.

It is what systemd gives a unit with `Delegate=yes`, or a container its processes. The service itself moves into a group below
it, for the kernel wants none beside those that are divided further.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import select
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from runtime.node.groups import sweep

CONTROLLERS: Final = ("memory", "pids")
_OURS, _SERVICE = "hookd-node-", "hookd-service"
_PROC: Final = Path("/proc/self")
_SYSTEMD: Final = Path("/run/systemd/system")
"""There where systemd runs the machine, see sd_booted(3)."""
_MARKS: Final = ("user.delegate", "trusted.delegate")
_ENDING_SECONDS: Final = 2.0


class NoGroups(Exception):
    """There is no part that is ours; the text says why."""


class Part(NamedTuple):
    """A folder for groups, and what the kernel counts in each."""

    folder: Path
    controllers: tuple[str, ...]


def take(wanted: Sequence[str] = CONTROLLERS, proc: Path = _PROC, systemd: Path = _SYSTEMD) -> Part:
    """A new folder for groups, with as many of these controllers as there are. `NoGroups`."""
    try:
        own = _own(proc)
        present = (own / "cgroup.controllers").read_text().split()
        controllers = tuple(name for name in wanted if name in present)
        if not controllers:
            raise NoGroups(f"{own} has no controller of {', '.join(wanted)}")
        _require_ours(own, systemd)
        _divide(own, controllers)
        for place in own.glob(f"{_OURS}*"):
            if not _is_of_somebody(place):
                with contextlib.suppress(OSError):
                    place.rmdir()  # of a service that was killed; one that has groups stays
        folder = own / f"{_OURS}{os.getpid()}-{secrets.token_hex(4)}"
        folder.mkdir()
        _enable(folder, controllers)
    except OSError as error:
        raise NoGroups(str(error)) from None
    return Part(folder, controllers)


def step_aside(proc: Path = _PROC, systemd: Path = _SYSTEMD) -> None:
    """Make it possible for processes that this one starts to `take` a part each: it must be done before there are any.

    Where there is nothing to take, each of them finds out why.
    """
    with contextlib.suppress(NoGroups, OSError):
        own = _own(proc)
        _require_ours(own, systemd)
        _step_aside(own)


def leave(path: str) -> None:
    """End whatever is still in the groups of this folder, if it is one, and remove it."""
    if not path:
        return
    folder = Path(path)
    with contextlib.suppress(OSError):
        if sweep(folder):
            _wait_until_empty(folder)
            sweep(folder)
        folder.rmdir()


def own_group(groups: str, mounts: str) -> Path:
    """Where the group of a process is seen, of its /proc/PID/cgroup and mountinfo, see cgroups(7). `NoGroups`."""
    path = next((line[3:] for line in groups.splitlines() if line.startswith("0::")), None)
    if path is None:
        raise NoGroups("the kernel has no cgroup v2")
    for line in mounts.splitlines():
        words, _, kind = line.partition(" - ")
        root, place = words.split()[3:5]
        if kind.startswith("cgroup2 ") and (path + "/").startswith(root.rstrip("/") + "/"):
            return Path(place) / path.removeprefix(root).lstrip("/")
    raise NoGroups("no cgroup v2 is mounted that shows this process")


def _own(proc: Path) -> Path:
    own = own_group((proc / "cgroup").read_text(), (proc / "mountinfo").read_text())
    return own.parent if own.name == _SERVICE else own  # an engine was here before us


def _require_ours(own: Path, systemd: Path) -> None:
    # What root may write need not be its own to divide: systemd does as it likes with what it has not given away.
    if not os.access(own / "cgroup.procs", os.W_OK) or (systemd.is_dir() and not _is_given_away(own)):
        raise NoGroups(f"{own} is not ours to divide; for systemd it takes Delegate=yes")


def _is_of_somebody(part: Path) -> bool:
    """Whether the process that took it is there: another worker, that has put nothing into it yet."""
    number = part.name.removeprefix(_OURS).partition("-")[0]
    return number.isdecimal() and Path("/proc", number).exists()


def _is_given_away(own: Path) -> bool:
    """Whether systemd has marked it so."""
    for name in _MARKS:
        with contextlib.suppress(OSError):
            if os.getxattr(own, name) == b"1":
                return True
    return False


def _wait_until_empty(folder: Path) -> None:
    """Until the kernel says that nothing lives in it any more, or for long enough."""
    with (folder / "cgroup.events").open("rb", buffering=0) as events:
        changes = select.poll()
        changes.register(events, select.POLLPRI)
        end = time.monotonic() + _ENDING_SECONDS
        while b"populated 1" in os.pread(events.fileno(), 4096, 0) and time.monotonic() < end:
            changes.poll(_ENDING_SECONDS * 1000)


def _divide(own: Path, controllers: Sequence[str]) -> None:
    try:
        _enable(own, controllers)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        _step_aside(own)
        _enable(own, controllers)


def _step_aside(own: Path) -> None:
    others = set((own / "cgroup.procs").read_text().split()) - {str(os.getpid())}
    if others:
        raise NoGroups(f"there are other processes in {own}")
    (own / _SERVICE).mkdir(exist_ok=True)
    (own / _SERVICE / "cgroup.procs").write_text(str(os.getpid()))


def _enable(folder: Path, controllers: Sequence[str]) -> None:
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
