"""Puts the runtime together. The only room that names concrete classes and makes folders.

Relative paths in the configuration start at the current directory.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.admin import Admin
from runtime.answers import Answers
from runtime.breaker import Breaker
from runtime.bundle.base import ModulesUnavailable
from runtime.bundle.bundler import Bundler
from runtime.bundle.process import PYTHON, configured_with, find_node
from runtime.bundle.source import SourceImages
from runtime.caches import StoredCaches
from runtime.configuration import without_password
from runtime.confine.places import Places
from runtime.confine.process import confine
from runtime.dispatch import Dispatch
from runtime.documents import StoredDocuments
from runtime.ended_sessions import EndedSessions, open_ended_sessions
from runtime.errors import SettingsError, Unavailable
from runtime.leased_rates import LeasedRates
from runtime.logs.base import Retention
from runtime.logs.metrics import Metrics
from runtime.logs.recorder import StorageRecorder
from runtime.logs.relay import Relay
from runtime.logs.tail import Tail
from runtime.logs.traces import open_traces
from runtime.master_keys import MasterKeys, master_keys, where_keys_are
from runtime.memory import nameless_file
from runtime.model import NODE, WASM, Execution
from runtime.network.client import Client
from runtime.node.engine import Walled, build_walls, open_node
from runtime.preparation import Preparations
from runtime.proof import adopt, require_key
from runtime.rates import Buckets
from runtime.repeats import Repeats
from runtime.rotation import reseal
from runtime.sandbox.base import Sandbox
from runtime.sandbox.operations.base import Perform
from runtime.sandbox.operations.performing import Performer
from runtime.sandbox.pool import open_sandbox
from runtime.secret_files import private_folder
from runtime.settings import OFF, REQUIRED, Settings, StorageSettings, Telemetry
from runtime.shared_rates import SharedRates
from runtime.storage.answers import SharedAnswers
from runtime.storage.base import Storage
from runtime.storage.opening import Choice, choose_storage, unusable
from runtime.storage.peers import Peers
from runtime.storage.sealing import Resealed, Sealer, derive_key
from runtime.stored_answers import StoredAnswers
from runtime.webtask.tokens import WebtaskTokens
from runtime.webtasks import Webtasks

_LOG = logging.getLogger("hookd.bootstrap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime that is ready: what the web room needs."""

    settings: Settings
    storage: Storage
    sandbox: Sandbox
    dispatch: Dispatch
    repeats: Repeats
    rates: Buckets
    admin: Admin
    webtasks: Webtasks
    webtask_tokens: WebtaskTokens
    session_sealer: Sealer
    ended_sessions: EndedSessions
    recorder: StorageRecorder
    tail: Tail
    relay: Relay
    metrics: Metrics
    preparations: Preparations
    engines: Mapping[str, Sandbox]
    """All that run hooks, by name; `sandbox` is the wasm engine."""


@asynccontextmanager
async def open_runtime(
    settings: Settings, *, confined: bool = False, memory: int | None = None, is_successor: bool = False
) -> AsyncIterator[Runtime]:
    """The runtime, as long as the block runs; afterwards everything that was accepted has been written.

    `confined`: the whole process gives up for good what a runtime does not need, as the settings have it. It must have no
    other thread yet. `memory` is a file (`memory.nameless_file`) that it shares with others. A successor makes no database.
    """
    keys = master_keys(settings.storage).all
    sealer, chosen = Sealer(*keys), choose_storage(settings.storage)
    _folders(settings, chosen, is_successor)
    async with AsyncExitStack() as stack:
        memory = _own_memory(stack) if memory is None else memory
        walled = await _before_threads(settings, chosen, stack, confined=confined)
        storage = await _storage(settings.storage, chosen, sealer, stack)
        tail, relay, metrics = _followers(storage, stack)
        # Closed in reverse: the engine first, so that the runs it ends are still recorded.
        recorder = _recorder(settings, storage, [relay.publish, metrics.count], stack)
        performer = _performer(settings, storage, stack)
        caches = StoredCaches(storage, Sealer.derived(keys, "api.cache"))
        sandbox, others = await _engines(settings, performer, caches, walled, stack)
        bundler = Bundler(settings.bundle, Path(settings.sandbox.cache_directory))
        images = SourceImages(sandbox, bundler, storage.get_bundle, others)
        preparations = Preparations(
            storage=storage,
            sealer=sealer,
            images=images,
            sandbox=sandbox,
            cache_bytes=settings.sandbox.image_cache_bytes,
            others=others,
        )
        dispatch = _dispatch(settings, preparations, recorder)
        admin = Admin(
            storage=storage,
            sealer=sealer,
            images=images,
            changed=dispatch.forget,
            hooks_most=settings.storage.hooks_most,
            engine=settings.sandbox.engine,
        )
        yield Runtime(
            settings=settings,
            storage=storage,
            sandbox=sandbox,
            dispatch=dispatch,
            repeats=_repeats(_shared(settings.storage, storage), keys, Answers(memory), stack),
            rates=_rates(settings.server.workers, storage.peers, SharedRates(memory), stack),
            admin=admin,
            webtasks=Webtasks(storage=storage, sealer=sealer, admin=admin),
            webtask_tokens=WebtaskTokens(*(derive_key(key, "webtask tokens") for key in keys)),
            session_sealer=Sealer.derived(keys, "dashboard sessions"),
            ended_sessions=await stack.enter_async_context(open_ended_sessions(storage)),
            recorder=recorder,
            tail=tail,
            relay=relay,
            metrics=metrics,
            preparations=preparations,
            engines={WASM: sandbox, **others},
        )


async def seal_anew(settings: StorageSettings, keys: MasterKeys) -> Resealed:
    """Seal all secrets that are stored under the newest of these keys, see `rotation`. `Unavailable`, `SettingsError`."""
    storage = await choose_storage(settings).open()
    try:
        return await reseal(storage, Sealer(*keys.all))
    finally:
        await storage.close()


async def adopt_key(settings: StorageSettings, keys: MasterKeys) -> list[str]:
    """Make the newest of these keys the storage's own, see `proof.adopt`. `Unavailable`, `SettingsError`."""
    storage = await choose_storage(settings).open()
    try:
        return await adopt(storage, Sealer(*keys.all))
    finally:
        await storage.close()


async def _storage(settings: StorageSettings, chosen: Choice, sealer: Sealer, stack: AsyncExitStack) -> Storage:
    """It, where the master key is its own; closed with the stack. `SettingsError`."""
    storage = await chosen.open()
    stack.push_async_callback(storage.close)
    try:
        await require_key(storage, sealer, where_keys_are(settings, os.environ), without_password(settings.url))
    except Unavailable as error:
        raise unusable(error) from None
    return storage


def _folders(settings: Settings, chosen: Choice, is_successor: bool) -> None:
    """Make those that there are to be. `SettingsError` where there was a database, and is none."""
    # With an empty one, a service would go on without the hooks that it has, and allow what they deny.
    if is_successor and chosen.database is not None and not chosen.database.exists():
        raise SettingsError(
            f"The database {chosen.database} is gone. Put it back, or start the service anew without it."
        )
    if chosen.database is not None:
        private_folder(chosen.database.parent)
    private_folder(Path(settings.sandbox.cache_directory))


def _dispatch(settings: Settings, preparations: Preparations, recorder: StorageRecorder) -> Dispatch:
    """The use case of a token request, by these settings."""
    sandbox = settings.sandbox
    return Dispatch(
        preparations=preparations,
        recorder=recorder,
        limits=settings.limits.limits(),
        breaker=Breaker(failures=sandbox.breaker_failures, seconds=sandbox.breaker_seconds),
        keeps_requests=settings.log.requests,
    )


def _own_memory(stack: AsyncExitStack) -> int:
    """Memory that nobody shares; closed with the stack."""
    file = nameless_file("hookd-memory")
    stack.callback(os.close, file)
    return file


def _shared(settings: StorageSettings, storage: Storage) -> SharedAnswers | None:
    """Where other machines find the answers of this one, unless the settings keep them apart."""
    return storage.peers.answers if settings.share_answers else None


def _repeats(shared: SharedAnswers | None, keys: Sequence[bytes], answers: Answers, stack: AsyncExitStack) -> Repeats:
    """What knows requests that come again; closed with the stack."""
    if shared is None:
        return Repeats(answers)
    elsewhere = StoredAnswers(shared, Sealer.derived(keys, "answers"))
    stack.push_async_callback(elsewhere.close)
    return Repeats(answers, elsewhere)


def _rates(workers: int, peers: Peers, here: SharedRates, stack: AsyncExitStack) -> Buckets:
    """What counts token requests, of all machines where several can share the storage; closed with the stack."""
    if peers.buckets is None:
        return here
    rates = LeasedRates(peers.buckets, here.wait, workers=workers, processes=lambda: peers.processes)
    stack.push_async_callback(rates.close)
    return rates


def _performer(settings: Settings, storage: Storage, stack: AsyncExitStack) -> Performer:
    """What does what hooks ask for; its connections are closed with the stack."""
    client = Client(settings.network)
    stack.push_async_callback(client.close)
    return Performer(client, StoredDocuments(storage), connections=settings.network.connections)


def _followers(storage: Storage, stack: AsyncExitStack) -> tuple[Tail, Relay, Metrics]:
    """What is told of executions; closed with the stack."""
    tail = Tail()
    relay = Relay(storage.peers, tail)
    relay.start()
    stack.push_async_callback(relay.close)
    return tail, relay, Metrics()


def _recorder(
    settings: Settings, storage: Storage, tell: Sequence[Callable[[Execution], None]], stack: AsyncExitStack
) -> StorageRecorder:
    """What writes execution records, and tells of each; closed with the stack."""
    tell = [*tell, *_traces(settings.telemetry, stack)]
    kept = settings.storage
    keep = Retention(days=kept.executions_days, most=kept.executions_most, most_bytes=kept.executions_bytes)
    recorder = StorageRecorder(storage, keep=keep, tell=tell)
    recorder.start()
    stack.push_async_callback(recorder.close)
    return recorder


def _traces(telemetry: Telemetry, stack: AsyncExitStack) -> list[Callable[[Execution], None]]:
    """What makes spans of executions, closed with the stack, where the configuration asks for it."""
    if not telemetry.endpoint:
        return []
    traces = open_traces(telemetry)
    stack.push_async_callback(asyncio.to_thread, traces.close)
    return [traces.publish]


async def _engines(
    settings: Settings, perform: Perform, caches: StoredCaches, walled: Walled | None, stack: AsyncExitStack
) -> tuple[Sandbox, Mapping[str, Sandbox]]:
    """The wasm engine, and what there is beside it, by its name; closed with the stack."""
    stack.push_async_callback(caches.close)
    at_once = settings.network.at_once
    wasm = await open_sandbox(settings.sandbox, perform, at_once=at_once, caches=caches)
    stack.push_async_callback(wasm.close)
    if walled is None:
        return wasm, {}
    limits = settings.limits.limits()
    node = await open_node(settings.node, limits, perform, at_once=at_once, caches=caches, walled=walled)
    stack.push_async_callback(node.close)
    return wasm, {NODE: node}


async def _before_threads(
    settings: Settings, chosen: Choice, stack: AsyncExitStack, *, confined: bool
) -> Walled | None:
    """First walls, for which it takes more rights than we will have, then rights, for threads have those that we have then."""
    walled = await _node_walls(settings, stack)
    if confined and settings.server.confinement != OFF:
        _give_up(settings, chosen, walled.plan.groups if walled else "")
    return walled


async def _node_walls(settings: Settings, stack: AsyncExitStack) -> Walled | None:
    """What the Node engine stands on, None where it is not wanted; closed with the stack."""
    if not settings.node.enabled:
        if settings.sandbox.engine == NODE:
            raise SettingsError("'sandbox.engine' is node, but [node] is not enabled: set 'node.enabled' to true.")
        return None
    walled = await build_walls(settings.node, settings.limits.limits())
    stack.push_async_callback(walled.close)
    return walled


def _give_up(settings: Settings, chosen: Choice, groups: str) -> None:
    """What this process does not need: told in the log. `SettingsError` where all is required, and not all can be had."""
    given = confine(places_of(settings, chosen, groups), port=settings.server.port)
    missing = "; ".join(given.missing)
    if missing and settings.server.confinement == REQUIRED:
        raise SettingsError(
            f"[server] confinement is required, but this process can not give everything up: {missing}."
        )
    _LOG.info("this process has given up %s%s", ", ".join(given.up) or "nothing", missing and f"; missing: {missing}")


def places_of(settings: Settings, chosen: Choice, groups: str = "") -> Places:
    """Where a runtime with these settings reads, writes and starts programs. `groups` is a folder of control groups, or ""."""
    cache = Path(settings.sandbox.cache_directory).absolute()
    read, execute = [*chosen.reads, *([Path(settings.network.ca_file)] if settings.network.ca_file else [])], []
    with suppress(ModulesUnavailable):
        node = find_node()
        read += [node.npm.parents[1], *configured_with(os.environ, node)]
        # esbuild is kept in the cache.
        private_folder(cache / "modules")
        execute += [PYTHON, node.node.parent, cache / "modules"]
    write = dict.fromkeys((*chosen.folders, cache))
    # The control groups go with their folder, when the service ends.
    divided = (Path(groups),) if groups else ()
    above = tuple(path.parent for path in divided)
    return Places(read=tuple(read), write=(*write, *divided), clear=above, execute=tuple(execute))
