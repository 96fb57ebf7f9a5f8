"""Token buckets that workers share: real processes with the same memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from runtime.memory import nameless_file
from runtime.shared_rates import SharedRates
from tests.other_process import Other


@pytest.fixture
def file() -> Iterator[int]:
    made = nameless_file("hookd-test")
    yield made
    os.close(made)


def test_a_burst_passes_and_then_the_rate(file: int):
    """Wherever it is asked; each name has a bucket of its own. A clock that goes back gives nothing."""
    now = [100.0]
    one, other = [SharedRates(file, clock=lambda: now[0]) for _ in range(2)]
    assert [rates.wait("a", 2, 3) for rates in (one, other, one, other)] == [0, 0, 0, 0.5]
    now[0] += 0.25
    assert [one.wait("a", 2, 3), one.wait("b", 2, 3)] == [0.25, 0]
    now[0] += 0.25
    assert [other.wait("a", 2, 3), one.wait("a", 2, 3)] == [0, 0.5]
    now[0] -= 100
    assert one.wait("a", 2, 3) == 0.5
    now[0] += 1000
    assert [other.wait("a", 2, 3) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_burst_is_one_at_least(file: int):
    """Otherwise nothing would ever pass. A name is any text."""
    assert SharedRates(file).wait("\ud800", 1e-6, 0) == 0


def test_processes_together_pass_no_more(file: int):
    """However they race."""
    with ExitStack() as stack:
        others = [stack.enter_context(Other(file)) for _ in range(3)]
        for other in others:
            other.tell("pass", "a", "500", "400")
        assert sum(int(other.read()) for other in others) == 500
        assert SharedRates(file).wait("a", 1e-6, 500) > 0


def test_who_was_not_seen_for_longest_is_forgotten(file: int):
    """Where there is no room for more."""
    now = [100.0]
    rates = SharedRates(file, sets=1, clock=lambda: now[0])

    def passes(name: str) -> bool:
        now[0] += 1
        return not rates.wait(name, 1e-6, 1)

    assert [passes(name) for name in "abcdabcd"] == [True] * 4 + [False] * 4
    assert [passes(name) for name in "ebcda"] == [True, False, False, False, True]


def test_who_is_stopped_with_the_lock_holds_nobody_up(file: int):
    """All pass for a while."""
    now = [100.0]
    rates = SharedRates(file, clock=lambda: now[0])
    assert [rates.wait("a", 1, 1), rates.wait("a", 1, 1)] == [0, 1]
    with Other(file) as other:
        other.say("hold", "rates")
        assert [rates.wait("a", 1, 1), rates.wait("a", 1, 1)] == [0, 0]
        other.kill()
        now[0] += 1
        assert [rates.wait("a", 1, 1), rates.wait("a", 1, 1)] == [0, 1]
