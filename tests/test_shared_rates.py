"""Token buckets that workers share: real processes with the same memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from runtime.memory import nameless_file
from runtime.rates import Bucket
from runtime.shared_rates import SharedRates
from tests.other_process import Other


@pytest.fixture
def file() -> Iterator[int]:
    made = nameless_file("hookd-test")
    yield made
    os.close(made)


def wait(rates: SharedRates, name: str, per_second: float, burst: float) -> float:
    """Of one bucket."""
    (seconds,) = rates.wait(Bucket(name, per_second, burst))
    return seconds


def test_a_burst_passes_and_then_the_rate(file: int):
    """Wherever it is asked; each name has a bucket of its own. A clock that goes back gives nothing."""
    now = [100.0]
    one, other = [SharedRates(file, clock=lambda: now[0]) for _ in range(2)]
    assert [wait(rates, "a", 2, 3) for rates in (one, other, one, other)] == [0, 0, 0, 0.5]
    now[0] += 0.25
    assert [wait(one, "a", 2, 3), wait(one, "b", 2, 3)] == [0.25, 0]
    now[0] += 0.25
    assert [wait(other, "a", 2, 3), wait(one, "a", 2, 3)] == [0, 0.5]
    now[0] -= 100
    assert wait(one, "a", 2, 3) == 0.5
    now[0] += 1000
    assert [wait(other, "a", 2, 3) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_burst_is_one_at_least(file: int):
    """Otherwise nothing would ever pass. A name is any text."""
    assert wait(SharedRates(file), "\ud800", 1e-6, 0) == 0


def test_processes_together_pass_no_more(file: int):
    """However they race."""
    with ExitStack() as stack:
        others = [stack.enter_context(Other(file)) for _ in range(3)]
        for other in others:
            other.tell("pass", "a", "500", "400")
        assert sum(int(other.read()) for other in others) == 500
        assert wait(SharedRates(file), "a", 1e-6, 500) > 0


def test_a_request_takes_of_all_buckets_or_of_none(file: int):
    """Wherever it is asked, however often it is refused; each has its own rate."""
    one, other = [SharedRates(file, clock=lambda: 100.0) for _ in range(2)]
    full, small, smaller = Bucket("full", 2, 3), Bucket("small", 4, 2), Bucket("smaller", 0.5, 1)
    assert [rates.wait(full, small, smaller) for rates in (one, other)] == [(0, 0, 0), (0, 0, 2)]
    assert [rates.wait(small, smaller) for rates in (one, other) * 50] == [(0, 2)] * 100
    assert [other.wait(full, small), one.wait(full, small)] == [(0, 0), (0, 0.25)]
    assert [wait(one, *full), wait(other, *full)] == [0, 0.5]
    assert one.wait(full, small, smaller) == (0.5, 0.25, 2)
    assert one.wait() == ()


def test_nobody_is_refused_for_what_others_sent(file: int):
    """Whatever set they fall into; and few of many are let pass who ought not."""
    rates = SharedRates(file, clock=lambda: 100.0)
    names = [f"hook {number} t" for number in range(5_000)]
    assert [wait(rates, name, 1, 1) for name in names] == [0] * len(names)
    assert sum(not wait(rates, name, 1, 1) for name in names) < 10
    few = SharedRates(file, sets=2, clock=lambda: 1000.0)
    assert [wait(few, name, 1, 1) for name in names] == [0] * len(names)


def test_two_of_a_request_may_fall_into_one_full_set(file: int):
    """Both are counted, as far as there is room for both."""
    rates = SharedRates(file, sets=1, clock=lambda: 100.0)
    assert [wait(rates, name, 1, 1) for name in "abcd"] == [0] * 4
    pair = [Bucket(name, 1e-6, 1) for name in "ef"]
    assert [rates.wait(*pair), rates.wait(*pair)] == [(0, 0), (1e6, 1e6)]
    six = [Bucket(name, 1e-6, 1) for name in "ghijkl"]
    assert rates.wait(*six) == (0,) * 6


def test_a_flood_is_not_pushed_out_by_calls_of_others(file: int):
    """In a full set the one that would be full first gives way: who is far from it stays, however many others come."""
    now = [100.0]
    rates = SharedRates(file, sets=1, clock=lambda: now[0])
    assert [wait(rates, "flood", 1, 60) for _ in range(61)] == [0] * 60 + [1]
    for number in range(50):
        now[0] += 0.01
        assert wait(rates, f"other {number}", 1, 60) == 0
    assert wait(rates, "flood", 1, 60) == pytest.approx(0.5)
    assert wait(rates, "other 49", 1, 1) == 0


def test_who_would_be_full_first_is_forgotten(file: int):
    """Where there is no room for more."""
    now = [100.0]
    rates = SharedRates(file, sets=1, clock=lambda: now[0])

    def passes(name: str) -> bool:
        now[0] += 1
        return not wait(rates, name, 1e-6, 1)

    assert [passes(name) for name in "abcdabcd"] == [True] * 4 + [False] * 4
    assert [passes(name) for name in "ebcda"] == [True, False, False, False, True]


def test_who_is_stopped_with_the_lock_holds_nobody_up(file: int):
    """All pass for a while."""
    now = [100.0]
    rates = SharedRates(file, clock=lambda: now[0])
    assert [wait(rates, "a", 1, 1), wait(rates, "a", 1, 1)] == [0, 1]
    with Other(file) as other:
        other.say("hold", "rates")
        assert [wait(rates, "a", 1, 1), wait(rates, "a", 1, 1)] == [0, 0]
        other.kill()
        now[0] += 1
        assert [wait(rates, "a", 1, 1), wait(rates, "a", 1, 1)] == [0, 1]
