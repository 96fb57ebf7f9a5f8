"""The walls around a process, from the inside: what the jailer puts around itself once, and each process around itself.

Two walls, and one of them is enough: *namespaces* (users, processes, mounts, network, System V; a root with the program's own
files only) and *Landlock* (no file but those). Behind either stand seccomp, limits of resources and no capabilities.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from runtime.confine import kernel
from runtime.confine.calls import MACHINES
from runtime.node import syscalls
from runtime.node.groups import Group, Groups

NAMESPACES, LANDLOCK = "namespaces", "landlock"
WALLS: Final = (NAMESPACES, LANDLOCK)
UNPRIVILEGED: Final = 65533
"""Whom processes belong to where the jailer is root: nobody else, not even `nobody`."""

CHANNEL: Final = 3
"""The descriptor by which a process talks that can: Node."""

_NAME: Final = "localhost"
"""The machine's, as a process in a namespace of its own sees it."""
_PLACE: Final = "/tmp"  # noqa: S108 - what is mounted there is seen in the jailer's own mount namespace only
_FLAGS: Final = kernel.NEWPID | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS | kernel.NEWCGROUP
_ERRORS: Final = 2
_FIRST_HIGH: Final = 10
_MOST_FILES: Final = 1 << 16


class NoWall(Exception):
    """This machine offers too little; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. `files` and `folders` are all that it may read, `walls` those to try, `limits` by their names in resource.h.

    `channel` are its descriptors that lead to the host, `pairs` see `syscalls.program`; `links` are there in a root of its own.
    `memory_bytes` is the most that a hook may have; it can be said to be less when one runs. `groups` is a folder for control
    groups with these `controllers`, "" for none.
    """

    command: list[str]
    files: list[str]
    folders: list[str]
    walls: list[str]
    limits: dict[str, int]
    channel: list[int] = field(default_factory=lambda: [CHANNEL])
    pairs: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    memory_bytes: int = 0
    groups: str = ""
    controllers: list[str] = field(default_factory=list)


class Jailed(NamedTuple):
    """A process, and its control group, if there are any."""

    pid: int
    group: Group | None


class Jail:
    """Built once in the jailer, which it changes for ever. `NoWall`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._nothing = _high(os.open(os.devnull, os.O_RDWR))
        self._rules = -1
        self._is_root = os.geteuid() == 0
        self.walls: list[str] = []
        self.no_groups = ""
        """Why processes have no control groups though there is a folder for them; "" where they have."""
        self._groups: Groups | None = None
        if kernel.MACHINE not in MACHINES:
            raise NoWall(f"the system calls of {kernel.MACHINE} are not known, only those of {', '.join(MACHINES)}")
        if not kernel.has_seccomp():
            raise NoWall("the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)")
        self._find_groups()
        faults = [self._build_namespaces(), self._build_landlock()]
        if not self.walls:
            raise NoWall("; ".join(filter(None, faults)) or "none of the walls is wanted")
        if self._is_root:
            _take_real_id()

    def spawn(self, channel: int, errors: int) -> Jailed:
        """A process behind the walls. `channel` is where it talks, `errors` its standard error. `OSError`."""
        group = self._groups.make() if self._groups else None
        try:
            pid = kernel.clone(_FLAGS if NAMESPACES in self.walls else 0, group.descriptor if group else -1)
        except OSError:
            self.bury(group)
            raise
        if pid == 0:
            self._become(channel, errors)
        return Jailed(pid, group)

    def bury(self, group: Group | None) -> bool:
        """The process of this group has ended: whether the kernel ended it for want of memory."""
        if group is None or self._groups is None:
            return False
        with contextlib.suppress(OSError):
            starved = group.is_out_of_memory()
            self._groups.drop(group)
            return starved
        return False

    def _find_groups(self) -> None:
        try:
            self._groups = Groups(self._plan.groups, self._plan.controllers) if self._plan.groups else None
        except OSError as error:
            self.no_groups = str(error)

    def _build_namespaces(self) -> str:
        """Why there are none; "" where there are."""
        if NAMESPACES not in self._plan.walls:
            return ""
        # In a process of its own first: half of it can not be taken back.
        fault = _tried(self._enter_namespaces)
        if fault:
            return f"no namespaces: {fault}"
        self._enter_namespaces()
        self.walls.append(NAMESPACES)
        return ""

    def _build_landlock(self) -> str:
        if LANDLOCK not in self._plan.walls:
            return ""
        if not kernel.landlock_version():
            return "no Landlock: it takes Linux 5.13 or newer, with `landlock` among its security modules"
        places = [os.open(path, os.O_PATH) for path in (*self._plan.files, *self._plan.folders)]
        uses = kernel.READ | kernel.EXECUTE
        self._rules = _high(kernel.landlock_rules([(place, uses) for place in places], network=False))
        for place in places:
            os.close(place)
        self.walls.append(LANDLOCK)
        return ""

    def _enter_namespaces(self) -> None:
        within_users = _unshare_mounts()
        self._is_root = self._is_root and not within_users
        kernel.make_mounts_private()
        # Held open, for the empty file system may hide them.
        held = [(path, os.open(path, os.O_PATH)) for path in (*self._plan.files, *self._plan.folders)]
        kernel.mount_empty(_PLACE)
        for path, source in held:
            _bind(path, source)
            os.close(source)
        for path, target in self._plan.links.items():
            place = Path(_PLACE + path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        kernel.make_read_only(_PLACE)
        kernel.change_root(_PLACE)
        pid = kernel.clone(_FLAGS)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    def _become(self, channel: int, errors: int) -> NoReturn:
        """From a copy of the jailer to the program."""
        try:
            self._put_descriptors(channel, errors)
            if NAMESPACES in self.walls:
                socket.sethostname(_NAME)
            self._give_up_rights()
            os.execve(self._plan.command[0], self._plan.command, self._plan.environment)  # noqa: S606 - no shell, and the plan is ours
        except BaseException as error:  # noqa: BLE001 - the copy of the jailer must end here, whatever happens
            with contextlib.suppress(OSError):
                os.write(2, f"hookd: the jail can not be entered: {error}\n".encode())
        os._exit(125)

    def _put_descriptors(self, channel: int, errors: int) -> None:
        source, said = _high(channel), _high(errors)
        for place in range(CHANNEL + 1):
            os.dup2(source if place in self._plan.channel else said if place == _ERRORS else self._nothing, place)
        if self._rules >= 0:
            os.dup2(self._rules, CHANNEL + 1)
        os.closerange(CHANNEL + 2, _MOST_FILES)

    def _give_up_rights(self) -> None:
        if self._is_root:
            os.setgroups([])
            os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
            os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        counts_alone = NAMESPACES in self.walls and _unshare_users()
        for name, most in self._plan.limits.items():
            # The threads of all processes of this user would be counted, those of other hooks too.
            if name != "NPROC" or counts_alone:
                _limit(getattr(resource, f"RLIMIT_{name}"), most)
        kernel.give_up_capabilities()
        kernel.die_with_parent()
        if self._rules >= 0:
            kernel.landlock(CHANNEL + 1)
            os.close(CHANNEL + 1)
        kernel.seccomp(syscalls.program(kernel.MACHINE, os.getpid(), pairs=self._plan.pairs))


def _limit(what: int, most: int) -> None:
    """Less than that where the service itself has less: nobody here may raise it."""
    hard = resource.getrlimit(what)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound))


def _unshare_users() -> bool:
    """Whether the process is nobody, and counted alone, from now on. Where root may make namespaces and others may not, it is not."""
    try:
        kernel.unshare(kernel.NEWUSER)
    except OSError:
        return False
    return True


def _unshare_mounts() -> bool:
    """A mount namespace of our own. Whether it took a user namespace: who is root there is not root elsewhere."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            kernel.unshare(kernel.NEWNS)
            return False
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEWUSER | kernel.NEWNS)
    for name, text in [("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")]:
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)
    return True


def _bind(path: str, source: int) -> None:
    """Show what lies at this path, and is open here, at the same path below the new root."""
    place, shown = Path(_PLACE + path), f"/proc/self/fd/{source}"
    if Path(shown).is_dir():
        place.mkdir(parents=True, exist_ok=True)
        kernel.mount_folder(shown, str(place))
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    kernel.mount_file(shown, str(place))


def _take_real_id() -> None:
    """Root that may limit the processes it starts: the kernel asks whether the real user is theirs."""
    os.setresgid(UNPRIVILEGED, 0, 0)
    os.setresuid(UNPRIVILEGED, 0, 0)


def _tried(attempt: Callable[[], None]) -> str:
    """What goes wrong when this is attempted, in a process of its own; "" when nothing does."""
    said, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent says it
            os.write(say, str(error).encode() or b"?")
        os._exit(0)
    os.close(say)
    with os.fdopen(said, "rb") as reader:
        fault = reader.read().decode()
    os.waitpid(pid, 0)
    return fault


def _high(descriptor: int) -> int:
    """The same, out of the way of the first few."""
    number: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_HIGH)
    return number
