"""What the calls for moving a storage do to the tables: SQL, and nothing else, as in `tables`.

That a file is unfinished says a table which is there only then: no version of the schema knows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.model import Deploy, Hook, HookVersion
from runtime.storage import execution_tables, tables
from runtime.storage.statements import Database


def tenants(db: Database) -> list[str]:
    """See `Moving.tenants`."""
    rows = db.execute("SELECT DISTINCT tenant FROM hooks").fetchall()
    return sorted({tenant for (tenant,) in rows}.union(execution_tables.recorded_tenants(db)))


def restore_hook(db: Database, hook: Hook, deploy: Deploy, secrets: Mapping[str, bytes], bundle: bytes) -> None:
    """See `Moving.restore_hook`."""
    if db.execute("SELECT 1 FROM hooks WHERE tenant = ? AND id = ?", (hook.tenant, hook.id)).fetchone() is not None:
        return
    tables.put_version(db, hook.version, bundle)
    tables.add_hook(db, hook)
    _put_deploy(db, hook.tenant, hook.id, deploy)
    tables.put_secrets(db, tables.number_of(db, hook.tenant, hook.id), secrets)


def restore_deploy(
    db: Database, tenant: str, hook_id: str, deploy: Deploy, version: HookVersion, bundle: bytes
) -> None:
    """See `Moving.restore_deploy`."""
    tables.number_of(db, tenant, hook_id)
    tables.put_version(db, version, bundle)
    _put_deploy(db, tenant, hook_id, deploy)


def unfinished(db: Database) -> str | None:
    """See `Target.unfinished`."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'unfinished'").fetchone() is None:
        return None
    return str(db.execute("SELECT source FROM unfinished").fetchone()[0])


def begin_moving(db: Database, source: str) -> None:
    """See `Target.begin_moving`."""
    end_moving(db)
    db.execute("CREATE TABLE unfinished (source TEXT NOT NULL)")
    db.execute("INSERT INTO unfinished VALUES (?)", (source,))


def end_moving(db: Database) -> None:
    """See `Target.end_moving`."""
    db.execute("DROP TABLE IF EXISTS unfinished")


def _put_deploy(db: Database, tenant: str, hook_id: str, deploy: Deploy) -> None:
    db.execute(
        "INSERT OR IGNORE INTO hook_versions (tenant, hook_id, number, version_id, at) VALUES (?, ?, ?, ?, ?)",
        (tenant, hook_id, deploy.number, deploy.version_id, deploy.at),
    )
