"""How often somebody may be wrong."""

from __future__ import annotations

import pytest

from runtime.issuer.attempts import MOST_FAILURES, WINDOW_SECONDS, Attempts
from runtime.issuer.oauth_errors import TooManyAttempts


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def attempts(clock):
    return Attempts(clock, most_pairs=3)


def fail(attempts, name="ada", ip="1.1.1.1", times=MOST_FAILURES):
    for _ in range(times):
        attempts.check(name, ip)
        attempts.count(name, ip, failed=True)


def test_ten_failures_are_enough(attempts):
    """For that name from that address; another address, another name go on."""
    fail(attempts)

    with pytest.raises(TooManyAttempts):
        attempts.check("ada", "1.1.1.1")
    attempts.check("ada", "2.2.2.2")
    attempts.check("grace", "1.1.1.1")


def test_a_success_clears_the_failures(attempts):
    """Only failures in a row count."""
    fail(attempts, times=MOST_FAILURES - 1)
    attempts.count("ada", "1.1.1.1", failed=False)

    fail(attempts)


def test_it_ends_with_its_time(attempts, clock):
    """Being refused does not make it longer."""
    fail(attempts)
    clock.now += WINDOW_SECONDS - 1
    with pytest.raises(TooManyAttempts):
        attempts.check("ada", "1.1.1.1")
    clock.now += 1

    fail(attempts)


def test_only_so_many_pairs_are_remembered(attempts):
    """The ones that failed last; a name is not kept, however long it is."""
    for name in ("a", "b", "a", "c", "d" * 100_000):
        fail(attempts, name, times=5)

    assert len(attempts._failures) == 3
    assert {len(pair) for pair in attempts._failures} == {32}
    with pytest.raises(TooManyAttempts):
        attempts.check("a", "1.1.1.1")
    fail(attempts, "b")
