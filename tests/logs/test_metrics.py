from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.logs import metrics
from runtime.logs.metrics import BOUNDS, OTHER, Kind, Metrics
from runtime.model import Failure
from tests.executions import execution

BROKE = Failure(code="cpu_limit", message="long")


def test_executions_are_counted_by_kind():
    """Whose, where, which hook, what was decided, how it ended."""
    counted = Metrics()
    for row in (
        execution(1),
        execution(2),
        execution(3, decision="deny", failure=BROKE),
        execution(4, tenant="globex"),
    ):
        counted.count(row)

    trigger = "credentials-exchange"
    assert counted.executions == {
        Kind("acme", trigger, "a-hook", "allow", "answer"): 2,
        Kind("acme", trigger, "a-hook", "deny", "cpu_limit"): 1,
        Kind("globex", trigger, "a-hook", "allow", "answer"): 1,
    }


def test_what_took_how_long():
    """Each in its class, a longer one than all too. What was no CPU time was waiting."""
    counted = Metrics()
    counted.count(execution(1, duration_ms=0.05, cpu_ms=0.03))
    counted.count(execution(2, duration_ms=90_000.0, cpu_ms=0.2))
    counted.count(execution(3, duration_ms=1.0, cpu_ms=1.5))  # two clocks: never less than nothing

    (timed,) = counted.timed.values()
    assert timed.total.classes[0] == timed.total.classes[-1] == 1
    assert [sum(one.classes) for one in (timed.total, timed.sandbox, timed.wait)] == [3, 3, 3]
    assert len(timed.total.classes) == len(BOUNDS) + 1
    assert round(timed.total.ms, 3) == 90_001.05
    assert round(timed.wait.ms, 3) == 89_999.82


@given(st.floats(min_value=0, max_value=40_000))
def test_a_duration_is_in_the_class_below_its_bound(ms: float):
    """The first bound that is longer, or the last class."""
    counted = Metrics()
    counted.count(execution(1, duration_ms=ms))
    (timed,) = counted.timed.values()
    place = timed.total.classes.index(1)

    assert place == len(BOUNDS) or ms / 1000 < BOUNDS[place]
    assert not place or ms / 1000 >= BOUNDS[place - 1]


def test_the_number_of_kinds_is_bounded(monkeypatch):
    """Whoever makes hook after hook makes no series after series; nothing goes uncounted."""
    monkeypatch.setattr(metrics, "KINDS_MOST", 3)
    counted = Metrics()
    for number in range(10):
        counted.count(execution(number, hook_name=f"hook-{number}"))
    counted.count(execution(11, hook_name="hook-0"))

    assert sum(counted.executions.values()) == 11
    assert {kind.hook: count for kind, count in counted.executions.items()} == {
        "hook-0": 2,
        "hook-1": 1,
        "hook-2": 1,
        OTHER: 7,
    }


def test_a_tenant_takes_no_other_s_place(monkeypatch):
    """Whoever renames a hook again and again: the other tenants' are counted by their names."""
    monkeypatch.setattr(metrics, "TENANT_KINDS_MOST", 2)
    counted = Metrics()
    for number in range(10):
        counted.count(execution(number, hook_name=f"hook-{number}"))
    counted.count(execution(11, tenant="globex"))

    assert {(kind.tenant, kind.hook): count for kind, count in counted.executions.items()} == {
        ("acme", "hook-0"): 1,
        ("acme", "hook-1"): 1,
        ("acme", OTHER): 8,
        ("globex", "a-hook"): 1,
    }


def test_what_took_how_long_is_counted_by_trigger():
    """However many hooks there are: who asks need not add them up."""
    counted = Metrics()
    for number in range(10):
        counted.count(execution(number, hook_name=f"hook-{number}"))
    (timed,) = counted.timed.values()
    assert sum(timed.total.classes) == 10
    assert counted.timed is counted.timed
