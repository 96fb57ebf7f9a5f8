"""What each call of the contract does to the table of executions: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final

from runtime.model import Execution
from runtime.storage import records
from runtime.storage.base import ExecutionFilter, ExecutionNotFound
from runtime.storage.statements import Database, where

_ROWS_TOGETHER: Final = 100
"""Of seven values each: older SQLites take 999 values in a statement."""


def append_executions(db: Database, executions: Sequence[Execution]) -> None:
    """See `Storage.append_executions`.

    Many rows in one statement: for each statement this thread lets go of the interpreter and takes it back, each time
    in the middle of a token request.
    """
    for start in range(0, len(executions), _ROWS_TOGETHER):
        some = executions[start : start + _ROWS_TOGETHER]
        rows = [
            (one.tenant, one.id, one.hook_id, one.client_id, one.decision, one.at, records.encode(one)) for one in some
        ]
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(rows))
        db.execute(
            f"INSERT OR IGNORE INTO executions (tenant, id, hook_id, client_id, decision, at, record) VALUES {places}",  # noqa: S608 - places only
            list(chain.from_iterable(rows)),
        )


def list_executions(db: Database, tenant: str, wanted: ExecutionFilter, limit: int) -> list[Execution]:
    """See `Storage.list_executions`."""
    condition, values = where(
        {"tenant": tenant, "hook_id": wanted.hook_id, "client_id": wanted.client_id, "decision": wanted.decision}
    )
    if wanted.before is not None:
        condition, values = f"{condition} AND id < ?", [*values, wanted.before]
    select = f"SELECT record FROM executions WHERE {condition} ORDER BY id DESC LIMIT ?"  # noqa: S608 - column names
    return [records.decode(record) for (record,) in db.execute(select, (*values, limit)).fetchall()]


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


def last_to_prune(db: Database, tenant: str, older_than: float, most: int) -> tuple[float, int] | None:
    """The newest execution of the tenant that `prune_executions` removes, as a place in time: it and all before it go.

    None when all of them stay.
    """
    select = "SELECT at, number FROM executions WHERE tenant = ?"
    over: tuple[float, int] | None = db.execute(
        f"{select} ORDER BY at DESC, number DESC LIMIT 1 OFFSET ?", (tenant, most)
    ).fetchone()
    last = max(over or (older_than, 0), (older_than, 0))
    oldest: tuple[float, int] | None = db.execute(f"{select} ORDER BY at, number LIMIT 1", (tenant,)).fetchone()
    return last if oldest is not None and oldest <= last else None


def prune_some(db: Database, tenant: str, last: tuple[float, int], limit: int) -> int:
    """Remove at most so many executions of the tenant up to this place in time, oldest first; how many it were."""
    oldest = "SELECT number FROM executions WHERE tenant = ? AND (at, number) <= (?, ?) ORDER BY at, number LIMIT ?"
    return db.execute(f"DELETE FROM executions WHERE number IN ({oldest})", (tenant, *last, limit)).rowcount  # noqa: S608 - fixed text
