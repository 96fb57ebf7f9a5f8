"""The parts that filters are made of."""

from __future__ import annotations

import errno

import pytest

from runtime.confine.calls import ASKED
from runtime.confine.filters import allowed, answer, begin, decide, where
from tests.confine.interpreting import answer as say
from tests.confine.interpreting import asked


@pytest.mark.parametrize("count", [0, 1, 4, 5, 9, 64, 100])
def test_a_decision_is_right_for_each_number_and_short(count: int):
    """What is listed fails, what lies between is let through, and none takes more than a few steps."""
    refused = [3 * number + 1 for number in range(count)]
    code = [*begin("x86_64"), *decide(refused[::-1], errno.EPERM)]
    said = {number: asked(code, "x86_64", number) for number in range(3 * count + 3)}

    assert {number for number, (text, _) in said.items() if text == "EPERM"} == set(refused)
    assert {text for text, _ in said.values()} <= {"allow", "EPERM"}
    assert max(steps for _, steps in said.values()) <= 4 + 2 + 5 + 5


def test_a_calls_first_argument_decides():
    """For that call only; of the argument the lower half counts."""
    code = [*begin("aarch64"), *where("aarch64", "kill", allowed([7, -1], errno.ESRCH)), answer(errno.EPERM)]
    _, kill = ASKED["kill"]
    assert kill is not None

    assert [say(code, "aarch64", kill, first) for first in (7, -1, 8)] == ["allow", "allow", "ESRCH"]
    assert say(code, "aarch64", kill + 1, 7) == "EPERM"


def test_another_machines_numbers_end_the_process():
    """32-bit calls and x32's on a 64-bit kernel have other numbers: none of them is let through."""
    x86, arm = ([*begin(machine), answer(0)] for machine in ("x86_64", "aarch64"))

    assert say(x86, "x86_64", 1, said=0x40000003) == "kill"
    assert say(x86, "x86_64", 0x40000001) == "kill"
    assert say(arm, "aarch64", 64, said=0x40000028) == "kill"
    assert (say(x86, "x86_64", 1), say(arm, "aarch64", 64)) == ("allow", "allow")


def test_an_unknown_machine_has_no_filter():
    """It has other numbers."""
    with pytest.raises(ValueError, match="riscv64"):
        list(begin("riscv64"))
