"""What a service would find here, looked at without a change: its storage, the token server's database, what it may give up, Node's walls, npm and its registry.

For `hookd doctor`. A look raises what the service would raise: `SettingsError`, or `Unavailable`, with what to do.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import runtime
from runtime.bundle.npm import Npm
from runtime.bundle.process import find_node
from runtime.errors import Advice, SettingsError
from runtime.fitness import look_at_key
from runtime.issuer.opening import look_at_store, warnings_of_store
from runtime.moves import Looked
from runtime.node.engine import build_walls
from runtime.settings import Settings
from runtime.storage.opening import choose_storage
from runtime.surroundings import Surroundings, look_around

T = TypeVar("T")

REGISTRY_SECONDS = 20.0
"""Longest wait for npm, which asks once and waits five of them."""


def look_at_storage(settings: Settings) -> Looked | None:
    """What is in the storage; None where there is none yet."""
    return alone(choose_storage(settings.storage).look())


def look_at_token_server(settings: Settings) -> Looked | None:
    """What is in the token server's database; None where there is none yet."""
    return alone(look_at_store(settings.issuer))


def warnings_of_storage(settings: Settings) -> list[Advice]:
    """What its Redis should be told so that it keeps what it is given."""
    return alone(choose_storage(settings.storage).warnings())


def warnings_of_token_server(settings: Settings) -> list[Advice]:
    """What the Redis of the token server should be told."""
    return alone(warnings_of_store(settings.issuer))


def look_at_master_key(settings: Settings) -> None:
    """`SettingsError` where it is missing, not whole, or not that of the storage, as far as that can be read."""
    alone(look_at_key(settings.storage))


def alone(look: Coroutine[Any, Any, T]) -> T:
    """What it gives, in an event loop and a thread of its own, which end with it.

    Who asks may have an event loop; and who gives up rights later must be one thread, without those that a look has started.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, look).result()


async def look_at_walls(settings: Settings) -> tuple[Sequence[str], str]:
    """The names of the walls that would stand around Node here, and why its processes would have no control groups, or "".

    `SettingsError` where the walls are too few.
    """
    walled = await build_walls(settings.node, settings.limits.limits())
    try:
        return list(walled.processes.walls), walled.no_groups
    finally:
        await walled.close()


def look_at_surroundings(settings: Settings) -> Surroundings:
    """What this machine has, and the place of the database."""
    database = _database(settings)
    return look_around(None if database is None else nearest(database.parent))


def _database(settings: Settings) -> Path | None:
    """SQLite's file; None for a Redis, and where the settings are such that there is no storage."""
    try:
        return choose_storage(settings.storage).database
    except SettingsError:
        return None  # `look_at_storage` has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a service would give up here, in words, and what it could not; `landlock` is the kernel's version of it, 0 for none."""

    landlock: int
    up: Sequence[str]
    missing: Sequence[str]


async def look_at_confinement(settings: Settings) -> Rehearsed:
    """Tried by a process of its own, with the folders that there are. `SettingsError` where it ended otherwise, which is a bug."""
    cache, database = Path(settings.sandbox.cache_directory), _database(settings)
    written = [cache] if database is None else [database.parent, cache]
    places = {"write": [str(nearest(place)) for place in written]}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runtime.confine.rehearsal", str(settings.server.port), json.dumps(places)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(runtime.__file__).parents[1]), *sys.path])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise SettingsError(f"the process that tried it ended with {process.returncode}: {last}")
    said = json.loads(output)
    return Rehearsed(landlock=said["landlock"], up=said["up"], missing=said["missing"])


def nearest(path: Path) -> Path:
    """The folder, or file, that is there: the path or what it will be made in."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())


async def look_at_registry(settings: Settings, environ: Mapping[str, str]) -> tuple[str, str]:
    """The npm registry's address, and npm's code for why it does not answer, "" where it does. `HookdError`."""
    with tempfile.TemporaryDirectory(prefix="hookd-") as folder:
        npm = Npm(find_node(), environ, registry=settings.bundle.registry, cache=Path(folder) / "cache")
        return await npm.ping(Path(folder), seconds=REGISTRY_SECONDS)


def look_at_npm() -> str:
    """Where the Node is that runs npm. `Unavailable` where there is none."""
    return str(find_node().node)
