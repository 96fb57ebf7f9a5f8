"""Puts the runtime together. The only room that names concrete classes, reads the configuration file and makes folders.

Relative paths in the configuration start at the current directory.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import os
import secrets
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.admin import Admin
from runtime.bundle.base import ModulesUnavailable
from runtime.bundle.bundler import Bundler
from runtime.bundle.process import configured_with, find_node
from runtime.bundle.source import SourceImages
from runtime.caches import StoredCaches
from runtime.confine.places import Places
from runtime.confine.process import confine
from runtime.dispatch import Dispatch
from runtime.documents import StoredDocuments
from runtime.errors import SettingsError
from runtime.logs.base import Retention
from runtime.logs.metrics import Metrics
from runtime.logs.recorder import StorageRecorder
from runtime.logs.tail import Tail
from runtime.logs.traces import open_traces
from runtime.model import NODE, WASM, Execution
from runtime.network.client import Client
from runtime.node.engine import Walled, build_walls, open_node
from runtime.preparation import Preparations
from runtime.sandbox.base import Sandbox
from runtime.sandbox.operations.base import Perform
from runtime.sandbox.operations.performing import Performer
from runtime.sandbox.pool import open_sandbox
from runtime.settings import OFF, REQUIRED, Settings, StorageSettings, Telemetry, parse, trust_fault
from runtime.storage.base import Storage
from runtime.storage.sealing import Sealer, derive_key
from runtime.storage.sqlite import open_sqlite
from runtime.webtask.tokens import WebtaskTokens
from runtime.webtasks import Webtasks

KEY_BYTES = 32
"""Of a master key: AES-256."""

_SQLITE = "sqlite:///"
_LOG = logging.getLogger("hookd.bootstrap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime that is ready: what the web room needs."""

    settings: Settings
    storage: Storage
    sandbox: Sandbox
    dispatch: Dispatch
    admin: Admin
    webtasks: Webtasks
    webtask_tokens: WebtaskTokens
    session_sealer: Sealer
    recorder: StorageRecorder
    tail: Tail
    metrics: Metrics
    preparations: Preparations
    engines: Mapping[str, Sandbox]
    """All that run hooks, by name; `sandbox` is the wasm engine."""


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from a TOML file, if any, and from `HOOKD_*` variables, which win. `SettingsError` says what to mend."""
    return parse({} if path is None else _read_toml(path), environ)


def require_production(settings: Settings) -> None:
    """`SettingsError` where the configuration leaves to chance what `hookd serve` must be told."""
    if not (settings.storage.master_key or settings.storage.master_key_file):
        raise SettingsError(
            "A master key is missing: it seals the hooks' secrets. Make one with `hookd keys new --file FILE` and name the file "
            "in [storage] as master_key_file, or put what `hookd keys new` prints into HOOKD_STORAGE_MASTER_KEY."
        )
    if not settings.auth.trusted:
        raise SettingsError(
            "Nobody could call this runtime: there is no [[auth.trusted]] in the configuration. Add one for your token server, "
            "with its issuer, its audience and its jwks_url (RS256, ES256) or a shared secret (HS256); config.example.toml shows how."
        )
    for index, row in enumerate(settings.auth.trusted):
        fault = trust_fault(row)
        if fault:
            raise SettingsError(f"No token of 'auth.trusted[{index}]' could be verified: {fault}.")


@asynccontextmanager
async def open_runtime(settings: Settings, *, confined: bool = False) -> AsyncIterator[Runtime]:
    """The runtime, as long as the block runs; afterwards everything that was accepted has been written.

    `confined`: the whole process gives up for good what a runtime does not need, as the settings have it. It must have no
    other thread yet.
    """
    key = master_key(settings.storage)
    sealer = Sealer(key)
    database = _folders(settings)
    async with AsyncExitStack() as stack:
        walled = await _before_threads(settings, database, stack, confined=confined)
        storage = await open_sqlite(database)
        stack.push_async_callback(storage.close)
        tail, metrics = Tail(), Metrics()
        # Closed in reverse: the engine first, so that the runs it ends are still recorded.
        recorder = _recorder(settings, storage, [tail.publish, metrics.count], stack)
        client = Client(settings.network)
        stack.push_async_callback(client.close)
        performer = Performer(client, StoredDocuments(storage), connections=settings.network.connections)
        caches = StoredCaches(storage, Sealer(derive_key(key, "api.cache")))
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
        dispatch = Dispatch(
            preparations=preparations,
            recorder=recorder,
            limits=settings.limits.limits(),
            keeps_requests=settings.log.requests,
        )
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
            admin=admin,
            webtasks=Webtasks(storage=storage, sealer=sealer, admin=admin),
            webtask_tokens=WebtaskTokens(derive_key(key, "webtask tokens")),
            session_sealer=Sealer(derive_key(key, "dashboard sessions")),
            recorder=recorder,
            tail=tail,
            metrics=metrics,
            preparations=preparations,
            engines={WASM: sandbox, **others},
        )


def _folders(settings: Settings) -> Path:
    """Make those that there are to be; where the database is, or will be."""
    database = database_path(settings.storage)
    private_folder(database.parent)
    private_folder(Path(settings.sandbox.cache_directory))
    return database


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
    settings: Settings, database: Path, stack: AsyncExitStack, *, confined: bool
) -> Walled | None:
    """First walls, for which it takes more rights than we will have, then rights, for threads have those that we have then."""
    walled = await _node_walls(settings, stack)
    if confined and settings.server.confinement != OFF:
        _give_up(settings, database, walled.plan.groups if walled else "")
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


def _give_up(settings: Settings, database: Path, groups: str) -> None:
    """What this process does not need: told in the log. `SettingsError` where all is required, and not all can be had."""
    given = confine(places_of(settings, database, groups), port=settings.server.port)
    missing = "; ".join(given.missing)
    if missing and settings.server.confinement == REQUIRED:
        raise SettingsError(
            f"[server] confinement is required, but this process can not give everything up: {missing}."
        )
    _LOG.info("this process has given up %s%s", ", ".join(given.up) or "nothing", missing and f"; missing: {missing}")


def places_of(settings: Settings, database: Path, groups: str = "") -> Places:
    """Where a runtime with these settings reads, writes and starts programs. `groups` is a folder of control groups, or ""."""
    cache = Path(settings.sandbox.cache_directory).absolute()
    read, execute = [Path(settings.network.ca_file)] if settings.network.ca_file else [], []
    with suppress(ModulesUnavailable):
        node = find_node()
        read += [node.npm.parents[1], *configured_with(os.environ, node)]
        # esbuild is kept in the cache.
        private_folder(cache / "modules")
        execute += [node.node.parent, cache / "modules"]
    # The file may be a link: what SQLite writes beside it lies where it leads.
    write = dict.fromkeys((database.absolute().parent, database.resolve().parent, cache))
    # The control groups go with their folder, when the service ends.
    divided = (Path(groups),) if groups else ()
    above = tuple(path.parent for path in divided)
    return Places(read=tuple(read), write=(*write, *divided), clear=above, execute=tuple(execute))


def database_path(storage: StorageSettings) -> Path:
    """Where the SQLite file is; `SettingsError` for a URL of another kind."""
    path = storage.url.removeprefix(_SQLITE)
    if path == storage.url or not path:
        raise SettingsError(
            f"'storage.url' must be {_SQLITE}FILE (a fourth slash for an absolute path), not {storage.url!r}."
        )
    return Path(path)


def private_folder(folder: Path) -> None:
    """Make the folder, readable by its owner only; one that is there already stays as it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The folder {folder} can not be made: {error.strerror}.") from None


def master_key(storage: StorageSettings) -> bytes:
    """The 32 bytes that seal the hooks' secrets. `SettingsError` says how to make them, and never shows them."""
    if storage.master_key and storage.master_key_file:
        raise SettingsError("Give 'storage.master_key' or 'storage.master_key_file', not both.")
    if storage.master_key_file:
        return _decode_key(_read_key(Path(storage.master_key_file)), f"The master key in {storage.master_key_file}")
    if storage.master_key:
        return _decode_key(storage.master_key, "'storage.master_key'")
    raise SettingsError(
        "A master key is missing: make one with `hookd keys new --file FILE`, see [storage] master_key_file."
    )


def new_master_key() -> str:
    """A fresh one, in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def write_master_key(path: Path) -> None:
    """A fresh one in a new file of mode 0600. `FileExistsError` where there is a file: a lost key seals for ever."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_master_key() + "\n")


def _read_toml(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise SettingsError(f"There is no file {path}; config.example.toml is one to copy.") from None
    except OSError as error:
        raise SettingsError(f"The file {path} can not be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file {path} is not TOML: {error}.") from None


def _read_key(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
        readable = path.stat().st_mode & 0o077
    except FileNotFoundError:
        raise SettingsError(
            f"There is no master key file {path}: make it with `hookd keys new --file {path}`."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"The master key file {path} can not be read.") from None
    if readable:
        _LOG.warning("others than its owner may use the master key file %s: chmod 600 it", path)
    return text


def _decode_key(text: str, what: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{what} must be {KEY_BYTES} bytes in base64: `hookd keys new` makes one.")
    return key
