"""The table of system calls."""

from __future__ import annotations

import pytest

from runtime.confine.calls import ALL, COMMON, MACHINES, NEWER, numbers


@pytest.mark.parametrize("machine", MACHINES)
def test_each_call_has_a_number_of_its_own(machine: str):
    """No two names mean the same call."""
    found = numbers(machine, ALL)

    assert len(set(found)) == len(found)
    assert set(numbers(machine, NEWER)) == {number for number in found if number > COMMON}


def test_an_unknown_machine_has_no_numbers():
    """It has other ones."""
    with pytest.raises(ValueError, match="riscv64"):
        numbers("riscv64", ["bpf"])
