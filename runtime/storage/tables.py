"""What each call of the contract does to the tables: SQL, and nothing of connections, threads or transactions.

Every function runs inside a transaction that its caller made, sees all that was committed before it, and changes nothing
when it raises (`sqlite` rolls it back).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from runtime.errors import HookNameTaken, HookNotFound
from runtime.model import Deploy, Hook, HookVersion, Policy
from runtime.storage.base import (
    ENABLED,
    VERSIONS,
    Document,
    DocumentChanged,
    HookChange,
    HookFilter,
    HookWritten,
    SecretNameTaken,
    SecretNotFound,
    StaleHook,
    TooManyEnabled,
    TooManyHooks,
    TooManySecrets,
    VersionNotFound,
)
from runtime.storage.statements import Database, where

_LOG: Final = logging.getLogger("hookd.storage")
_HOOK: Final = """
    SELECT tenant, hooks.id, name, hooks.trigger_id, enabled, created_at, updated_at, policy, meta,
        version_id, script, dependencies, modules, engine
    FROM hooks JOIN versions ON versions.id = version_id
"""

_DROP_UNUSED_VERSION: Final = """
    DELETE FROM versions WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM hooks WHERE version_id = versions.id)
    AND NOT EXISTS (SELECT 1 FROM hook_versions WHERE version_id = versions.id)
"""


def create_hook(
    db: Database,
    hook: Hook,
    most: int | None,
    secrets: Mapping[str, bytes] | None = None,
    instead_of: str | None = None,
    bundle: bytes = b"",
) -> HookWritten:
    """See `Storage.create_hook`."""
    if instead_of is not None:
        delete_hook(db, hook.tenant, instead_of)
    _require_free_name(db, hook.tenant, hook.trigger, hook.name)
    if most is not None:
        _require_room(db, hook.tenant, most)
    disabled = _make_way(db, hook, hook.created_at) if hook.enabled else None
    put_version(db, hook.version, bundle)
    add_hook(db, hook)
    _note_version(db, hook, hook.created_at)
    put_secrets(db, number_of(db, hook.tenant, hook.id), secrets or {})
    return HookWritten(hook=hook, disabled=disabled)


def add_hook(db: Database, hook: Hook) -> None:
    """A row of its own, behind all others. Its version is there."""
    named = hook.tenant, hook.id, hook.name, hook.trigger, hook.enabled, hook.version.id
    ruled = hook.created_at, hook.updated_at, _json(asdict(hook.policy)), _alone_for(hook.policy)
    db.execute(
        "INSERT INTO hooks"
        " (tenant, id, name, trigger_id, enabled, version_id, created_at, updated_at, policy, alone_for, meta)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*named, *ruled, _json(dict(hook.meta))),
    )


def update_hook(
    db: Database, tenant: str, hook_id: str, change: HookChange, at: float, seen: Hook | None
) -> HookWritten:
    """See `Storage.update_hook`."""
    old = get_hook(db, tenant, hook_id)
    if seen is not None and _decisive(seen) != _decisive(old):
        raise StaleHook
    new = replace(
        old,
        name=old.name if change.name is None else change.name,
        enabled=old.enabled if change.enabled is None else change.enabled,
        version=change.version or old.version,
        policy=change.policy or old.policy,
        meta=old.meta if change.meta is None else change.meta,
        updated_at=at,
    )
    if new.name != old.name:
        _require_free_name(db, tenant, new.trigger, new.name)
    anew = new.enabled and (not old.enabled or new.policy != old.policy)
    disabled = _make_way(db, new, at) if anew else None
    if new.version.id != old.version.id:
        put_version(db, new.version, change.bundle)
        _note_version(db, new, at)
    db.execute(
        "UPDATE hooks SET name = ?, enabled = ?, version_id = ?, updated_at = ?, policy = ?, alone_for = ?, meta = ?"
        " WHERE tenant = ? AND id = ?",
        (
            new.name,
            new.enabled,
            new.version.id,
            at,
            _json(asdict(new.policy)),
            _alone_for(new.policy),
            _json(dict(new.meta)),
            tenant,
            hook_id,
        ),
    )
    if change.secrets is not None:
        number = number_of(db, tenant, hook_id)
        db.execute("DELETE FROM secrets WHERE hook = ?", (number,))
        put_secrets(db, number, change.secrets)
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
    condition, values = where(
        {"tenant": tenant, "hooks.trigger_id": wanted.trigger, "enabled": wanted.enabled, "name": wanted.name}
    )
    if wanted.but_trigger is not None:
        condition, values = f"{condition} AND hooks.trigger_id != ?", [*values, wanted.but_trigger]
    rows = db.execute(f"{_HOOK} WHERE {condition} ORDER BY number LIMIT ? OFFSET ?", (*values, limit, start)).fetchall()
    (total,) = db.execute(f"SELECT count(*) FROM hooks WHERE {condition}", values).fetchone()  # noqa: S608 - column names
    return [_hook(row) for row in rows], total


def enabled_hooks(db: Database, tenant: str, trigger: str) -> tuple[Hook, ...]:
    """See `Storage.enabled_hooks`."""
    select = f"{_HOOK} WHERE tenant = ? AND hooks.trigger_id = ? AND enabled = 1 ORDER BY number"
    hooks = [_hook(row) for row in db.execute(select, (tenant, trigger)).fetchall()]
    return tuple(sorted(hooks, key=lambda hook: hook.policy.rank))


def list_deploys(db: Database, tenant: str, hook_id: str) -> list[Deploy]:
    """See `Storage.list_deploys`."""
    number_of(db, tenant, hook_id)
    select = "SELECT number, version_id, at FROM hook_versions WHERE tenant = ? AND hook_id = ? ORDER BY number DESC"
    rows = db.execute(select, (tenant, hook_id)).fetchall()
    return [Deploy(number=number, version_id=version_id, at=at) for number, version_id, at in rows]


def get_version(db: Database, tenant: str, hook_id: str, number: int) -> HookVersion:
    """See `Storage.get_version`."""
    number_of(db, tenant, hook_id)
    row = db.execute(
        "SELECT id, trigger_id, script, dependencies, modules, engine FROM versions JOIN hook_versions ON version_id = id"
        " WHERE tenant = ? AND hook_id = ? AND number = ?",
        (tenant, hook_id, number),
    ).fetchone()
    if row is None:
        raise VersionNotFound(number)
    return _version(*row)


def get_secrets(db: Database, tenant: str, hook_id: str) -> dict[str, bytes]:
    """See `Storage.get_secrets`."""
    return dict(
        db.execute("SELECT name, sealed FROM secrets WHERE hook = ?", (number_of(db, tenant, hook_id),)).fetchall()
    )


def add_secrets(db: Database, tenant: str, hook_id: str, secrets: Mapping[str, bytes], most: int) -> None:
    """See `Storage.add_secrets`."""
    number = number_of(db, tenant, hook_id)
    names = {name for (name,) in db.execute("SELECT name FROM secrets WHERE hook = ?", (number,)).fetchall()}
    if names & secrets.keys():
        raise SecretNameTaken
    if len(names) + len(secrets) > most:
        raise TooManySecrets(would=len(names) + len(secrets), most=most)
    put_secrets(db, number, secrets)


def update_secrets(db: Database, tenant: str, hook_id: str, secrets: Mapping[str, bytes]) -> None:
    """See `Storage.update_secrets`."""
    number = number_of(db, tenant, hook_id)
    for name, sealed in secrets.items():
        changed = db.execute("UPDATE secrets SET sealed = ? WHERE hook = ? AND name = ?", (sealed, number, name))
        if not changed.rowcount:
            raise SecretNotFound


def delete_secrets(db: Database, tenant: str, hook_id: str, names: Sequence[str]) -> None:
    """See `Storage.delete_secrets`."""
    number = number_of(db, tenant, hook_id)
    db.executemany("DELETE FROM secrets WHERE hook = ? AND name = ?", [(number, name) for name in names])


def get_document(db: Database, tenant: str, hook_id: str) -> Document | None:
    """See `Storage.get_document`."""
    number = number_of(db, tenant, hook_id)
    row = db.execute("SELECT data, etag FROM documents WHERE hook = ?", (number,)).fetchone()
    return Document(*row) if row else None


def put_document(db: Database, tenant: str, hook_id: str, data: str, etag: str | None) -> Document:
    """See `Storage.put_document`."""
    now = get_document(db, tenant, hook_id)
    if etag is not None and etag != (now.etag if now else ""):
        raise DocumentChanged(now)
    document = Document(data, sha256(data.encode()).hexdigest()[:32])
    values = (number_of(db, tenant, hook_id), document.data, document.etag)
    db.execute("INSERT OR REPLACE INTO documents (hook, data, etag) VALUES (?, ?, ?)", values)
    return document


def put_image(db: Database, version_id: str, build_id: str, image: bytes) -> None:
    """See `Storage.put_image`."""
    db.execute(
        "INSERT OR REPLACE INTO images (version_id, build_id, sha256, image) SELECT ?, ?, ?, ?"
        " WHERE EXISTS (SELECT 1 FROM hooks WHERE hooks.version_id = ?)",
        (version_id, build_id, sha256(image).digest(), image, version_id),
    )


def get_bundle(db: Database, bundle_id: str) -> bytes | None:
    """See `Storage.get_bundle`."""
    row = db.execute("SELECT bundle FROM bundles WHERE id = ?", (bundle_id,)).fetchone()
    return None if row is None else bytes(row[0])


def get_image(db: Database, version_id: str, build_id: str) -> bytes | None:
    """See `Storage.get_image`."""
    select = "SELECT image, sha256 FROM images WHERE version_id = ? AND build_id = ?"
    row = db.execute(select, (version_id, build_id)).fetchone()
    if row is None:
        return None
    if sha256(row[0]).digest() != row[1]:
        _LOG.warning("the image of version %s is damaged, and is made again", version_id[:12])
        return None
    return bytes(row[0])


def _hook(row: Sequence[Any]) -> Hook:
    tenant, hook_id, name, trigger, enabled, created_at, updated_at, policy, meta, version_id, *content = row
    return Hook(
        tenant=tenant,
        id=hook_id,
        name=name,
        trigger=trigger,
        enabled=bool(enabled),
        version=_version(version_id, trigger, *content),
        created_at=created_at,
        updated_at=updated_at,
        policy=_policy(**orjson.loads(policy)),
        meta=orjson.loads(meta),
    )


def _policy(clients: Sequence[str] = (), audiences: Sequence[str] = (), **rest: Any) -> Policy:
    return Policy(clients=tuple(clients), audiences=tuple(audiences), **rest)


def _decisive(hook: Hook) -> tuple[object, ...]:
    """What a change to the hook is decided on."""
    return hook.version.id, hook.enabled, hook.policy


def _alone_for(policy: Policy) -> str | None:
    """Whom the hook, enabled, is the only one for."""
    return None if policy.order is not None else _json([sorted(policy.clients), sorted(policy.audiences)])


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _version(*row: str) -> HookVersion:
    version_id, trigger, script, dependencies, modules, engine = row
    return HookVersion(
        id=version_id,
        trigger=trigger,
        script=script,
        dependencies=orjson.loads(dependencies),
        modules=modules,
        engine=engine,
    )


def number_of(db: Database, tenant: str, hook_id: str) -> int:
    """By which the tables name it. `HookNotFound`."""
    row = db.execute("SELECT number FROM hooks WHERE tenant = ? AND id = ?", (tenant, hook_id)).fetchone()
    if row is None:
        raise HookNotFound
    return int(row[0])


def put_secrets(db: Database, number: int, secrets: Mapping[str, bytes]) -> None:
    """More of them, of the hook with this number."""
    db.executemany("INSERT INTO secrets VALUES (?, ?, ?)", [(number, *secret) for secret in secrets.items()])


def _require_free_name(db: Database, tenant: str, trigger: str, name: str) -> None:
    select = "SELECT 1 FROM hooks WHERE tenant = ? AND trigger_id = ? AND name = ?"
    if db.execute(select, (tenant, trigger, name)).fetchone() is not None:
        raise HookNameTaken


def _require_room(db: Database, tenant: str, most: int) -> None:
    (there,) = db.execute("SELECT count(*) FROM hooks WHERE tenant = ?", (tenant,)).fetchone()
    if there >= most:
        raise TooManyHooks(most=most)


def _make_way(db: Database, hook: Hook, at: float) -> Hook | None:
    """Disable the hook that can not be enabled beside this one. `TooManyEnabled`."""
    others = [other for other in enabled_hooks(db, hook.tenant, hook.trigger) if other.id != hook.id]
    alone_for = _alone_for(hook.policy)
    rival = next((other for other in others if alone_for is not None and _alone_for(other.policy) == alone_for), None)
    if rival is None:
        if len(others) >= ENABLED:
            raise TooManyEnabled(most=ENABLED)
        return None
    db.execute("UPDATE hooks SET enabled = 0, updated_at = ? WHERE tenant = ? AND id = ?", (at, hook.tenant, rival.id))
    return replace(rival, enabled=False, updated_at=at)


def put_version(db: Database, version: HookVersion, bundle: bytes) -> None:
    """Unless it is there. `StaleHook` where what its `modules` names is not."""
    db.execute(
        "INSERT OR IGNORE INTO versions (id, trigger_id, script, dependencies, modules, engine)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            version.id,
            version.trigger,
            version.script,
            _json(dict(version.dependencies)),
            version.modules,
            version.engine,
        ),
    )
    if bundle:
        db.execute("INSERT OR IGNORE INTO bundles (id, bundle) VALUES (?, ?)", (version.modules, bundle))
    elif version.modules and get_bundle(db, version.modules) is None:
        raise StaleHook  # the last version that had it went since this one was read


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
    db.execute("DELETE FROM bundles WHERE NOT EXISTS (SELECT 1 FROM versions WHERE modules = bundles.id)")


def _drop_unused_image(db: Database, version_id: str) -> None:
    """An image is remade in milliseconds when its version comes back; kept for ever they would fill the disk."""
    used = "SELECT 1 FROM hooks WHERE hooks.version_id = images.version_id"
    db.execute(f"DELETE FROM images WHERE version_id = ? AND NOT EXISTS ({used})", (version_id,))  # noqa: S608 - fixed text
