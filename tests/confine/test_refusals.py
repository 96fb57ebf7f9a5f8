"""What the service's own process may not ask of the kernel, as the program says it; test_process.py asks the kernel."""

from __future__ import annotations

import pytest

from runtime.confine.calls import ASKED, MACHINES, TALK, numbers
from runtime.confine.refusals import MISSING, PROGRAMS, REFUSED, RINGS, program, rings
from tests.confine.interpreting import answer, asked

FORK, THREAD, NEW_USER = 17, 0x3D0F00, 0x10000000
# read, write, openat, mmap, mprotect, futex, epoll_pwait, exit_group, prctl, unlinkat
NEEDED = {"x86_64": [0, 1, 257, 9, 10, 202, 281, 231, 157, 263], "aarch64": [63, 64, 56, 222, 226, 98, 22, 94, 167, 35]}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_refused_is_refused(machine: str):
    """Programs too, where none is started."""
    filters = [program(machine, starts_programs=starts) for starts in (True, False)]

    for code in filters:
        assert {answer(code, machine, number) for number in numbers(machine, REFUSED)} == {"EPERM"}
        assert {answer(code, machine, number) for number in (*numbers(machine, MISSING), 468, 1000)} == {"ENOSYS"}
    said = [{answer(code, machine, number) for number in numbers(machine, PROGRAMS)} for code in filters]
    assert said == [{"allow"}, {"EPERM"}]


@pytest.mark.parametrize("machine", MACHINES)
def test_what_a_service_needs_is_let_through(machine: str):
    """What is not in the list; the calls that it makes most after few steps."""
    said = [asked(program(machine, starts_programs=True), machine, number) for number in NEEDED[machine]]

    assert {text for text, _ in said} == {"allow"}
    assert max(steps for _, steps in said) <= 40


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_decide(machine: str):
    """Processes and threads, in no new namespace; sockets of four families, packet, VM and kernel crypto sockets not."""
    column = MACHINES.index(machine)
    code = program(machine, starts_programs=True)
    clone, socket, pair = ASKED["clone"][column], TALK["socket"][column], TALK["socketpair"][column]
    assert clone is not None
    assert socket is not None
    assert pair is not None

    assert [answer(code, machine, clone, flags) for flags in (FORK, THREAD)] == ["allow", "allow"]
    assert [answer(code, machine, clone, FORK | flag) for flag in (NEW_USER, 0x20000, 0x40000000)] == ["EPERM"] * 3
    assert [answer(code, machine, socket, family) for family in (1, 2, 10, 16)] == ["allow"] * 4
    assert [answer(code, machine, call, family) for call in (socket, pair) for family in (17, 38, 40)] == [
        "EAFNOSUPPORT"
    ] * 6


@pytest.mark.parametrize("machine", MACHINES)
def test_rings_can_be_refused_alone(machine: str):
    """Before there is an event loop, which would have one."""
    code = rings(machine)

    assert {answer(code, machine, number) for number in numbers(machine, RINGS)} == {"ENOSYS"}
    assert {answer(code, machine, number) for number in (*NEEDED[machine], *numbers(machine, REFUSED))} == {"allow"}
