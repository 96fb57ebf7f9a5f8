"""From what a source requires to a bundle: lock, modules, joined. Each step is kept on disk under what it was made from.

A lock is kept for ever where every version is exact, and for a day where one is a range: then it is made anew, unless the
registry does not answer. So the same modules need no network again, and a joined script no npm.

One bundle of an owner is made at a time, and owners take turns: token requests wait for none of it.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from runtime.bundle import bundles
from runtime.bundle.base import ModuleRefused, ModulesTimeout, ModulesTooLarge, ModulesUnavailable, RegistryUnreachable
from runtime.bundle.bundles import Bundle
from runtime.bundle.esbuild import BUILD_ID, Esbuild
from runtime.bundle.npm import Npm
from runtime.bundle.process import find_node, scratch
from runtime.bundle.specifiers import BUILTINS, MOST, Specifier, is_range
from runtime.bundle.store import Store
from runtime.bundle.trees import packed, remove, size_of, unpack
from runtime.errors import Unavailable
from runtime.sandbox.turns import Turns
from runtime.settings import BundleSettings

AT_ONCE: Final = 2
"""Bundles that are made at once, of different owners."""
MOST_WAITING: Final = 8
"""Bundles of one owner that may wait."""
RANGE_SECONDS: Final = 86_400
"""How long a range stands for the versions that were found for it."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_LOG: Final = logging.getLogger("hookd.bundle")

_EXACT: Final = re.compile(r"[=v]?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`requirements` are names in a package.json and their versions, `entries` what each text that is required means there.

    `names` are the modules' own, where they are installed under another name.
    """

    requirements: dict[str, str]
    entries: dict[str, str]
    names: dict[str, str]


class Bundler:
    """One per process. Nothing is made or looked for before the first hook with modules comes."""

    def __init__(self, settings: BundleSettings, cache: Path) -> None:
        self._settings = settings
        self._cache = cache.absolute() / "modules"
        self._store = Store(self._cache / "kept", most=settings.cache_bytes)
        self._turns = Turns(AT_ONCE)
        self._owners: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}
        self._running = 0

    async def bundle(self, specifiers: Sequence[Specifier], dependencies: dict[str, str], *, owner: str = "") -> Bundle:
        """The modules that these specifiers mean. `InvalidBody` (see `base`), `Unavailable`."""
        wanted = wanted_of(specifiers, dependencies)
        if owner and self._waiting.get(owner, 0) >= MOST_WAITING:
            raise Unavailable("Too many hooks with modules of this tenant are being deployed at once.")
        self._waiting[owner] = self._waiting.get(owner, 0) + 1
        try:
            async with self._owners.setdefault(owner, asyncio.Lock()):
                since = await self._turns.take(owner)
                self._running += 1
                try:
                    return await self._bundle(wanted)
                except OSError as error:
                    raise _without_means(error) from error
                finally:
                    self._running -= 1
                    self._turns.give(owner, since)
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner], self._owners[owner]

    async def _bundle(self, wanted: Wanted) -> Bundle:
        lock = await self._locked(wanted.requirements)
        key = json.dumps([lock, wanted.entries, BUILD_ID, self._settings.bytes], sort_keys=True)
        kept = await asyncio.to_thread(self._store.get, "bundle", key)
        if kept is not None:
            return bundles.unpack(kept)
        made = await self._made(wanted, lock)
        await asyncio.to_thread(self._store.put, "bundle", key, made.pack()[1])
        return made

    async def _locked(self, requirements: dict[str, str]) -> str:
        key = json.dumps([requirements, self._settings.registry], sort_keys=True)
        kept = await asyncio.to_thread(self._store.get, "lock", key)
        at, lock = json.loads(kept) if kept else (0.0, "")
        if lock and (all(map(_EXACT.fullmatch, requirements.values())) or 0 <= time.time() - at < RANGE_SECONDS):
            return str(lock)
        try:
            new = await self._find(requirements)
        except (RegistryUnreachable, ModulesTimeout):
            if lock:
                return str(lock)
            raise
        await asyncio.to_thread(self._store.put, "lock", key, json.dumps([time.time(), new]).encode())
        return new

    async def _find(self, requirements: dict[str, str]) -> str:
        async with scratch(self._cache) as work:
            settings = self._settings
            return await self._npm.lock(requirements, work, seconds=settings.seconds, packages=settings.packages)

    async def _made(self, wanted: Wanted, lock: str) -> Bundle:
        async with scratch(self._cache) as work:
            tree = await asyncio.to_thread(self._store.get, "modules", lock)
            if tree is None:
                await self._install(wanted, lock, work)
            else:
                await asyncio.to_thread(unpack, tree, work)
            settings = self._settings
            return await self._esbuild.join(
                wanted.entries, lock, wanted.names, work, seconds=settings.seconds, most=settings.bytes
            )

    async def _install(self, wanted: Wanted, lock: str, work: Path) -> None:
        settings = self._settings
        await self._npm.install(
            wanted.requirements, lock, work, seconds=settings.seconds, most=settings.installed_bytes
        )
        tree = await asyncio.to_thread(packed, work / "node_modules")
        await asyncio.to_thread(self._store.put, "modules", lock, tree)
        if self._running == 1:
            await asyncio.to_thread(self._make_room)

    def _make_room(self) -> None:
        """The cache of npm itself only grows, and what matters is kept beside it: when it is too large, it goes."""
        folder, most = self._cache / "npm", self._settings.cache_bytes
        if size_of(folder, most) > most:
            remove(folder)

    @cached_property
    def _npm(self) -> Npm:
        return Npm(find_node(), os.environ, registry=self._settings.registry, cache=self._cache / "npm")

    @cached_property
    def _esbuild(self) -> Esbuild:
        return Esbuild(find_node(), self._npm, os.environ, self._cache)


def wanted_of(specifiers: Sequence[Specifier], dependencies: dict[str, str]) -> Wanted:
    """What npm is to install. A module of which two versions are wanted, or that is called as a builtin, gets another name."""
    if len(specifiers) > MOST:
        raise ModulesTooLarge(f"A hook can require at most {MOST} modules and their files.")
    wanted = Wanted({}, {}, {})
    keys: dict[tuple[str, str], str] = {}
    for specifier in specifiers:
        version = specifier.version or dependencies[specifier.name]
        if not is_range(version):
            raise ModuleRefused(
                f"The version {version[:64]!r} of the module {specifier.name!r} is none of a registry: hookd takes versions,"
                " ranges and tags, no URLs, repositories, files or other names."
            )
        key = keys.get((specifier.name, version))
        if key is None:
            plain = specifier.name not in wanted.requirements and specifier.name not in BUILTINS
            key = keys[specifier.name, version] = specifier.name if plain else _free_name(specifiers, len(keys))
            wanted.requirements[key] = version if plain else f"npm:{specifier.name}@{version or 'latest'}"
            if not plain:
                wanted.names[key] = specifier.name
        wanted.entries[specifier.text] = key + specifier.path
    return wanted


def _free_name(specifiers: Sequence[Specifier], number: int) -> str:
    """A name under which none of these modules is installed."""
    taken, name = {specifier.name for specifier in specifiers}, f"hookd-{number}"
    while name in taken:
        name = f"hookd-{name}"
    return name


def _without_means(error: OSError) -> ModulesUnavailable:
    """Only the operator can do something: the log has the reason, its caller has none of this machine's paths."""
    _LOG.error("a hook's modules can not be made: %s", error)
    what = "There is no room for them." if error.errno in _FULL else "The log of the server says why."
    return ModulesUnavailable(f"The hook's modules can not be made here. {what}", debug=str(error))
