"""Which system calls a jailed process may make: a program for the kernel's seccomp, in BPF. Pure.

Node needs many, so this is a list of what it may not: whatever makes processes, reaches other processes, opens sockets,
mounts, changes files' owners or modes, loads code into the kernel or has a history of holes in it. Of what is newer than
this list nothing is there: the kernel says that it has no such call, and libraries use the older one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

Instruction: TypeAlias = tuple[int, int, int, int]

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
# struct seccomp_data: where the call's number, the machine and the first argument's lower half are.
_NUMBER, _MACHINE, _FIRST = 0, 4, 16
_MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000

_NEWER: Final = 424
"""From here on calls have one number on all machines. Of these only `close_range` is let through."""
_CLOSE_RANGE: Final = 436

_THREAD, _NEW_NAMESPACES = 0x10000, 0x7E020080
# PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: what a thread calls itself, and what it calls its memory.
_NAMES: Final = (15, 16, 0x53564D41)

# Name: number on x86-64, on 64-bit ARM; None where there is none.
REFUSED: Final[dict[str, tuple[int | None, int | None]]] = {
    # processes
    "fork": (57, None),
    "vfork": (58, None),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "personality": (135, 92),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "setgroups": (116, 159),
    "capset": (126, 91),
    "seccomp": (317, 277),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    # sockets, and what else processes talk by
    "socket": (41, 198),
    "socketpair": (53, 199),
    "shmget": (29, 194),
    "shmctl": (31, 195),
    "shmat": (30, 196),
    "semget": (64, 190),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "semop": (65, 193),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "memfd_create": (319, 279),
    # files: nothing is to be made or changed
    "creat": (85, None),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "truncate": (76, 45),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    # the kernel itself
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "io_setup": (206, 0),
    "io_destroy": (207, 1),
    "io_submit": (209, 2),
    "io_cancel": (210, 3),
    "io_getevents": (208, 4),
    "vmsplice": (278, 75),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "sysfs": (139, None),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "vhangup": (153, 58),
}

# What a process may send to itself only.
_TO_ITSELF: Final = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
_CLONE, _PRCTL, _PRLIMIT = (56, 220), (157, 167), (302, 261)


def program(machine: str, pid: int) -> list[Instruction]:
    """The filter for one process, which knows itself as `pid`. `ValueError` for a machine that is not known."""
    column = list(_MACHINES).index(machine)
    code: list[Instruction] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        code += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    code += [(_EQUAL, 0, 1, _CLOSE_RANGE), _answer(0), (_AT_LEAST, 0, 1, _NEWER), _answer(errno.ENOSYS)]
    for numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            code += [(_EQUAL, 0, 1, number), _answer(errno.EPERM)]
    for numbers in _TO_ITSELF.values():
        code += _where(numbers[column], _allowed([pid]))
    code += _where(_PRLIMIT[column], _allowed([0, pid]))
    code += _where(_PRCTL[column], _allowed(_NAMES))
    code += _where(_CLONE[column], _threads())
    return [*code, _answer(0)]


def _where(number: int, then: Iterable[Instruction]) -> Iterator[Instruction]:
    """These instructions, which end, for the call of this number."""
    body = [(_LOAD, 0, 0, _FIRST), *then]
    yield (_EQUAL, 0, len(body), number)
    yield from body


def _allowed(values: Iterable[int]) -> Iterator[Instruction]:
    """The call is let through where its first argument is one of these."""
    for value in values:
        yield (_EQUAL, 0, 1, value & 0xFFFFFFFF)
        yield _answer(0)
    yield _answer(errno.EPERM)


def _threads() -> Iterator[Instruction]:
    """A clone is let through where it makes a thread of this process, in no new namespace."""
    yield (_ANY_BIT, 0, 2, _THREAD)
    yield (_ANY_BIT, 1, 0, _NEW_NAMESPACES)
    yield _answer(0)
    yield _answer(errno.EPERM)


def _answer(code: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | code if code else _ALLOW)
