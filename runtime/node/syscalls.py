"""Which system calls a jailed process may make: a program for the kernel's seccomp. Pure.

Node needs many, so this is a list of what it may not: whatever makes processes, reaches other processes, opens sockets,
mounts, changes files' owners or modes, loads code into the kernel or has a history of holes in it. Of what is newer than
this list nothing is there: the kernel says that it has no such call, and libraries use the older one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import Final

from runtime.confine.calls import COMMON, FILES, KERNEL, NAMESPACES, PROCESSES, TALK, numbers
from runtime.confine.filters import (
    ANY_BIT,
    AT_LEAST,
    EQUAL,
    NEW_NAMESPACES,
    Instruction,
    allowed,
    answer,
    begin,
    second,
    where,
)

REFUSED: Final = PROCESSES | NAMESPACES | TALK | FILES | KERNEL

_THREAD: Final = 0x10000
# PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: what a thread calls itself, and what it calls its memory.
_NAMES: Final = (15, 16, 0x53564D41)
# What a process may send to itself only.
_TO_ITSELF: Final = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
# Whom the kernel sends a signal when something comes by a descriptor, and which one: as kill(2) does. F_SETOWN, F_SETSIG, F_SETOWN_EX
# and leases, F_SETLEASE and F_NOTIFY; FIOSETOWN and SIOCSPGRP.
_OWNERS: Final = {"fcntl": (8, 10, 15, 1024, 1026), "ioctl": (0x8901, 0x8902)}
_PAIR: Final = "socketpair"
# AF_UNIX, SOCK_STREAM, with SOCK_NONBLOCK and SOCK_CLOEXEC or without. A pair of SOCK_DGRAM could be connected to somebody else.
_UNIX, _STREAMS = 1, (0x1, 0x801, 0x80001, 0x80801)


def program(machine: str, pid: int, *, pairs: bool = False) -> list[Instruction]:
    """The filter for one process, which knows itself as `pid`. `ValueError` for a machine that is not known.

    `pairs`: it may make two sockets that are connected with one another.
    """
    code = list(begin(machine))
    for number in numbers(machine, ["close_range"]):
        code += [(EQUAL, 0, 1, number), answer(0)]
    code += [(AT_LEAST, 0, 1, COMMON), answer(errno.ENOSYS)]
    if pairs:
        code += where(machine, _PAIR, _streams())
    for number in numbers(machine, REFUSED):
        code += [(EQUAL, 0, 1, number), answer(errno.EPERM)]
    for name in _TO_ITSELF:
        code += where(machine, name, allowed([pid], errno.EPERM))
    for name, commands in _OWNERS.items():
        code += where(machine, name, _but(commands))
    code += where(machine, "prlimit64", allowed([0, pid], errno.EPERM))
    code += where(machine, "prctl", allowed(_NAMES, errno.EPERM))
    code += where(machine, "clone", _threads())
    return [*code, answer(0)]


def _threads() -> Iterator[Instruction]:
    """A clone is let through where it makes a thread of this process, in no new namespace."""
    yield (ANY_BIT, 0, 2, _THREAD)
    yield (ANY_BIT, 1, 0, NEW_NAMESPACES)
    yield answer(0)
    yield answer(errno.EPERM)


def _but(commands: Iterable[int]) -> Iterator[Instruction]:
    """The call is let through where its second argument is none of these."""
    yield second()
    for command in commands:
        yield (EQUAL, 0, 1, command)
        yield answer(errno.EPERM)
    yield answer(0)


def _streams() -> Iterator[Instruction]:
    """A pair is let through where each of it can talk to the other only."""
    yield (EQUAL, 1, 0, _UNIX)
    yield answer(errno.EPERM)
    yield second()
    yield from allowed(_STREAMS, errno.EPERM)
