"""What the calls for changing the master key do to the tables: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.storage.statements import Database

_TOGETHER: Final = 500


def hooks_with_secrets(db: Database, after: str) -> tuple[list[tuple[str, str]], str]:
    """See `Resealing.hooks_with_secrets`: in order of creation, which is never changed."""
    rows = db.execute(
        "SELECT number, tenant, id FROM hooks WHERE number > ?"
        " AND EXISTS (SELECT 1 FROM secrets WHERE hook = hooks.number) ORDER BY number LIMIT ?",
        (int(after or 0), _TOGETHER),
    ).fetchall()
    return [(tenant, hook_id) for _, tenant, hook_id in rows], str(rows[-1][0]) if len(rows) == _TOGETHER else ""


def replace_secrets(db: Database, tenant: str, hook_id: str, secrets: Mapping[str, tuple[bytes, bytes]]) -> None:
    """See `Resealing.replace_secrets`."""
    db.executemany(
        "UPDATE secrets SET sealed = ? WHERE name = ? AND sealed = ?"
        " AND hook = (SELECT number FROM hooks WHERE tenant = ? AND id = ?)",
        [(new, name, old, tenant, hook_id) for name, (old, new) in secrets.items()],
    )
