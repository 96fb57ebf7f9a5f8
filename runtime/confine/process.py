"""What the service's own process gives up before it runs a hook, and never has again. See `confine`.

The wall around a hook is WebAssembly; these stand behind it, for the day on which the engine has a hole and somebody runs
machine code in this process. Such code still has what the process has in memory, the master key and the tenants' secrets, may
write to the database, and may talk to whom the process may. It does not get to the rest of the machine:

- *privileges*: no program gives it more rights (setuid, file capabilities), and root has none of root's powers. Not: root's
  files are root's, so a service that runs as root may read those where Landlock lets it.
- *files* (Landlock): no file but its own ones (database, cache; both are written) and public ones (Python, the system), no
  signal and no abstract Unix socket to what it did not start, no look into other processes. Not: the network, Unix sockets
  with a path, and files that were open before.
- *system calls* (seccomp): see `refusals.py`. Not: programs, where npm is there to be started; what is started is confined
  in the same way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from runtime.confine import kernel, places, refusals
from runtime.confine.calls import MACHINES
from runtime.confine.places import Places

_LEAST_LANDLOCK: Final = 2
"""Version 1 lets nothing be moved from one folder to another, as npm does."""
_OVERRIDES: Final = kernel.CAP_DAC_OVERRIDE | kernel.CAP_DAC_READ_SEARCH | kernel.CAP_FOWNER
_LOW_PORTS: Final = 1024
_ENDING_SECONDS: Final = 1.0


class Given(NamedTuple):
    """What was given up, and what could not be, in words."""

    up: tuple[str, ...]
    missing: tuple[str, ...]


def confine(wanted: Places, *, port: int = 0) -> Given:
    """Give up what the kernel lets this process give up, but for these places and this port. Of a process with one thread.

    Threads that are started later have no more rights. Landlock can only be put upon the thread that asks for it (before its
    version 8), and capabilities are each thread's own, so it must be the first one, and alone.
    """
    fault = _fault()
    if fault:
        return Given((), (fault,))
    up, missing = [], []
    everything = Places(
        read=(*wanted.read, *places.machine()),
        write=wanted.write,
        clear=wanted.clear,
        execute=(*wanted.execute, *places.loaders()) if wanted.execute else (),
    )
    kept = _needed(everything, port)
    privileges = "privileges, but for files of other users" if kept & _OVERRIDES else "privileges"
    # In this order: the other two take that there will be no new privileges.
    layers: tuple[tuple[str, Callable[[], None]], ...] = (
        (privileges, partial(kernel.give_up_capabilities, but=kept)),
        ("files", partial(_landlock, everything)),
        ("system calls", partial(_seccomp, everything)),
    )
    for name, give_up in layers:
        try:
            give_up()
            up.append(name)
        except OSError as error:
            missing.append(f"{name}: {error.strerror}")
    return Given(tuple(up), tuple(missing))


def refuse_rings() -> None:
    """No io_uring from here on, and no new privileges. To be called before there is an event loop.

    uvloop makes a ring with each loop, and ends the process when it is not let use it later; where it can make none it does
    without. What can not be refused here is found by `confine`.
    """
    if not _fault() and kernel.has_seccomp():
        with contextlib.suppress(OSError):
            kernel.give_up_new_privileges()
            kernel.seccomp(refusals.rings(kernel.MACHINE), speculates=True)


def _fault() -> str:
    """Why nothing at all can be given up; "" where something can."""
    if os.uname().sysname != "Linux":
        return "this is not Linux"
    if kernel.MACHINE not in MACHINES:
        return f"the system calls of {kernel.MACHINE} are not known, only those of {', '.join(MACHINES)}"
    try:
        threads = _threads()
    except OSError as error:
        return f"/proc can not be read: {error.strerror}"
    return f"the process has {threads} threads already" if threads > 1 else ""


def _threads() -> int:
    """How many there are. One that Python has joined is the kernel's for a moment more: it is waited for, a second at most."""
    end = time.monotonic() + _ENDING_SECONDS
    while (found := len(os.listdir("/proc/self/task"))) > 1:  # noqa: PTH208 - only how many
        if threading.active_count() > 1 or time.monotonic() > end:
            break
        os.sched_yield()
    return found


def _needed(wanted: Places, port: int) -> int:
    """The capabilities that the process can not do without: for a low port, and for files that are another user's."""
    had = kernel.capabilities()
    kept = kernel.CAP_NET_BIND_SERVICE if 0 < port < _LOW_PORTS else 0
    if had.effective & _OVERRIDES:
        kernel.set_capabilities(had._replace(effective=had.effective & ~_OVERRIDES))
        try:
            kept |= 0 if _usable(wanted) else _OVERRIDES
        finally:
            kernel.set_capabilities(had)
    return kept


def _usable(wanted: Places) -> bool:
    """Whether all places can be used as they are; asked while what overrides their modes does not count."""
    if os.access not in os.supports_effective_ids:
        return False
    read = (path for path in (*wanted.read, *wanted.execute) if _exists(path))
    return all(_may(path, os.R_OK) for path in read) and all(_may(path, os.W_OK) for path in _written(wanted))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # behind a folder that is closed: it may be there


def _written(wanted: Places) -> Iterator[Path]:
    for path in wanted.write:
        yield path
        with contextlib.suppress(OSError):
            yield from path.iterdir()


def _may(path: Path, how: int) -> bool:
    is_folder = os.path.isdir(path)  # noqa: PTH112 - False behind a closed folder, where Path's raises
    return os.access(path, how | os.R_OK | (os.X_OK if is_folder else 0), effective_ids=True)


def _landlock(wanted: Places) -> None:
    if kernel.landlock_version() < _LEAST_LANDLOCK:
        raise OSError(errno.ENOSYS, "it takes Linux 5.19 or newer, with `landlock` among its security modules")
    uses = (
        (wanted.read, kernel.READ),
        (wanted.write, kernel.WRITE),
        (wanted.clear, kernel.CLEAR),
        (wanted.execute, kernel.READ | kernel.EXECUTE),
        (wanted.devices, kernel.USE),
    )
    with contextlib.ExitStack() as stack:
        held: list[tuple[int, int]] = []
        for paths, use in uses:
            for path in dict.fromkeys(paths):
                with contextlib.suppress(OSError):  # it is not there, or closed to this process in any case
                    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                    stack.callback(os.close, descriptor)
                    held.append((descriptor, use))
        rules = kernel.landlock_rules(held, network=True)
        stack.callback(os.close, rules)
        kernel.landlock(rules)


def _seccomp(wanted: Places) -> None:
    if not kernel.has_seccomp():
        raise OSError(errno.ENOSYS, "the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)")
    if _has_rings():
        raise OSError(errno.EBUSY, "io_uring is in use, and who uses it can not do without any more")
    # The service does no more about Spectre than it did without a filter.
    kernel.seccomp(refusals.program(kernel.MACHINE, starts_programs=bool(wanted.execute)), speculates=True)


def _has_rings() -> bool:
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208 - only their names
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{descriptor}") == "anon_inode:[io_uring]":  # noqa: PTH115 - likewise
                return True
    return False
