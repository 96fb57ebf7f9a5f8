"""System calls that Python has no functions for, by ctypes: Linux on x86-64 and on 64-bit ARM.

Runs in the Node engine's jailer too, and between its fork and its exec: standard library only. Every call that fails is an
`OSError` that says which.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import stat
import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

# Not CDLL: that would give up the interpreter's lock, which a clone must have on both sides.
_LIBC: Final = ctypes.PyDLL(None, use_errno=True)

MACHINE: Final = platform.machine()
_IS_X86: Final = MACHINE == "x86_64"

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MNT_DETACH: Final = 2

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = (
    1,
    22,
    24,
    28,
    38,
    47,
)
_SECCOMP_MODE_FILTER: Final = 2
_CAP_AMBIENT_CLEAR_ALL: Final = 4
# NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, each with its lock: uid 0 means nothing to an exec.
_SECUREBITS: Final = 0b11001111
_CAPABILITY_VERSION: Final = 0x20080522

_CLONE, _PIVOT_ROOT, _SECCOMP = (56, 155, 317) if _IS_X86 else (220, 41, 277)
_CAPGET, _CAPSET = (125, 126) if _IS_X86 else (90, 91)
_SET_MODE_FILTER, _ALL_THREADS, _SPECULATION = 1, 1, 4
_CLONE3: Final = 435
_INTO_CGROUP: Final = 0x200000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION: Final = 1
# What the file system rights of each version of Landlock are, in bits: refer came with 2, truncate with 3, ioctl with 5.
_LANDLOCK_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_ACCESS_NETWORK, _SCOPES = 0b11, 0b11

EXECUTE, READ = 1 << 0, 1 << 2 | 1 << 3
WRITE: Final = 1 << 1 | READ | sum(1 << bit for bit in (4, 5, 7, 8, 12, 13, 14))
"""What there is to do with files and folders, links and renaming included; no devices, pipes or sockets are made."""
USE: Final = 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
"""What there is to do with a device."""
CLEAR: Final = 1 << 4
"""Removing empty folders."""
_OF_FILES: Final = EXECUTE | USE

# The bits of capabilities(7).
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_NET_BIND_SERVICE = 1 << 1, 1 << 2, 1 << 3, 1 << 10


def unshare(flags: int) -> None:
    """Leave these namespaces for new ones."""
    _called("unshare", _LIBC.unshare(flags))


def clone(flags: int, group: int = -1) -> int:
    """Fork, the child in these new namespaces, and in the control group whose folder is open here, if any. 0 in the child."""
    if group < 0:
        pid: int = _LIBC.syscall(_CLONE, ctypes.c_ulong(flags | signal.SIGCHLD), 0, 0, 0, 0)
        return _called("clone", pid)
    wanted = struct.pack("<11Q", flags | _INTO_CGROUP, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, group)
    pid = _LIBC.syscall(_CLONE3, wanted, ctypes.c_size_t(len(wanted)))
    return _called("clone3", pid)


def make_mounts_private() -> None:
    """Nothing that is mounted from here on is seen outside of this mount namespace."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)


def mount_empty(place: str) -> None:
    """An empty file system in memory, of a few files at most."""
    _mount("none", place, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=64k,nr_inodes=200")


def mount_file(source: str, place: str) -> None:
    """A file that is there already, to be read only."""
    _mount(source, place, None, _MS_BIND)
    make_read_only(place)


def mount_folder(source: str, place: str) -> None:
    """A folder with all below it, to be read only."""
    _mount(source, place, None, _MS_BIND | _MS_REC)
    make_read_only(place)


def make_read_only(place: str) -> None:
    """What is mounted there can not be written from here."""
    _mount(None, place, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def change_root(place: str) -> None:
    """This mount point is the root from now on, and what was around it is gone."""
    os.chdir(place)
    _called("pivot_root", _LIBC.syscall(_PIVOT_ROOT, b".", b"."))
    _called("umount2", _LIBC.umount2(b".", _MNT_DETACH))
    os.chdir("/")


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends."""
    _prctl("PR_SET_PDEATHSIG", _PR_SET_PDEATHSIG, int(signal.SIGKILL))


def give_up_new_privileges() -> None:
    """No exec gives this process, or what becomes of it, more rights than it has."""
    _prctl("PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


class Capabilities(NamedTuple):
    """Of this thread, in bits: those that count now, and those that it may make count."""

    effective: int
    permitted: int


def capabilities() -> Capabilities:
    """What this thread has."""
    said = ctypes.create_string_buffer(24)
    _called("capget", _LIBC.syscall(_CAPGET, struct.pack("<Ii", _CAPABILITY_VERSION, 0), said))
    low = struct.unpack("<6I", said.raw)
    return Capabilities(low[0] | low[3] << 32, low[1] | low[4] << 32)


def set_capabilities(wanted: Capabilities) -> None:
    """None of them is inherited."""
    effective, permitted = wanted
    parts = [effective & 0xFFFFFFFF, permitted & 0xFFFFFFFF, 0, effective >> 32, permitted >> 32, 0]
    _called("capset", _LIBC.syscall(_CAPSET, struct.pack("<Ii", _CAPABILITY_VERSION, 0), struct.pack("<6I", *parts)))


def give_up_capabilities(*, but: int = 0) -> None:
    """No capability is left but these, as far as there were any, and none can come back by an exec, whoever the process is."""
    _prctl("PR_CAP_AMBIENT", _PR_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL)
    for capability in range(64):
        if not but & 1 << capability and _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the kernel has no more of them, or this process none to give up
    if not but:
        _LIBC.prctl(_PR_SET_SECUREBITS, _SECUREBITS, 0, 0, 0)  # as far as it may: no new privileges is what counts
    give_up_new_privileges()
    kept = capabilities().permitted & but
    set_capabilities(Capabilities(kept, kept))


def landlock_version() -> int:
    """Which Landlock the kernel has, 0 for none."""
    version: int = _LIBC.syscall(_LANDLOCK_CREATE, 0, 0, _LANDLOCK_VERSION)
    return max(0, version)


def landlock_rules(places: Iterable[tuple[int, int]], *, network: bool) -> int:
    """A rule set, as a descriptor: this may be done there; nothing with other files, nor with processes outside.

    `places` are descriptors of files and folders, and what of `READ`, `WRITE`, `EXECUTE`, `CLEAR`, `USE`. Without `network` there is no TCP.
    """
    version = landlock_version()
    rights = (1 << _LANDLOCK_RIGHTS.get(version, 16)) - 1
    wanted = struct.pack("<QQQ", rights, 0 if network else _ACCESS_NETWORK, _SCOPES)
    wanted = wanted[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules: int = _LIBC.syscall(_LANDLOCK_CREATE, wanted, ctypes.c_size_t(len(wanted)), 0)
    _called("landlock_create_ruleset", rules)
    for place, uses in places:
        known = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & _OF_FILES
        rule = struct.pack("<Qi", uses & known, place)
        _called("landlock_add_rule", _LIBC.syscall(_LANDLOCK_ADD, rules, 1, rule, 0))
    return rules


def landlock(rules: int) -> None:
    """This process and what becomes of it may only do what the rules allow."""
    _called("landlock_restrict_self", _LIBC.syscall(_LANDLOCK_RESTRICT, rules, 0))


def seccomp(program: Sequence[tuple[int, int, int, int]], *, speculates: bool = False) -> None:
    """The kernel asks this program about each system call from now on, whichever thread makes it. See `filters.py`.

    Before Linux 5.16 who has a filter is made slower, too, as the processor then speculates less, unless it `speculates`.
    """
    code = b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("<H6xQ", len(program), ctypes.addressof(buffer))
    flags = _ALL_THREADS | (_SPECULATION if speculates else 0)
    refused: int = _LIBC.syscall(_SECCOMP, _SET_MODE_FILTER, flags, head)
    if refused > 0:
        raise OSError(errno.EBUSY, f"seccomp: the thread {refused} has another filter")
    _called("seccomp", refused)


def has_seccomp() -> bool:
    """Whether the kernel takes filters. Nothing is changed."""
    return bool(
        _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0) != 0 and ctypes.get_errno() == errno.EFAULT
    )


def _prctl(name: str, option: int, value: int) -> None:
    _called(f"prctl {name}", _LIBC.prctl(option, value, 0, 0, 0))


def _mount(source: str | None, place: str, kind: str | None, flags: int, data: str = "") -> None:
    words = [None if text is None else os.fsencode(text) for text in (source, place, kind)]
    _called(f"mount {place}", _LIBC.mount(*words, ctypes.c_ulong(flags), os.fsencode(data)))


def _called(name: str, result: int) -> int:
    if result >= 0:
        return result
    code = ctypes.get_errno()
    raise OSError(code, f"{name}: {os.strerror(code)}")
