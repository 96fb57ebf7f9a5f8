"""The seccomp program, run here as the kernel would: what is refused, what is let through, and for whom."""

from __future__ import annotations

import pytest

from runtime.node.syscalls import REFUSED, program
from tests.confine import interpreting
from tests.confine.interpreting import MACHINES

PID = 77


def answer(machine: str, number: int, first: int = 0, *, said: int | None = None) -> str:
    """What the program says to a call."""
    return interpreting.answer(program(machine, PID), machine, number, first, said=said)


@pytest.mark.parametrize("machine, column", [("x86_64", 0), ("aarch64", 1)])
def test_what_is_refused_is_refused(machine: str, column: int):
    """Every call of the list, on both machines; and each has a number of its own."""
    numbers = [row[column] for row in REFUSED.values() if row[column] is not None]

    assert {answer(machine, number) for number in numbers if number is not None} == {"EPERM"}
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    "machine, numbers", [("x86_64", [0, 1, 9, 10, 202, 231, 257, 59]), ("aarch64", [63, 64, 222, 226, 98, 94, 56, 221])]
)
def test_what_node_needs_is_let_through(machine: str, numbers: list[int]):
    """read, write, mmap, mprotect, futex, exit_group, openat, execve."""
    assert {answer(machine, number) for number in numbers} == {"allow"}


@pytest.mark.parametrize(
    "call, first, said",
    [
        ("newer", 425, "ENOSYS"),  # io_uring_setup
        ("newer", 435, "ENOSYS"),  # clone3: libraries then use clone
        ("newer", 1000, "ENOSYS"),
        ("newer", 436, "allow"),  # close_range
    ],
)
@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_newer_is_not_there(machine: str, call: str, first: int, said: str):
    """io_uring, pidfd_*, new mount calls, and what nobody knows yet."""
    assert answer(machine, first) == said


@pytest.mark.parametrize(
    "number, first, said",
    [
        ((62, 129), PID, "allow"),  # kill
        ((62, 129), 1, "EPERM"),
        ((62, 129), -1, "EPERM"),
        ((62, 129), 0, "EPERM"),
        ((234, 131), PID, "allow"),  # tgkill
        ((234, 131), PID + 1, "EPERM"),
        ((302, 261), 0, "allow"),  # prlimit64
        ((302, 261), PID + 1, "EPERM"),
        ((157, 167), 15, "allow"),  # prctl PR_SET_NAME
        ((157, 167), 22, "EPERM"),  # PR_SET_SECCOMP
        ((56, 220), 0x3D0F00, "allow"),  # clone as pthread_create calls it
        ((56, 220), 17, "EPERM"),  # as fork does
        ((56, 220), 0x10000 | 0x10000000, "EPERM"),  # a thread in a new user namespace
    ],
)
@pytest.mark.parametrize("machine, column", [("x86_64", 0), ("aarch64", 1)])
def test_arguments_decide(machine: str, column: int, number: tuple[int, int], first: int, said: str):
    """Signals and limits for itself only, threads but no processes, names but no changes to the process."""
    assert answer(machine, number[column], first) == said


@pytest.mark.parametrize("machine, column", [("x86_64", 0), ("aarch64", 1)])
def test_nobody_is_signalled_by_a_descriptor(machine: str, column: int):
    """Not by F_SETOWN, F_SETSIG, F_SETOWN_EX, a lease, F_NOTIFY, FIOSETOWN or SIOCSPGRP; what Node asks of descriptors it may."""
    fcntl, ioctl = (72, 25)[column], (16, 29)[column]
    refused = [(fcntl, command) for command in (8, 10, 15, 1024, 1026)] + [(ioctl, 0x8901), (ioctl, 0x8902)]
    # F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETLK; TCGETS, FIOCLEX, FIONBIO.
    given = [(fcntl, command) for command in (1030, 1, 2, 3, 4, 6)] + [
        (ioctl, 0x5401),
        (ioctl, 0x5451),
        (ioctl, 0x5421),
    ]
    code = program(machine, PID)

    assert {interpreting.answer(code, machine, number, 3, command) for number, command in refused} == {"EPERM"}
    assert {interpreting.answer(code, machine, number, 3, command) for number, command in given} == {"allow"}


def test_another_machines_numbers_end_the_process():
    """32-bit calls and x32's on a 64-bit kernel have other numbers: none of them is let through."""
    assert answer("x86_64", 1, said=0x40000003) == "kill"
    assert answer("x86_64", 0x40000001) == "kill"
    assert answer("aarch64", 64, said=0x40000028) == "kill"


@pytest.mark.parametrize("machine, number", [("x86_64", 53), ("aarch64", 199)])
def test_a_pair_of_sockets_is_of_streams(machine: str, number: int):
    """For Deno, which does not start without; a datagram socket could be connected to somebody else."""
    unix, internet, stream, datagram = 1, 2, 1, 2
    code = program(machine, PID, pairs=True)
    given = [(unix, stream | 0x80800), (unix, stream)]
    refused = [(unix, datagram), (unix, datagram | 0x80000), (internet, stream), (unix, 5)]

    assert {interpreting.answer(code, machine, number, *pair) for pair in given} == {"allow"}
    assert {interpreting.answer(code, machine, number, *pair) for pair in refused} == {"EPERM"}
    assert answer(machine, number, unix) == "EPERM"


def test_an_unknown_machine_has_no_program():
    """It has other numbers."""
    with pytest.raises(ValueError, match="riscv64"):
        program("riscv64", 1)
