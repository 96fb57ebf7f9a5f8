"""Execution records, in every backend: which are found, how they are counted, which go."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.durations import class_of
from runtime.model import ConsoleLine, Failure, Refusal
from runtime.storage import records
from runtime.storage.base import Counted, ExecutionFilter, Storage

EVERY = ExecutionFilter()
ALL = 1 << 40
BROKE = Failure(code="cpu_limit", message="too long")
REFUSED = Refusal(name="Error", message="no")


def said(*levels: str) -> tuple[ConsoleLine, ...]:
    """Lines of these levels."""
    return tuple(ConsoleLine(level=level, text="x") for level in levels)


# One apart from the others in each of its members; they are told by their places.
ROWS: list[dict[str, Any]] = [
    {"at": 10.0},
    {"at": 20.0, "trigger": "password-exchange", "hook_id": "other"},
    {"at": 30.0, "client_id": "shop", "decision": "deny", "failure": REFUSED},
    {"at": 40.0, "decision": "deny", "failure": BROKE, "request_id": "r-1"},
    {"at": 50.0, "console": said("info", "warn", "debug")},
    {"at": 60.0, "console": said("error"), "request_id": "r-1"},
    {"at": 70.0, "console": said("debug")},
]


async def ids(storage: Storage, wanted: ExecutionFilter = EVERY, limit: int = 10_000) -> list[str]:
    """What is found, newest first."""
    return [row.id for row in await storage.list_executions("acme", wanted, limit=limit)]


async def test_executions_come_back_newest_first(storage, nouns):
    """By their ids, which sort by time, whatever the order in which they were written."""
    rows = [nouns.execution() for _ in range(5)]
    await storage.append_executions([rows[3], rows[0]])
    await storage.append_executions([rows[4], rows[1], rows[2]])

    assert await storage.list_executions("acme", EVERY, limit=10) == rows[::-1]
    assert await ids(storage, limit=2) == [rows[4].id, rows[3].id]
    assert await ids(storage, ExecutionFilter(before=rows[3].id), limit=2) == [rows[2].id, rows[1].id]


async def test_executions_are_listed_from_one_on(storage, nouns):
    """Without that one, and it need not be there."""
    rows = [nouns.execution() for _ in range(4)]
    await storage.append_executions(rows)

    assert await ids(storage, ExecutionFilter(after=rows[1].id)) == [rows[3].id, rows[2].id]
    assert await ids(storage, ExecutionFilter(after=rows[0].id, before=rows[2].id)) == [rows[1].id]
    assert len(await ids(storage, ExecutionFilter(after="0" * 26))) == 4


async def test_executions_are_listed_by_hook_client_and_decision(storage, nouns):
    """All conditions together; another tenant's are never there."""
    rows = [
        nouns.execution(hook_id=hook, client_id=client, decision=decision)
        for hook in "ab"
        for client in "cd"
        for decision in ("allow", "deny")
    ]
    await storage.append_executions([*rows, nouns.execution(tenant="other")])

    assert len(await ids(storage)) == 8
    assert await ids(storage, ExecutionFilter(hook_id="a")) == [row.id for row in rows[3::-1]]
    assert await ids(storage, ExecutionFilter(hook_id="b", client_id="d", decision="deny")) == [rows[7].id]
    assert await ids(storage, ExecutionFilter(client_id="none")) == []


async def test_an_execution_that_is_there_stays_as_it_is(storage, nouns):
    """A batch that is written again after a failure makes no doubles."""
    row = nouns.execution(decision="deny")
    other = nouns.execution(id=row.id, at=row.at, decision="allow")

    await storage.append_executions([row])
    await storage.append_executions([other])

    assert await storage.list_executions("acme", EVERY, limit=10) == [row]


async def test_executions_outlive_their_hook(storage, nouns):
    """Its versions go with it; the records say what ran."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    row = nouns.execution(hook_id=hook.id, version_id=hook.version.id)
    await storage.append_executions([row])

    await storage.delete_hook("acme", hook.id)

    assert await storage.list_executions("acme", ExecutionFilter(hook_id=hook.id), limit=9) == [row]


@pytest.mark.parametrize(
    "given, places",
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"trigger": "password-exchange"}, [1]),
        ({"hook_id": "other"}, [1]),
        ({"client_id": "shop"}, [2]),
        ({"decision": "deny"}, [2, 3]),
        ({"outcome": "refusal"}, [2]),
        ({"outcome": "failure"}, [3]),
        ({"outcome": "cpu_limit"}, [3]),
        ({"outcome": "wall_limit"}, []),
        ({"outcome": "answer"}, [0, 1, 4, 5, 6]),
        ({"level": "debug"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"level": "info"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"level": "warn"}, [3, 4, 5]),
        ({"level": "error"}, [3, 5]),
        ({"request_id": "r-1"}, [3, 5]),
        ({"since": 30.0, "until": 60.0}, [2, 3, 4]),
        ({"decision": "allow", "level": "warn", "since": 55.0}, [5]),
    ],
)
async def test_a_filter_finds_what_it_wants(storage, nouns, given, places):
    """The same in the storage as with a record in hand, which is how a tail asks."""
    rows = [nouns.execution(**row) for row in ROWS]
    await storage.append_executions(rows)
    wanted = ExecutionFilter(**given)

    assert await ids(storage, wanted) == [rows[place].id for place in reversed(places)]
    assert [place for place, row in enumerate(rows) if wanted.wants(row)] == places


async def test_executions_are_counted_by_stretches_of_time(storage, nouns):
    """By what they have in common; the end is not one of them, nor is another tenant."""
    rows = [
        *(nouns.execution(at=100.0 + at, duration_ms=1.0) for at in (0, 1, 9)),
        nouns.execution(at=110.0, duration_ms=1.0, failure=BROKE, decision="deny"),
        nouns.execution(at=110.0, duration_ms=900.0),
        nouns.execution(at=120.0),
        nouns.execution(at=105.0, tenant="globex"),
    ]
    await storage.append_executions(rows)

    counted = await storage.count_executions("acme", ExecutionFilter(since=100.0, until=120.0), step=10.0)

    short, long = class_of(1.0), class_of(900.0)
    assert sorted(counted, key=lambda one: (one.at, one.outcome)) == [
        Counted(at=100.0, decision="allow", outcome="answer", duration=short, count=3),
        Counted(at=110.0, decision="allow", outcome="answer", duration=long, count=1),
        Counted(at=110.0, decision="deny", outcome="cpu_limit", duration=short, count=1),
    ]


async def test_old_executions_are_pruned(storage, nouns):
    """Those before the time; one from exactly then stays."""
    rows = [nouns.execution(at=float(at)) for at in range(10)]
    await storage.append_executions(rows)

    assert await storage.prune_executions(older_than=4.0, most=100, most_bytes=ALL) == 4
    assert await ids(storage) == [row.id for row in rows[:3:-1]]
    assert await storage.prune_executions(older_than=4.0, most=100, most_bytes=ALL) == 0


async def test_executions_over_the_number_are_pruned(storage, nouns):
    """The newest stay, also when many are of one moment."""
    rows = [nouns.execution(at=float(number // 400)) for number in range(1600)]
    await storage.append_executions(rows)

    assert await storage.prune_executions(older_than=0.0, most=300, most_bytes=ALL) == 1300
    assert await ids(storage) == [row.id for row in rows[:1299:-1]]
    assert await storage.prune_executions(older_than=0.0, most=0, most_bytes=ALL) == 300
    assert await storage.prune_executions(older_than=9e9, most=0, most_bytes=ALL) == 0


async def test_each_tenant_has_its_own_number_of_executions(storage, nouns):
    """One that has many, all of them newer, takes the place of none of another's; each one's oldest go."""
    tenants = ["acme", "", "acm", "acme2", "\U0001f511", "quiet"]
    rows = {tenant: [nouns.execution(tenant=tenant, at=float(at)) for at in range(9)] for tenant in tenants}
    rows["quiet"] = rows["quiet"][:1]
    for some in rows.values():
        await storage.append_executions(some)

    assert await storage.prune_executions(older_than=0.0, most=4, most_bytes=ALL) == 5 * 5

    for tenant, some in rows.items():
        assert await storage.list_executions(tenant, EVERY, limit=99) == some[-4:][::-1]
    assert await storage.prune_executions(older_than=8.0, most=4, most_bytes=ALL) == 5 * 3 + 1


@pytest.mark.parametrize("older_than, most", [(6.0, 8), (2.0, 4)])
async def test_whichever_rule_takes_more_decides(storage, nouns, older_than, most):
    """An execution goes when it is too old or one too many."""
    rows = [nouns.execution(at=float(at)) for at in range(10)]
    await storage.append_executions(rows)

    assert await storage.prune_executions(older_than=older_than, most=most, most_bytes=ALL) == 6
    assert await ids(storage) == [row.id for row in rows[:5:-1]]


async def test_executions_over_the_size_are_pruned(storage, nouns):
    """The newest stay, as many as have room together; each tenant has its own room."""
    rows = [nouns.execution(at=float(at), console=said(*["info"] * at)) for at in range(10)]
    others = [nouns.execution(at=float(at), tenant="globex") for at in range(2)]
    await storage.append_executions(rows + others)
    room = sum(len(records.encode(row)) for row in rows[6:])

    assert await storage.prune_executions(older_than=0.0, most=100, most_bytes=room) == 6
    assert await ids(storage) == [row.id for row in rows[:5:-1]]
    assert await storage.prune_executions(older_than=0.0, most=100, most_bytes=room - 1) == 1
    assert len(await storage.list_executions("globex", EVERY, limit=9)) == 2
