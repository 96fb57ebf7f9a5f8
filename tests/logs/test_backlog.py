from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.logs.backlog import Backlog
from runtime.logs.base import RECORD_BYTES, size_of
from runtime.model import ConsoleLine, DroppedClaim, Execution, Failure
from tests import executions

CALM = settings(deadline=None)  # other work may share the machine


def execution(tenant: str, number: int = 0, **more: Any) -> Execution:
    return executions.execution(number, tenant=tenant, **more)


def taken(backlog: Backlog, most: int = 1_000_000) -> list[tuple[str, int]]:
    """A batch: tenants and numbers."""
    return [(one.tenant, int(one.id)) for one in backlog.take(most)]


def said(text: str) -> tuple[ConsoleLine, ...]:
    return (ConsoleLine(level="info", text=text),)


def test_a_tenant_s_records_come_in_their_order():
    """All of them, once."""
    backlog = Backlog(1_000_000)
    gone = [backlog.add(execution("a", number)) for number in range(5)]

    assert (gone, backlog.count) == ([0] * 5, 5)
    assert taken(backlog, 2) == [("a", 0), ("a", 1)]
    assert taken(backlog) == [("a", 2), ("a", 3), ("a", 4)]
    assert (taken(backlog), backlog.count) == ([], 0)


def test_a_batch_has_a_part_of_each_tenant():
    """However many wait of one; what others do not use is for who has more; more tenants than places take turns."""
    backlog = Backlog(1_000_000)
    for tenant, count in (("flood", 100), ("b", 2), ("c", 7)):
        for number in range(count):
            backlog.add(execution(tenant, number))

    assert Counter(tenant for tenant, _ in taken(backlog, 12)) == {"flood": 6, "b": 2, "c": 4}
    assert sorted(tenant for tenant, _ in taken(backlog, 1) + taken(backlog, 1)) == ["c", "flood"]


def test_who_floods_a_full_backlog_loses_its_own_oldest():
    """Those who have less than their share keep all; who comes later finds a place too."""
    backlog = Backlog(10 * RECORD_BYTES)
    backlog.add(execution("quiet"))
    gone = sum(backlog.add(execution("flood", number)) for number in range(50))
    assert gone == 41
    gone = sum(backlog.add(execution("late", number)) for number in range(3))
    assert gone == 3

    assert sorted(taken(backlog)) == [
        *(("flood", number) for number in range(44, 50)),
        *(("late", number) for number in range(3)),
        ("quiet", 0),
    ]


def test_what_a_hook_wrote_counts():
    """A few records with much text do not push out many that have little."""
    backlog = Backlog(100 * RECORD_BYTES)
    for number in range(30):
        backlog.add(execution("small", number))
    for number in range(20):
        backlog.add(execution("large", number, console=said("x" * 9 * RECORD_BYTES)))

    assert Counter(tenant for tenant, _ in taken(backlog)) == {"small": 30, "large": 6}


def test_a_record_larger_than_all_is_not_kept():
    """And takes nobody else's place."""
    backlog = Backlog(10 * RECORD_BYTES)
    backlog.add(execution("small"))

    assert backlog.add(execution("large", console=said("x" * 11 * RECORD_BYTES))) == 1
    assert backlog.add(execution("large", answer="x" * 11 * RECORD_BYTES)) == 1
    assert taken(backlog) == [("small", 0)]


def test_whether_a_record_still_waits():
    """Until it is taken or had to go; of its own tenant only."""
    backlog = Backlog(3 * RECORD_BYTES)
    backlog.add(execution("a"))
    first = backlog.added
    backlog.add(execution("a"))

    assert backlog.waits("a", first)
    assert not backlog.waits("b", first)
    backlog.take(1)
    assert not backlog.waits("a", first)
    second = backlog.added
    assert backlog.waits("a", second)
    for _ in range(3):
        backlog.add(execution("a"))
    assert not backlog.waits("a", second)


@CALM
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 6)), max_size=120), st.integers(1, 12))
def test_a_backlog_is_bounded_and_counts(added, most):
    """Never over its bytes, nothing is lost uncounted, and what is left of a tenant is its newest in order."""
    backlog = Backlog(most * RECORD_BYTES)
    sent: dict[str, list[int]] = {}
    gone = 0
    for number, (tenant, kilobytes) in enumerate(added):
        row = execution(tenant, number, console=said("x" * kilobytes * 500) if kilobytes else ())
        gone += backlog.add(row)
        sent.setdefault(tenant, []).append(number)
        assert backlog._bytes == sum(queue.bytes for queue in backlog._queues.values()) <= most * RECORD_BYTES
    kept: dict[str, list[int]] = {}
    for tenant, number in taken(backlog):
        kept.setdefault(tenant, []).append(number)

    assert sum(map(len, kept.values())) + gone == len(added)
    for tenant, numbers in kept.items():
        assert sent[tenant][-len(numbers) :] == numbers
    assert (backlog.count, backlog._bytes) == (0, 0)


@pytest.mark.parametrize(
    "more, least",
    [
        ({"console": said("x" * 1000)}, 1000),
        ({"console": said("x" * 1000 + "\U0001f511")}, 4000),
        ({"failure": Failure(code="threw", message="x" * 1000, stack="y" * 2000)}, 3000),
        ({"dropped": (DroppedClaim(name="x", token="access_token", reason="r"),) * 10}, 2000),
    ],
)
def test_the_size_of_a_record_has_what_the_hook_made(more, least):
    """Text as it is in memory: one character outside the basic plane makes all of them four bytes."""
    assert size_of(execution("a")) == RECORD_BYTES
    assert RECORD_BYTES + least <= size_of(execution("a", **more)) <= RECORD_BYTES + 3 * least
