"""What each call of the contract does to the tables: SQL, and nothing of connections, threads or transactions.

Every function runs inside a transaction that its caller made, sees all that was committed before it, and changes nothing
when it raises (`sqlite` rolls it back).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from typing import Any, Final, Protocol

import orjson

from runtime.errors import HookNameTaken, HookNotFound
from runtime.model import Deploy, Execution, Hook, HookVersion
from runtime.storage import records
from runtime.storage.base import (
    VERSIONS,
    ExecutionFilter,
    HookChange,
    HookFilter,
    HookWritten,
    SecretNameTaken,
    SecretNotFound,
    StaleHook,
    TooManyHooks,
    TooManySecrets,
    VersionNotFound,
)


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class Database(Protocol):
    """The part of a connection that this module uses."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]], /) -> Rows:
        """Run one statement for each row of parameters."""


_HOOK: Final = """
    SELECT tenant, hooks.id, name, hooks.trigger_id, enabled, created_at, updated_at, version_id, script, dependencies
    FROM hooks JOIN versions ON versions.id = version_id
"""

_ROWS_TOGETHER: Final = 100
"""Of seven values each: older SQLites take 999 values in a statement."""

_DROP_UNUSED_VERSION: Final = """
    DELETE FROM versions WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM hooks WHERE version_id = versions.id)
    AND NOT EXISTS (SELECT 1 FROM hook_versions WHERE version_id = versions.id)
"""


def create_hook(db: Database, hook: Hook, most: int | None) -> HookWritten:
    """See `Storage.create_hook`."""
    _require_free_name(db, hook.tenant, hook.trigger, hook.name)
    if most is not None:
        _require_room(db, hook.tenant, most)
    disabled = _disable_enabled(db, hook.tenant, hook.trigger, hook.created_at) if hook.enabled else None
    _put_version(db, hook.version)
    db.execute(
        "INSERT INTO hooks (tenant, id, name, trigger_id, enabled, version_id, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            hook.tenant,
            hook.id,
            hook.name,
            hook.trigger,
            hook.enabled,
            hook.version.id,
            hook.created_at,
            hook.updated_at,
        ),
    )
    _note_version(db, hook, hook.created_at)
    return HookWritten(hook=hook, disabled=disabled)


def update_hook(
    db: Database, tenant: str, hook_id: str, change: HookChange, at: float, seen: Hook | None
) -> HookWritten:
    """See `Storage.update_hook`."""
    old = get_hook(db, tenant, hook_id)
    if seen is not None and (seen.version.id, seen.enabled) != (old.version.id, old.enabled):
        raise StaleHook
    new = replace(
        old,
        name=old.name if change.name is None else change.name,
        enabled=old.enabled if change.enabled is None else change.enabled,
        version=change.version or old.version,
        updated_at=at,
    )
    if new.name != old.name:
        _require_free_name(db, tenant, new.trigger, new.name)
    disabled = _disable_enabled(db, tenant, new.trigger, at) if new.enabled and not old.enabled else None
    if new.version.id != old.version.id:
        _put_version(db, new.version)
        _note_version(db, new, at)
    db.execute(
        "UPDATE hooks SET name = ?, enabled = ?, version_id = ?, updated_at = ? WHERE tenant = ? AND id = ?",
        (new.name, new.enabled, new.version.id, at, tenant, hook_id),
    )
    if new.version.id != old.version.id:
        _drop_versions(db, new, keep=VERSIONS)
        _drop_unused_image(db, old.version.id)
    return HookWritten(hook=new, disabled=disabled)


def delete_hook(db: Database, tenant: str, hook_id: str) -> Hook:
    """See `Storage.delete_hook`."""
    hook = get_hook(db, tenant, hook_id)
    db.execute("DELETE FROM hooks WHERE tenant = ? AND id = ?", (tenant, hook_id))
    _drop_versions(db, hook, keep=0)
    _drop_unused_image(db, hook.version.id)
    return hook


def get_hook(db: Database, tenant: str, hook_id: str) -> Hook:
    """See `Storage.get_hook`."""
    row = db.execute(f"{_HOOK} WHERE tenant = ? AND hooks.id = ?", (tenant, hook_id)).fetchone()
    if row is None:
        raise HookNotFound
    return _hook(row)


def list_hooks(db: Database, tenant: str, wanted: HookFilter, start: int, limit: int) -> tuple[list[Hook], int]:
    """See `Storage.list_hooks`."""
    where, values = _where({"tenant": tenant, "hooks.trigger_id": wanted.trigger, "enabled": wanted.enabled})
    rows = db.execute(f"{_HOOK} WHERE {where} ORDER BY number LIMIT ? OFFSET ?", (*values, limit, start)).fetchall()
    (total,) = db.execute(f"SELECT count(*) FROM hooks WHERE {where}", values).fetchone()  # noqa: S608 - column names
    return [_hook(row) for row in rows], total


def enabled_hook(db: Database, tenant: str, trigger: str) -> Hook | None:
    """See `Storage.enabled_hook`."""
    row = db.execute(f"{_HOOK} WHERE tenant = ? AND hooks.trigger_id = ? AND enabled = 1", (tenant, trigger)).fetchone()
    return None if row is None else _hook(row)


def list_deploys(db: Database, tenant: str, hook_id: str) -> list[Deploy]:
    """See `Storage.list_deploys`."""
    _number(db, tenant, hook_id)
    select = "SELECT number, version_id, at FROM hook_versions WHERE tenant = ? AND hook_id = ? ORDER BY number DESC"
    rows = db.execute(select, (tenant, hook_id)).fetchall()
    return [Deploy(number=number, version_id=version_id, at=at) for number, version_id, at in rows]


def get_version(db: Database, tenant: str, hook_id: str, number: int) -> HookVersion:
    """See `Storage.get_version`."""
    _number(db, tenant, hook_id)
    row = db.execute(
        "SELECT id, trigger_id, script, dependencies FROM versions JOIN hook_versions ON version_id = id"
        " WHERE tenant = ? AND hook_id = ? AND number = ?",
        (tenant, hook_id, number),
    ).fetchone()
    if row is None:
        raise VersionNotFound(number)
    return _version(*row)


def get_secrets(db: Database, tenant: str, hook_id: str) -> dict[str, bytes]:
    """See `Storage.get_secrets`."""
    return dict(
        db.execute("SELECT name, sealed FROM secrets WHERE hook = ?", (_number(db, tenant, hook_id),)).fetchall()
    )


def add_secrets(db: Database, tenant: str, hook_id: str, secrets: Mapping[str, bytes], most: int) -> None:
    """See `Storage.add_secrets`."""
    number = _number(db, tenant, hook_id)
    names = {name for (name,) in db.execute("SELECT name FROM secrets WHERE hook = ?", (number,)).fetchall()}
    if names & secrets.keys():
        raise SecretNameTaken
    if len(names) + len(secrets) > most:
        raise TooManySecrets(would=len(names) + len(secrets), most=most)
    db.executemany("INSERT INTO secrets VALUES (?, ?, ?)", [(number, *secret) for secret in secrets.items()])


def update_secrets(db: Database, tenant: str, hook_id: str, secrets: Mapping[str, bytes]) -> None:
    """See `Storage.update_secrets`."""
    number = _number(db, tenant, hook_id)
    for name, sealed in secrets.items():
        changed = db.execute("UPDATE secrets SET sealed = ? WHERE hook = ? AND name = ?", (sealed, number, name))
        if not changed.rowcount:
            raise SecretNotFound


def delete_secrets(db: Database, tenant: str, hook_id: str, names: Sequence[str]) -> None:
    """See `Storage.delete_secrets`."""
    number = _number(db, tenant, hook_id)
    db.executemany("DELETE FROM secrets WHERE hook = ? AND name = ?", [(number, name) for name in names])


def put_image(db: Database, version_id: str, build_id: str, image: bytes) -> None:
    """See `Storage.put_image`."""
    db.execute(
        "INSERT OR REPLACE INTO images (version_id, build_id, sha256, image) SELECT ?, ?, ?, ?"
        " WHERE EXISTS (SELECT 1 FROM hooks WHERE hooks.version_id = ?)",
        (version_id, build_id, sha256(image).digest(), image, version_id),
    )


def get_image(db: Database, version_id: str, build_id: str) -> bytes | None:
    """See `Storage.get_image`."""
    select = "SELECT image, sha256 FROM images WHERE version_id = ? AND build_id = ?"
    row = db.execute(select, (version_id, build_id)).fetchone()
    if row is None or sha256(row[0]).digest() != row[1]:
        return None
    return bytes(row[0])


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
    where, values = _where(
        {"tenant": tenant, "hook_id": wanted.hook_id, "client_id": wanted.client_id, "decision": wanted.decision}
    )
    if wanted.before is not None:
        where, values = f"{where} AND id < ?", [*values, wanted.before]
    select = f"SELECT record FROM executions WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - column names
    return [records.decode(record) for (record,) in db.execute(select, (*values, limit)).fetchall()]


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


def _hook(row: Sequence[Any]) -> Hook:
    tenant, hook_id, name, trigger, enabled, created_at, updated_at, version_id, script, dependencies = row
    return Hook(
        tenant=tenant,
        id=hook_id,
        name=name,
        trigger=trigger,
        enabled=bool(enabled),
        version=_version(version_id, trigger, script, dependencies),
        created_at=created_at,
        updated_at=updated_at,
    )


def _version(version_id: str, trigger: str, script: str, dependencies: str) -> HookVersion:
    return HookVersion(id=version_id, trigger=trigger, script=script, dependencies=orjson.loads(dependencies))


def _number(db: Database, tenant: str, hook_id: str) -> int:
    row = db.execute("SELECT number FROM hooks WHERE tenant = ? AND id = ?", (tenant, hook_id)).fetchone()
    if row is None:
        raise HookNotFound
    return int(row[0])


def _where(conditions: Mapping[str, object]) -> tuple[str, list[object]]:
    """A condition on the columns that are given, and its values."""
    given = {column: value for column, value in conditions.items() if value is not None}
    return " AND ".join(f"{column} = ?" for column in given), list(given.values())


def _require_free_name(db: Database, tenant: str, trigger: str, name: str) -> None:
    select = "SELECT 1 FROM hooks WHERE tenant = ? AND trigger_id = ? AND name = ?"
    if db.execute(select, (tenant, trigger, name)).fetchone() is not None:
        raise HookNameTaken


def _require_room(db: Database, tenant: str, most: int) -> None:
    (there,) = db.execute("SELECT count(*) FROM hooks WHERE tenant = ?", (tenant,)).fetchone()
    if there >= most:
        raise TooManyHooks(most=most)


def _disable_enabled(db: Database, tenant: str, trigger: str, at: float) -> Hook | None:
    hook = enabled_hook(db, tenant, trigger)
    if hook is None:
        return None
    db.execute("UPDATE hooks SET enabled = 0, updated_at = ? WHERE tenant = ? AND id = ?", (at, tenant, hook.id))
    return replace(hook, enabled=False, updated_at=at)


def _put_version(db: Database, version: HookVersion) -> None:
    db.execute(
        "INSERT OR IGNORE INTO versions (id, trigger_id, script, dependencies) VALUES (?, ?, ?, ?)",
        (version.id, version.trigger, version.script, orjson.dumps(dict(version.dependencies)).decode()),
    )


def _note_version(db: Database, hook: Hook, at: float) -> None:
    """The hook has this version from now on: the next number of its own."""
    place = (hook.tenant, hook.id)
    number = "SELECT coalesce(max(number), 0) + 1 FROM hook_versions WHERE tenant = ? AND hook_id = ?"
    db.execute(
        f"INSERT INTO hook_versions (tenant, hook_id, number, version_id, at) VALUES (?, ?, ({number}), ?, ?)",  # noqa: S608 - fixed text
        (*place, *place, hook.version.id, at),
    )


def _drop_versions(db: Database, hook: Hook, *, keep: int) -> None:
    """All but the hook's newest `keep` versions, as far as no other hook has them."""
    place = (hook.tenant, hook.id)
    newest = "SELECT max(number) FROM hook_versions WHERE tenant = ? AND hook_id = ?"
    old = f"FROM hook_versions WHERE tenant = ? AND hook_id = ? AND number <= ({newest}) - ?"
    values = (*place, *place, keep)
    dropped = db.execute(f"SELECT DISTINCT version_id {old}", values).fetchall()
    db.execute(f"DELETE {old}", values)
    db.executemany(_DROP_UNUSED_VERSION, dropped)


def _drop_unused_image(db: Database, version_id: str) -> None:
    """An image is remade in milliseconds when its version comes back; kept for ever they would fill the disk."""
    used = "SELECT 1 FROM hooks WHERE hooks.version_id = images.version_id"
    db.execute(f"DELETE FROM images WHERE version_id = ? AND NOT EXISTS ({used})", (version_id,))  # noqa: S608 - fixed text
