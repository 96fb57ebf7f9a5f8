"""Token buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import rates
from runtime.rates import Rates


def test_a_burst_passes_and_then_the_rate():
    """The wait is until the next one may pass."""
    bucket = Rates(per_second=2, burst=3)
    assert [bucket.wait("a", 100.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.wait("a", 100.25) == 0.25
    assert bucket.wait("a", 100.5) == 0
    assert bucket.wait("a", 100.5) == 0.5
    assert [bucket.wait("a", 1000.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_each_has_a_bucket_of_its_own():
    """One that is empty is nobody else's."""
    bucket = Rates(per_second=1, burst=1)
    assert [bucket.wait(name, 0.0) for name in "aabb"] == [0, 1, 0, 1]


def test_a_burst_is_one_at_least():
    """Otherwise nothing would ever pass."""
    bucket = Rates(per_second=0.1, burst=0)
    assert [bucket.wait("a", now) for now in (0.0, 5.0, 10.0)] == [0, 5, 0]


def test_names_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch):
    """As many as there is room for."""
    monkeypatch.setattr(rates, "MOST_NAMES", 2)
    bucket = Rates(per_second=1, burst=1)
    assert [bucket.wait(name, 0.0) for name in "abacbac"] == [0, 0, 1, 0, 0, 0, 0]


@given(st.lists(st.floats(min_value=0, max_value=1), max_size=200), st.integers(1, 20), st.floats(0.5, 50))
def test_no_more_pass_than_burst_and_rate_allow(steps: list[float], burst: int, per_second: float):
    """Whenever they come; who waits as long as it says may pass."""
    bucket, now, passed = Rates(per_second=per_second, burst=burst), 0.0, 0
    for step in steps:
        now += step
        passed += bucket.wait("a", now) == 0
        assert passed <= burst + now * per_second + 1e-6
    wait = bucket.wait("a", now)
    assert bucket.wait("a", now + wait + 1e-6) == 0 or wait == 0
