"""What each call of the contract does to the table of executions: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from itertools import chain
from typing import Final

from runtime.durations import class_of
from runtime.model import ANSWERED, LEVELS, REFUSED, Execution
from runtime.storage import records
from runtime.storage.base import FAILURE, Counted, ExecutionFilter, ExecutionNotFound
from runtime.storage.statements import Database

_COLUMNS: Final = (
    *("tenant", "id", "hook_id", "client_id", "decision", "at", "record"),
    *("trigger_id", "request_id", "outcome", "level", "duration", "bytes"),
)
_INSERT: Final = f"INSERT OR IGNORE INTO executions ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 - column names
_PLACES: Final = f"({', '.join('?' * len(_COLUMNS))})"
_ROWS_TOGETHER: Final = 8
"""A tenth of a millisecond, and then whoever waits for the core has it."""


def append_executions(db: Database, executions: Sequence[Execution]) -> None:
    """See `Storage.append_executions`.

    Some rows in one statement: for each statement this thread lets go of the interpreter and takes it back, each time
    in the middle of a token request. And few, with a pause after each: a thread that computes keeps its core until the
    kernel's next tick, four milliseconds, in which the event loop answers nobody. (Measured in a storm of 5,000 requests
    a second: with 500 rows in one go the loop stood still for more than a millisecond 25 times a second, now 3 times.)
    """
    for start in range(0, len(executions), _ROWS_TOGETHER):
        some = executions[start : start + _ROWS_TOGETHER]
        places = ", ".join([_PLACES] * len(some))
        db.execute(_INSERT + places, list(chain.from_iterable(map(_row, some))))
        os.sched_yield()


def _row(one: Execution) -> tuple[object, ...]:
    record = records.encode(one)
    level, duration = LEVELS.index(one.level), class_of(one.duration_ms)
    told = one.tenant, one.id, one.hook_id, one.client_id, one.decision, one.at, record
    return (*told, one.trigger, one.request_id, one.outcome, level, duration, len(record))


def list_executions(db: Database, tenant: str, wanted: ExecutionFilter, limit: int) -> list[Execution]:
    """See `Storage.list_executions`."""
    condition, values = _condition(tenant, wanted)
    select = f"SELECT record FROM executions WHERE {condition} ORDER BY id DESC LIMIT ?"  # noqa: S608 - column names
    return [records.decode(record) for (record,) in db.execute(select, (*values, limit)).fetchall()]


def stored_after(db: Database, number: int, tenants: Collection[str], limit: int) -> tuple[list[Execution], int]:
    """What was stored of these tenants after the execution with this number, in that order, and the number to go on from."""
    (end,) = db.execute("SELECT coalesce(max(number), 0) FROM executions").fetchone()
    # Where all were removed, numbers begin anew.
    number = number if number <= end else 0
    names = ", ".join("?" * len(tenants))
    select = f"SELECT number, record FROM executions WHERE number > ? AND +tenant IN ({names}) ORDER BY number LIMIT ?"  # noqa: S608 - question marks
    # By number, not by tenant: few are new, a tenant may have many.
    rows = db.execute(select, (number, *tenants, limit)).fetchall()
    last = rows[-1][0] if len(rows) == limit else end
    return [records.decode(record) for _, record in rows], last


def count_executions(db: Database, tenant: str, wanted: ExecutionFilter, step: float) -> list[Counted]:
    """See `Storage.count_executions`."""
    assert wanted.since is not None
    condition, values = _condition(tenant, wanted)
    select = f"""
        SELECT CAST((at - ?) / ? AS INTEGER) AS stretch, decision, outcome, duration, count(*)
        FROM executions WHERE {condition} GROUP BY stretch, decision, outcome, duration ORDER BY stretch
    """  # noqa: S608 - column names
    rows = db.execute(select, (wanted.since, step, *values)).fetchall()
    return [
        Counted(at=wanted.since + stretch * step, decision=decision, outcome=outcome, duration=duration, count=count)
        for stretch, decision, outcome, duration, count in rows
    ]


def _condition(tenant: str, wanted: ExecutionFilter) -> tuple[str, list[object]]:
    """What SQL says for a filter."""
    given: list[tuple[str, object]] = [
        ("tenant = ?", tenant),
        ("trigger_id = ?", wanted.trigger),
        ("hook_id = ?", wanted.hook_id),
        ("client_id = ?", wanted.client_id),
        ("decision = ?", wanted.decision),
        ("request_id = ?", wanted.request_id),
        ("level >= ?", wanted.level and LEVELS.index(wanted.level)),
        ("at >= ?", wanted.since),
        ("at < ?", wanted.until),
        ("id < ?", wanted.before),
        ("id > ?", wanted.after),
    ]
    if wanted.outcome != FAILURE:
        given.append(("outcome = ?", wanted.outcome))
    conditions = [condition for condition, value in given if value is not None]
    values = [value for _, value in given if value is not None]
    if wanted.outcome == FAILURE:
        conditions.append("outcome NOT IN (?, ?)")
        values += [ANSWERED, REFUSED]
    return " AND ".join(conditions), values


def get_execution(db: Database, tenant: str, execution_id: str) -> Execution:
    """See `Storage.get_execution`."""
    row = db.execute("SELECT record FROM executions WHERE tenant = ? AND id = ?", (tenant, execution_id)).fetchone()
    if row is None:
        raise ExecutionNotFound
    return records.decode(row[0])


def recorded_tenants(db: Database) -> list[str]:
    """The tenants that have executions, found in as many steps as there are: DISTINCT would read the whole index."""
    following = "SELECT min(executions.tenant) FROM executions"
    select = f"""
        WITH RECURSIVE found (tenant) AS (
            {following}
            UNION ALL SELECT ({following} WHERE executions.tenant > found.tenant) FROM found WHERE tenant IS NOT NULL
        )
        SELECT tenant FROM found WHERE tenant IS NOT NULL
    """  # noqa: S608 - fixed text
    return [tenant for (tenant,) in db.execute(select).fetchall()]


def last_to_prune(db: Database, tenant: str, older_than: float, most: int, most_bytes: int) -> tuple[float, int] | None:
    """The newest execution of the tenant that `prune_executions` removes, as a place in time: it and all before it go.

    None when all of them stay.
    """
    select = "SELECT at, number FROM executions WHERE tenant = ?"
    newest = "ORDER BY at DESC, number DESC"
    over = db.execute(f"{select} {newest} LIMIT 1 OFFSET ?", (tenant, most)).fetchone()
    summed = f"SELECT at, number, sum(bytes) OVER ({newest}) AS kept FROM executions WHERE tenant = ?"  # noqa: S608 - fixed text
    heavy = db.execute(f"SELECT at, number FROM ({summed}) WHERE kept > ? LIMIT 1", (tenant, most_bytes)).fetchone()  # noqa: S608 - likewise
    last: tuple[float, int] = max(over or (older_than, 0), heavy or (older_than, 0), (older_than, 0))
    oldest: tuple[float, int] | None = db.execute(f"{select} ORDER BY at, number LIMIT 1", (tenant,)).fetchone()
    return last if oldest is not None and oldest <= last else None


def prune_some(db: Database, tenant: str, last: tuple[float, int], limit: int) -> int:
    """Remove at most so many executions of the tenant up to this place in time, oldest first; how many it were."""
    oldest = "SELECT number FROM executions WHERE tenant = ? AND (at, number) <= (?, ?) ORDER BY at, number LIMIT ?"
    return db.execute(f"DELETE FROM executions WHERE number IN ({oldest})", (tenant, *last, limit)).rowcount  # noqa: S608 - fixed text
