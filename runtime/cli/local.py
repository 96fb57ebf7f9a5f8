"""The runtime on this machine, for hooks that are on no server: opened on a storage that is thrown away.

Everything else is the server's: the same engine, bundles, triggers, claims and limits, by the same code (`Dispatch.test`). The
configuration is that of `hookd serve`, from `--config` and `HOOKD_SECTION_NAME` variables, so limits and network rules can be
those of the server that the hook is for. Compiled code and npm modules are kept in this user's cache folder.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from runtime.bootstrap import Runtime, open_runtime
from runtime.bundle.base import Module
from runtime.cli.project import Project
from runtime.dispatch import Executed
from runtime.errors import InvalidBody, SettingsError
from runtime.manifest import parse_new_hook
from runtime.master_keys import new_master_key
from runtime.model import NODE, WASM, Hook, HookVersion, JsonObject, Secrets
from runtime.settings import Settings
from runtime.sources import load_settings

_ABOUT_MODULES: Final = " See what the script requires, and [dependencies] in hookd.toml."
_USUAL_CACHE: Final = Settings().sandbox.cache_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A hook that can be run. `warning` says what is amiss, `modules` are the npm modules that were found for it."""

    hook: Hook
    version: HookVersion
    warning: str
    modules: Sequence[Module]


class Local:
    """Runs hooks, each in a tenant of its own: none sees what another one cached, or is called like another one."""

    def __init__(self, runtime: Runtime, engine: str) -> None:
        self.runtime = runtime
        self._engine = engine
        self._loaded = 0

    async def load(self, body: Mapping[str, Any], secrets: Secrets | None = None, *, enabled: bool = False) -> Loaded:
        """A hook from what the Management API takes. `SettingsError`, `Unavailable`: of its modules too.

        One whose source does not load is loaded nevertheless: to run it says what is wrong. Not so where it is enabled.
        """
        try:
            return await self._load(body, secrets or Secrets(), enabled=enabled)
        except InvalidBody as fault:
            advice = _ABOUT_MODULES if fault.code.startswith("module") else ""
            raise SettingsError(f"{fault.message.removeprefix('Payload validation error: ')}{advice}") from None

    async def _load(self, body: Mapping[str, Any], secrets: Secrets, *, enabled: bool) -> Loaded:
        self._loaded += 1
        tenant, admin = f"local-{self._loaded}", self.runtime.admin
        new = replace(parse_new_hook({"engine": self._engine, **body}), enabled=enabled, secrets=secrets)
        written = await admin.add(tenant, new)
        version = await admin.resolve(tenant, written.hook.version)
        modules = await admin.modules_of(version)
        return Loaded(hook=written.hook, version=version, warning=written.warning, modules=modules)

    async def run(self, loaded: Loaded, request: JsonObject, secrets: Secrets | None = None) -> Executed:
        """What a token server would be answered, as the server's test run says it. `SettingsError` for a wrong request."""
        with _of_the_request():
            return await self.runtime.dispatch.test(loaded.hook, loaded.version, request, secrets=secrets)

    async def execute(self, loaded: Loaded, request: JsonObject) -> Executed:
        """The same on the way that token requests take: of a hook that was loaded enabled. `SettingsError`, `Unavailable`."""
        with _of_the_request():
            return await self.runtime.dispatch.execute(loaded.hook.tenant, loaded.hook.trigger, request)


@contextmanager
def _of_the_request() -> Iterator[None]:
    try:
        yield
    except InvalidBody as fault:
        raise SettingsError(f"In the request: {fault.message}") from None


@asynccontextmanager
async def open_local(config: Path | None, environ: Mapping[str, str], *, engine: str = "") -> AsyncIterator[Local]:
    """The runtime, as long as the block runs. `engine` may be "": as configured. `SettingsError`, `HookdError`."""
    settings = load_settings(config, environ)
    engine = engine or settings.sandbox.engine
    with quiet_log(), tempfile.TemporaryDirectory(prefix="hookd-", ignore_cleanup_errors=True) as folder:
        async with open_runtime(_thrown_away(settings, Path(folder), engine, environ)) as runtime:
            yield Local(runtime, engine)


@contextmanager
def quiet_log() -> Iterator[None]:
    """Without what a server's operator should know: whoever is at the command line reads the answer itself."""
    log = logging.getLogger("hookd")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def engine_of(projects: list[Project], asked: str) -> str:
    """The engine that has to be there for all of them: Node runs beside wasm, so one that wants it decides."""
    return asked or (NODE if any(project.engine == NODE for project in projects) else "")


def _thrown_away(settings: Settings, folder: Path, engine: str, environ: Mapping[str, str]) -> Settings:
    cache = settings.sandbox.cache_directory
    if cache == _USUAL_CACHE:
        cache = str(cache_folder(environ, folder))
    return replace(
        settings,
        storage=replace(
            settings.storage, url=f"sqlite:///{folder / 'hookd.db'}", master_key=new_master_key(), master_key_file=""
        ),
        sandbox=replace(settings.sandbox, engine=WASM, cache_directory=cache),
        node=replace(settings.node, enabled=engine == NODE, processes=1),
        log=replace(settings.log, requests=False),
    )


def cache_folder(environ: Mapping[str, str], otherwise: Path) -> Path:
    """This user's folder for what can be made again; *otherwise* where there is none that can be written to."""
    home = Path(environ.get("HOME") or Path.home())
    usual = home / "Library/Caches" if sys.platform == "darwin" else home / ".cache"
    folder = Path(environ.get("XDG_CACHE_HOME") or usual) / "hookd"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return otherwise
    return folder if os.access(folder, os.W_OK) else otherwise
