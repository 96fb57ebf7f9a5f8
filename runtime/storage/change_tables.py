"""What the database notes of changes, for `sqlite_peers`: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.storage.peers import Place
from runtime.storage.statements import Database


def newest(db: Database) -> tuple[int, int]:
    """The numbers of the last change of a hook and of the last execution."""
    changes, stored = "SELECT max(number) FROM changes", "SELECT max(number) FROM executions"
    row = db.execute(f"SELECT coalesce(({changes}), 0), coalesce(({stored}), 0)").fetchone()
    return int(row[0]), int(row[1])


def changes_after(db: Database, number: int) -> tuple[Sequence[Place] | None, int]:
    """Where hooks were changed after the change with this number, and the number of the last one.

    None where some of it is not known any more.
    """
    first, last = db.execute("SELECT coalesce(min(number), 1), coalesce(max(number), 0) FROM changes").fetchone()
    # A database that is older than what was read of it took the place of another.
    if number < first - 1 or number > last:
        return None, int(last)
    rows = db.execute("SELECT DISTINCT tenant, trigger_id FROM changes WHERE number > ?", (number,)).fetchall()
    return [(tenant, trigger) for tenant, trigger in rows], int(last)
