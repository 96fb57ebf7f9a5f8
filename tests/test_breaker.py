"""When a hook is left alone."""

from __future__ import annotations

import pytest

from runtime import breaker
from runtime.breaker import COSTLY, OPEN, Breaker, Circuit, Circuits
from runtime.model import FAILURES, Answer, Failure, Outcome, Refusal

RULE = Breaker(failures=3, seconds=10.0)
COSTS = Failure(code="cpu_limit", message="")


def broken(times: int, now: float = 0.0) -> Circuit:
    """After so many costly failures."""
    circuit = Circuit()
    assert [RULE.note(circuit, COSTS, now) for _ in range(times)] == [number == 3 for number in range(1, times + 1)]
    return circuit


def test_it_opens_after_so_many_failures_in_a_row():
    """With a failure of its own, which says what happened and when it is tried again."""
    assert RULE.refusal(broken(2), 0.0) is None
    refusal = RULE.refusal(broken(3), 2.5)
    assert refusal is not None
    assert refusal.code in FAILURES
    assert refusal.message == (
        "The hook failed 3 times in a row, last with cpu_limit. It is tried again in 7.5 s, or when it is changed."
    )


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(value={}),
        Refusal(name="Error", message=""),
        *(Failure(code=c, message="") for c in sorted(FAILURES.keys() - COSTLY - {OPEN})),
    ],
    ids=lambda outcome: getattr(outcome, "code", type(outcome).__name__),
)
def test_whatever_costs_little_closes_it(outcome: Outcome):
    """An answer, a denial, and failures that take nothing from anybody."""
    circuit = broken(2)
    assert not RULE.note(circuit, outcome, 0.0)
    assert not RULE.note(circuit, COSTS, 0.0)
    assert RULE.refusal(circuit, 0.0) is None


def test_what_was_not_run_changes_nothing():
    """A refusal is the breaker's own word."""
    circuit = broken(3)
    refusal = RULE.refusal(circuit, 0.0)
    assert refusal is not None
    assert not RULE.note(circuit, refusal, 0.0)
    assert RULE.refusal(circuit, 9.0) is not None


def test_one_tries_again_after_a_while():
    """Only one; if it fails, or never comes back, another one after as long again; if it answers, all pass."""
    circuit = broken(3)
    assert RULE.refusal(circuit, 9.9) is not None
    assert RULE.refusal(circuit, 10.0) is None
    assert RULE.refusal(circuit, 10.1) is not None
    assert RULE.refusal(circuit, 20.0) is None
    assert not RULE.note(circuit, COSTS, 25.0)
    assert RULE.refusal(circuit, 34.0) is not None
    assert RULE.refusal(circuit, 35.0) is None
    RULE.note(circuit, Answer(value={}), 36.0)
    assert [RULE.refusal(circuit, 36.0) for _ in range(3)] == [None] * 3


def test_without_a_rule_it_never_opens():
    """0 failures."""
    circuit = broken(100)
    assert Breaker(failures=0, seconds=10.0).refusal(circuit, 0.0) is None


def test_a_hook_keeps_its_circuit_until_it_is_another():
    """Whoever asks for it; one that was changed begins anew, and so does one that is changed back."""
    circuits = Circuits()
    first = circuits.of("a", 1)
    assert circuits.of("b", 1) is not first
    assert circuits.of("a", 1) is first
    changed = circuits.of("a", 2)
    assert changed is not first
    assert circuits.of("a", 2) is changed
    assert circuits.of("a", 1) is not first


def test_of_many_hooks_those_that_were_asked_for_last_keep_theirs(monkeypatch: pytest.MonkeyPatch):
    """Who was forgotten begins with a closed one."""
    monkeypatch.setattr(breaker, "MOST_CIRCUITS", 2)
    circuits = Circuits()
    one, other = circuits.of("a", 1), circuits.of("b", 1)
    assert circuits.of("a", 1) is one
    circuits.of("c", 1)
    assert circuits.of("a", 1) is one
    assert circuits.of("b", 1) is not other
