"""Which system calls the service's own process may not make: a program for the kernel's seccomp. Pure.

A list of what is refused, as systemd's `SystemCallFilter=~@...` is, and not of what is let through: a call that Python, SQLite or
a library makes on some day, on some machine, must not end the issuing of tokens. Refused is what whoever broke out of the wasm
engine would want next and what the service has no use for: other processes' memory, namespaces and mounts, files by their
handles, the kernel's own settings, loading code into it, and those parts of it that have had many holes.

Where libraries have an older way and take it, the kernel says that it has no such call (ENOSYS): io_uring, clone3 (whose flags a
filter can not see), and what is newer than this list. Sockets are of the Internet, of the machine (Unix) or ask for addresses
(netlink); there are no others.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import Final

from runtime.confine.calls import NAMESPACES, numbers
from runtime.confine.filters import (
    ANY_BIT,
    AT_LEAST,
    EQUAL,
    NEW_NAMESPACES,
    Instruction,
    allowed,
    answer,
    begin,
    decide,
    where,
)

REFUSED: Final = (
    # other processes, and what a process is
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "personality"),
    # namespaces and mounts
    *NAMESPACES,
    *("open_tree", "open_tree_attr", "move_mount", "mount_setattr", "fsopen", "fsconfig", "fsmount", "fspick"),
    # files, past their names
    *("open_by_handle_at", "fanotify_init", "fanotify_mark", "quotactl", "quotactl_fd", "acct", "swapon", "swapoff"),
    # code in the kernel, and its settings
    *("bpf", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "syslog"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "iopl", "ioperm", "modify_ldt", "vhangup"),
    # a history of holes, and no use
    *("perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_setup", "vmsplice"),
    *("mbind", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages", "move_pages"),
    *("uselib", "sysfs", "lookup_dcookie", "nfsservctl"),
)
"""They fail with EPERM."""

RINGS: Final = ("io_uring_setup", "io_uring_enter", "io_uring_register")
MISSING: Final = (*RINGS, "clone3")
"""They fail with ENOSYS."""

PROGRAMS: Final = ("execve", "execveat")
"""Refused too where no other program is ever started."""

_UNKNOWN: Final = 468
"""The first number that Linux 6.18 has not given to a call."""

# AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_FAMILIES: Final = (1, 2, 10, 16)


def program(machine: str, *, starts_programs: bool) -> list[Instruction]:
    """The filter. `ValueError` for a machine that is not known."""
    code = [*begin(machine), (AT_LEAST, 0, 1, _UNKNOWN), answer(errno.ENOSYS)]
    code += _missing(machine, MISSING)
    code += where(machine, "clone", [(ANY_BIT, 0, 1, NEW_NAMESPACES), answer(errno.EPERM), answer(0)])
    for name in ("socket", "socketpair"):
        code += where(machine, name, allowed(_FAMILIES, errno.EAFNOSUPPORT))
    refused = REFUSED if starts_programs else (*REFUSED, *PROGRAMS)
    return code + decide(numbers(machine, refused), errno.EPERM)


def rings(machine: str) -> list[Instruction]:
    """A filter that refuses io_uring only."""
    return [*begin(machine), *_missing(machine, RINGS), answer(0)]


def _missing(machine: str, names: Iterable[str]) -> Iterator[Instruction]:
    for number in numbers(machine, names):
        yield from ((EQUAL, 0, 1, number), answer(errno.ENOSYS))
