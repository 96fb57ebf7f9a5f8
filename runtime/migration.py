"""Moves everything from one storage into another, and compares the two.

Rules: the source is only read. From its first item to the end of the comparison the target is marked as unfinished, however this
ends; what is there already stays as it is, so that it may be called again and goes on. Memory holds one item, and a page of hooks or
of records.

What can be remade is not moved: images. Sealed secrets are moved as they are, and so is the proof of their master key, which the
target needs: one that a start without hooks left there makes way for it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

from runtime.configuration import without_password
from runtime.errors import Unavailable
from runtime.model import Deploy, Execution, Hook, HookVersion
from runtime.moves import (
    Compared,
    Comparison,
    NotAlone,
    Step,
    begin,
    require_source,
    require_two,
    require_unfinished,
)
from runtime.settings import StorageSettings
from runtime.storage.base import CacheEntry, Document, ExecutionFilter, HookFilter, Storage
from runtime.storage.opening import Choice, at_url, choose_storage
from runtime.triggers import TRIGGERS

_HOOKS_TOGETHER: Final = 20
_RECORDS_TOGETHER: Final = 200
_ROOM: Final = 1 << 40
"""No bound: what there was room for in one storage, there is in the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheItem:
    """What a tenant's Actions of a trigger keep."""

    tenant: str
    trigger: str
    entries: list[CacheEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookItem:
    """A hook with its newest deploy. `bundle` is b"" where an item before it, of the same tenant, had the same."""

    hook: Hook
    deploy: Deploy
    secrets: dict[str, bytes]
    bundle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployItem:
    """An older deploy of a hook, after the newer ones."""

    tenant: str
    hook_id: str
    deploy: Deploy
    version: HookVersion
    bundle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentItem:
    """What a hook keeps."""

    tenant: str
    hook_id: str
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutsItem:
    """Sessions of a token that have ended, and until when that is kept."""

    token: str
    sessions: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofItem:
    """The proof of the master key, sealed."""

    sealed: bytes


Item: TypeAlias = ProofItem | LogoutsItem | CacheItem | HookItem | DeployItem | DocumentItem | Execution

KINDS: Final = {
    HookItem: "hooks",
    DeployItem: "older versions",
    DocumentItem: "documents",
    CacheItem: "caches",
    LogoutsItem: "ended sessions",
    Execution: "execution records",
    ProofItem: "proof of the master key",
}
"""What the kinds of items are called."""


def storage_at(settings: StorageSettings, url: str | None) -> StorageSettings:
    """The settings for the storage at this URL; None is their own. `SettingsError`."""
    return settings if url is None else at_url(settings, url)


def name_of(settings: StorageSettings) -> str:
    """A storage by its URL, without a password; a file's path is absolute."""
    choice = choose_storage(settings)
    return f"sqlite:///{choice.database.absolute()}" if choice.database else without_password(settings.url)


@asynccontextmanager
async def open_pair(source: StorageSettings, target: StorageSettings) -> AsyncIterator[tuple[Storage, Storage]]:
    """Both storages, the target empty, or as it was left by the same migration, and marked as unfinished.

    `SettingsError`, `NotAlone`, `NotEmpty`.
    """
    name, other = name_of(source), name_of(target)
    require_two(name, other)
    chosen = choose_storage(source)
    require_source(await chosen.look(), name, "storage of hookd")
    async with _opened(chosen) as here, _opened(choose_storage(target, is_target=True)) as empty:
        for storage, its_name in ((here, name), (empty, other)):
            if storage.peers.are_there:
                raise NotAlone(its_name)
        await begin(empty, other, name, lambda: is_empty(empty))
        yield here, empty


async def finish(source: Storage, target: Storage, name: str) -> None:
    """Call when both are equal: from now on the target is one as any other. `NotAlone` where that may be true no more."""
    if source.peers.are_there:
        raise NotAlone(name)
    await target.end_moving()


@asynccontextmanager
async def open_unfinished(target: StorageSettings) -> AsyncIterator[Storage]:
    """A storage that is unfinished, to be discarded. `SettingsError`, `NotAlone`."""
    async with _opened(choose_storage(target, is_target=True)) as storage:
        await require_unfinished(storage, name_of(target))
        if storage.peers.are_there:
            raise NotAlone(name_of(target))
        yield storage


@asynccontextmanager
async def _opened(choice: Choice) -> AsyncIterator[Storage]:
    storage = await choice.open()
    try:
        yield storage
    finally:
        await storage.close()


async def everything(storage: Storage, tenant: str, now: float) -> AsyncIterator[Item]:
    """All that a storage has of a tenant, in an order that is the same in every storage. `now` as in `Storage.get_cache`."""
    async for item in _hooks(storage, tenant, now):
        yield item
    before = None
    while records := await storage.list_executions(tenant, ExecutionFilter(before=before), limit=_RECORDS_TOGETHER):
        for record in records:
            yield record
        before = records[-1].id


async def of_no_tenant(storage: Storage, now: float) -> AsyncIterator[Item]:
    """What a storage has of no tenant."""
    proof = await storage.get_proof()
    if proof is not None:
        yield ProofItem(sealed=proof)
    for token in await storage.logged_out_tokens(int(now)):
        yield LogoutsItem(token=token, sessions=await storage.logouts(token, int(now)))


async def restore(storage: Storage, item: Item, now: float) -> None:
    """Put an item where it is not yet, in the order of `everything`."""
    match item:
        case ProofItem():
            await storage.replace_proof(await storage.get_proof(), item.sealed)
        case LogoutsItem():
            await storage.log_out(item.token, item.sessions, int(now))
        case CacheItem():
            await storage.change_cache(item.tenant, item.trigger, item.entries, now, most=_ROOM, most_bytes=_ROOM)
        case HookItem():
            await storage.restore_hook(item.hook, item.deploy, item.secrets, item.bundle)
        case DeployItem():
            await storage.restore_deploy(item.tenant, item.hook_id, item.deploy, item.version, item.bundle)
        case DocumentItem():
            await storage.put_document(item.tenant, item.hook_id, item.document.data, etag=None)
        case Execution():
            await storage.append_executions([item])


async def is_empty(storage: Storage) -> bool:
    """Whether there is nothing that could be moved."""
    for tenant in await storage.tenants():
        async for _ in everything(storage, tenant, _now()):
            return False
    return not await storage.logged_out_tokens(int(_now()))


async def count(storage: Storage) -> int:
    """How many steps `copy` takes, and `compare` again: a hook or a record each."""
    total = 0
    for tenant in await storage.tenants():
        total += (await storage.list_hooks(tenant, HookFilter(), start=0, limit=0))[1]
        rows = await storage.count_executions(tenant, ExecutionFilter(since=0.0), step=1e12)
        total += sum(row.count for row in rows)
    return total


async def copy(source: Storage, target: Storage, step: Step) -> None:
    """Put everything into the target. `HookdError`, and then what is there is no whole."""
    now = _now()
    await target.replace_proof(await target.get_proof(), None)
    async for item in of_no_tenant(source, now):
        await restore(target, item, now)
    for tenant in await source.tenants():
        now = _now()
        records: list[Execution] = []
        async for item in everything(source, tenant, now):
            if isinstance(item, Execution):
                records.append(item)
                if len(records) >= _RECORDS_TOGETHER:
                    await target.append_executions(records)
                    records.clear()
            else:
                await restore(target, item, now)
            _count(item, step)
        if records:
            await target.append_executions(records)


async def compare(source: Storage, target: Storage, step: Step) -> Compared:
    """Read both, item by item: a difference is a tenant's, and where it begins."""
    comparison, differences = Comparison[Item](KINDS), []
    now = _now()
    different = await comparison.part(of_no_tenant(source, now), of_no_tenant(target, now), lambda _: None)
    if different is not None:
        differences.append(_name(different))
    for tenant in sorted({*await source.tenants(), *await target.tenants()}):
        # A tenant's caches are read first: what expires now, Redis keeps for another minute.
        now = _now()
        ours, theirs = everything(source, tenant, now), everything(target, tenant, now)
        different = await comparison.part(ours, theirs, lambda item: _count(item, step))
        if different is not None:
            differences.append(f"{tenant}: {_name(different)}")
    return comparison.done(differences)


async def discard(storage: Storage, step: Step) -> None:
    """Remove all that was moved into an unfinished storage, and that it is one."""
    await storage.replace_proof(await storage.get_proof(), None)
    for token in await storage.logged_out_tokens(0):
        await storage.forget_logouts(token)
    for tenant in await storage.tenants():
        now = _now()
        for trigger in TRIGGERS:
            gone = [CacheEntry(entry.key) for entry in await storage.get_cache(tenant, trigger, now)]
            await storage.change_cache(tenant, trigger, gone, now, most=_ROOM, most_bytes=_ROOM)
        while hooks := (await storage.list_hooks(tenant, HookFilter(), start=0, limit=_HOOKS_TOGETHER))[0]:
            for hook in hooks:
                await storage.delete_hook(tenant, hook.id)
                step()
    await storage.prune_executions(older_than=0.0, most=0, most_bytes=0)
    await storage.end_moving()


async def _hooks(storage: Storage, tenant: str, now: float) -> AsyncIterator[Item]:
    """What belongs to hooks."""
    start, sent = 0, {""}
    while hooks := (await storage.list_hooks(tenant, HookFilter(), start=start, limit=_HOOKS_TOGETHER))[0]:
        if not start:
            async for cache in _caches(storage, tenant, now):
                yield cache
        for hook in hooks:
            async for item in _hook(storage, hook, sent):
                yield item
        start += len(hooks)


async def _caches(storage: Storage, tenant: str, now: float) -> AsyncIterator[Item]:
    """Of a tenant that has hooks: nobody else would read them."""
    for trigger in TRIGGERS:
        entries = await storage.get_cache(tenant, trigger, now)
        if entries:
            yield CacheItem(tenant=tenant, trigger=trigger, entries=entries)


async def _hook(storage: Storage, hook: Hook, sent: set[str]) -> AsyncIterator[Item]:
    """`sent` are the bundles that the tenant's items had, and "" for none."""
    tenant, hook_id = hook.tenant, hook.id
    newest, *older = await storage.list_deploys(tenant, hook_id)
    secrets = dict(sorted((await storage.get_secrets(tenant, hook_id)).items()))
    bundle = await _bundle(storage, hook.version, sent)
    yield HookItem(hook=hook, deploy=newest, secrets=secrets, bundle=bundle)
    for deploy in older:
        version = await storage.get_version(tenant, hook_id, deploy.number)
        bundle = await _bundle(storage, version, sent)
        yield DeployItem(tenant=tenant, hook_id=hook_id, deploy=deploy, version=version, bundle=bundle)
    document = await storage.get_document(tenant, hook_id)
    if document is not None:
        yield DocumentItem(tenant=tenant, hook_id=hook_id, document=document)


async def _bundle(storage: Storage, version: HookVersion, sent: set[str]) -> bytes:
    if version.modules in sent:
        return b""
    bundle = await storage.get_bundle(version.modules)
    if bundle is None:
        raise Unavailable(
            "The npm modules of a version are damaged.",
            debug=f"the npm modules of version {version.id[:12]} are missing or damaged: delete the hook that has it, or deploy "
            "another over it 50 times",
        )
    sent.add(version.modules)
    return bundle


def _name(item: Item) -> str:
    match item:
        case HookItem():
            return f"hook {item.hook.id}"
        case DeployItem():
            return f"hook {item.hook_id}, version {item.deploy.number}"
        case DocumentItem():
            return f"hook {item.hook_id}, its document"
        case ProofItem() | LogoutsItem():
            return "the proof of the master key" if isinstance(item, ProofItem) else "which sessions have ended"
        case CacheItem():
            return f"what {item.trigger} cached"
        case Execution():
            return f"execution record {item.id}"


def _count(item: Item, step: Step) -> None:
    if isinstance(item, HookItem | Execution):
        step()


def _now() -> float:
    return time.time() * 1000
