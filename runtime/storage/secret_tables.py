"""What the calls for the master key do to the tables: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.storage.resealing import ENOUGH
from runtime.storage.sealing import PROOF, secret_context
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


def get_proof(db: Database) -> bytes | None:
    """See `Resealing.get_proof`."""
    row = db.execute("SELECT sealed FROM proof").fetchone()
    return None if row is None else row[0]


def replace_proof(db: Database, old: bytes | None, new: bytes | None) -> None:
    """See `Resealing.replace_proof`."""
    if get_proof(db) != old:
        return
    db.execute("DELETE FROM proof")
    if new is not None:
        db.execute("INSERT INTO proof (number, sealed) VALUES (1, ?)", (new,))


def some_secrets(db: Database) -> dict[str, bytes]:
    """See `Resealing.some_secrets`."""
    rows = db.execute(
        "SELECT tenant, id, secrets.name, sealed FROM secrets JOIN hooks ON hooks.number = secrets.hook LIMIT ?",
        (ENOUGH,),
    ).fetchall()
    return {secret_context(tenant, hook_id, name): sealed for tenant, hook_id, name, sealed in rows}


def sealed_in(db: Database) -> dict[str, bytes]:
    """What tells the right master key: the proof, or some secrets, by their contexts. Of a file of any version of the schema."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master").fetchall()}
    proof = get_proof(db) if "proof" in tables else None
    if proof is not None:
        return {PROOF: proof}
    return some_secrets(db) if "secrets" in tables else {}
