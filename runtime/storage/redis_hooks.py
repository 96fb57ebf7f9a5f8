"""Hooks, versions, secrets and documents as the scripts of the catalogue take and give them. Pure.

The scripts compare texts: what is equal must be the same text, also after a release that knows more of it. So what has its
default is not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from typing import Any, Final, NoReturn, TypeAlias

import orjson

from runtime.errors import Conflict, HookdError, HookNameTaken, HookNotFound
from runtime.model import Deploy, Hook, HookVersion, Policy
from runtime.storage.base import (
    ENABLED,
    VERSIONS,
    HookChange,
    HookFilter,
    SecretNameTaken,
    SecretNotFound,
    StaleHook,
    TooManyEnabled,
    TooManyHooks,
)

Given: TypeAlias = dict[str, str | bytes]
"""What a call is given: names and values, see scripts/catalogue.lua."""

_ERRORS: Final[Mapping[bytes, type[HookdError]]] = {
    b"absent": HookNotFound,
    b"taken": HookNameTaken,
    b"stale": StaleHook,
    b"secret taken": SecretNameTaken,
    b"no secret": SecretNotFound,
}


def new_hook(hook: Hook, *, most: int | None, instead_of: str | None, bundle: bytes) -> Given:
    """For `create_hook`."""
    given: Given = {
        **new_version(hook.version, bundle),
        **_policy(hook.policy),
        "name": hook.name,
        "trigger": hook.trigger,
        "enabled": _flag(hook.enabled),
        "created_at": repr(hook.created_at),
        "updated_at": repr(hook.updated_at),
        "meta": _json(dict(hook.meta)),
        "enabled_most": str(ENABLED),
    }
    if most is not None:
        given["most"] = str(most)
    if instead_of is not None:
        given["instead_of"] = instead_of
    return given


def changed_hook(change: HookChange, at: float, seen: Hook | None) -> Given:
    """For `update_hook`."""
    given: Given = {"at": repr(at), "enabled_most": str(ENABLED), "keep": str(VERSIONS)}
    if change.name is not None:
        given["name"] = change.name
    if change.enabled is not None:
        given["enabled"] = _flag(change.enabled)
    if change.version is not None:
        given |= new_version(change.version, change.bundle)
    if change.policy is not None:
        given |= _policy(change.policy)
    if change.meta is not None:
        given["meta"] = _json(dict(change.meta))
    if change.secrets is not None:
        given |= {"secrets": "1", **named(change.secrets)}
    if seen is not None:
        given |= {
            "seen.version": seen.version.id,
            "seen.enabled": _flag(seen.enabled),
            "seen.policy": _policy(seen.policy)["policy"],
        }
    return given


def filtered(wanted: HookFilter, start: int, limit: int) -> Given:
    """For `list_hooks`."""
    given = {
        "trigger": wanted.trigger,
        "but_trigger": wanted.but_trigger,
        "enabled": None if wanted.enabled is None else _flag(wanted.enabled),
        "name": wanted.name,
    }
    return {
        "start": str(start),
        "limit": str(limit),
        **{name: text for name, text in given.items() if text is not None},
    }


def named(secrets: Mapping[str, bytes]) -> Given:
    """Secrets, apart from what else is given."""
    return {f"secret={name}": sealed for name, sealed in secrets.items()}


def flat(given: Mapping[str, str | bytes]) -> Iterator[str | bytes]:
    """As a script's arguments."""
    for name, value in given.items():
        yield name
        yield value


def refuse(status: bytes, *, most: int | None = None) -> NoReturn:
    """The error that a script's answer stands for."""
    if status == b"too many":
        raise TooManyHooks(most=most or 0)
    if status == b"too many enabled":
        raise TooManyEnabled(most=ENABLED)
    if status == b"there":
        raise Conflict("There is a hook of this id.")
    raise _ERRORS[status]


def hook_of(tenant: str, told: Sequence[Any]) -> Hook:
    """A hook as a script tells it: its id, its fields, its version's fields."""
    hook_id, flat_hook, flat_version = told
    hook = texts(flat_hook)
    return Hook(
        tenant=tenant,
        id=hook_id.decode(),
        name=hook["name"],
        trigger=hook["trigger"],
        enabled=hook["enabled"] == "1",
        version=version_of(hook["version"], flat_version),
        created_at=float(hook["created_at"]),
        updated_at=float(hook["updated_at"]),
        policy=_policy_of(**orjson.loads(hook["policy"])),
        meta=orjson.loads(hook["meta"]),
    )


def version_of(version_id: str, flat_fields: Sequence[bytes]) -> HookVersion:
    """A version as a script tells it."""
    version = texts(flat_fields)
    return HookVersion(
        id=version_id,
        trigger=version["trigger"],
        script=version["script"],
        dependencies=orjson.loads(version["dependencies"]),
        modules=version["modules"],
        engine=version["engine"],
    )


def deploy_of(line: bytes) -> Deploy:
    """A line of a hook's list of deploys."""
    number, version_id, at = line.decode().split(" ")
    return Deploy(number=int(number), version_id=version_id, at=float(at))


def texts(flat_fields: Sequence[bytes]) -> dict[str, str]:
    """The fields of a hash, all of them text."""
    return {name: value.decode() for name, value in pairs(flat_fields)}


def pairs(flat_fields: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """The fields of a hash."""
    for name, value in zip(flat_fields[::2], flat_fields[1::2], strict=True):
        yield name.decode(), value


def new_version(version: HookVersion, bundle: bytes) -> Given:
    """A version, and what its `modules` names unless it is there."""
    given: Given = {
        "version.id": version.id,
        "version.trigger": version.trigger,
        "version.script": version.script,
        "version.dependencies": _json(dict(version.dependencies)),
        "version.modules": version.modules,
        "version.engine": version.engine,
    }
    return {**given, "bundle": bundle, "bundle.sha256": sha256(bundle).digest()} if bundle else given


_DEFAULT: Final = Policy()


def _policy(policy: Policy) -> dict[str, str]:
    """And whom the hook, enabled, is the only one for: "" where it runs beside others."""
    given = {item.name: getattr(policy, item.name) for item in fields(Policy)}
    different = {name: value for name, value in given.items() if value != getattr(_DEFAULT, name)}
    alone_for = "" if policy.order is not None else _json([sorted(policy.clients), sorted(policy.audiences)])
    return {"policy": _json(different), "alone_for": alone_for}


def _policy_of(clients: Sequence[str] = (), audiences: Sequence[str] = (), **rest: Any) -> Policy:
    return Policy(clients=tuple(clients), audiences=tuple(audiences), **rest)


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
