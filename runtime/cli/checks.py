"""What `hookd doctor` looks at: the configuration, this machine, and what both say of each other. Nothing is changed by it.

Each check is a line: ✓ it is well, ! look at it, ✗ the service will not do; and what to do.
"""

from __future__ import annotations

import os
import platform
import resource
import stat
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Final

from runtime.cli.address import AddressInUse, taken
from runtime.cli.check import BAD, GOOD, LOOK, Check
from runtime.cli.commands import version
from runtime.cli.dangers import dangers
from runtime.cli.mistakes import configuration_file, mistakes, weak_key
from runtime.cli.profiles import PROFILE, TOKEN, URL
from runtime.cli.stores import look_at_stores
from runtime.cli.trust import look_at_issuer
from runtime.diagnosis import (
    Rehearsed,
    look_at_confinement,
    look_at_master_key,
    look_at_npm,
    look_at_registry,
    look_at_surroundings,
    look_at_walls,
    nearest,
)
from runtime.environment import unread
from runtime.errors import HookdError, SettingsError
from runtime.http.crowd import FILES_EACH
from runtime.master_keys import master_keys
from runtime.model import NODE
from runtime.secret_files import is_open_to_others
from runtime.settings import OFF, REQUIRED, Settings
from runtime.sources import Sources, read_sources

_FILES_BESIDE: Final = 1_000
"""Descriptors that a service needs beside those of its callers and of its hooks' requests: database, processes."""


async def checks(config: Path | None, environ: Mapping[str, str]) -> AsyncIterator[Check]:
    """All of them, one after the other. Without a configuration those that only `hookd serve` needs are no faults."""
    yield _python()
    for check in look_at_variables(environ):
        yield check
    try:
        sources = read_sources(config, environ)
        settings = sources.settings(environ)
    except SettingsError as error:
        yield Check("configuration", BAD, str(error), "Nothing else can be looked at before.")
        return
    is_meant = config is not None or (settings.storage, settings.auth) != (Settings().storage, Settings().auth)
    yield _configuration(sources)
    has_npm = False
    for check in look_at_machine(settings):
        has_npm |= (check.name, check.state) == (_MODULES, GOOD)
        yield check if is_meant or check.name not in _OF_SERVE or check.state != BAD else _for_serve(check)
    yield await _confinement(settings)
    if has_npm:
        yield await _registry(settings, environ)
    yield await _engine(config, environ)
    yield await _node(settings)
    for row in settings.auth.trusted:
        for check in look_at_issuer(row, settings.auth.leeway):
            yield check
    if not settings.auth.trusted:
        none = Check("trusted issuers", BAD, "there are none: nobody could call", "Add an [[auth.trusted]].")
        yield none if is_meant else _for_serve(none)


_MODULES: Final = "npm modules"
_OF_SERVE: Final = ("master key", "storage", "database folder", "port")


def _for_serve(check: Check) -> Check:
    return Check(
        check.name, LOOK, check.found, f"{check.remedy} `hookd serve` needs it; `hookd dev` has its own.".lstrip()
    )


def _configuration(sources: Sources) -> Check:
    if sources.path is None:
        return Check("configuration", GOOD, "no file: defaults and HOOKD_SECTION_NAME variables")
    return configuration_file(sources.path, sources.document())


def _python() -> Check:
    return Check("hookd", GOOD, f"{version()}; Python {platform.python_version()}, {platform.platform()}")


def look_at_variables(environ: Mapping[str, str]) -> Iterator[Check]:
    """Those that nothing reads."""
    for name, near in unread(Settings, environ, (URL, TOKEN, PROFILE)):
        yield Check("variables", LOOK, f"nothing reads {name}", f"Did you mean {near}?" if near else "Unset it.")


def look_at_machine(settings: Settings) -> Iterator[Check]:
    """What the configuration names on this machine."""
    yield weak_key(settings) or _master_key(settings)
    yield from look_at_stores(settings)
    yield _cache(Path(settings.sandbox.cache_directory))
    yield _files(settings)
    yield _port(settings.server.host, settings.server.port)
    yield from mistakes(settings)
    yield from dangers(settings, look_at_surroundings(settings))
    yield _npm()


def _master_key(settings: Settings) -> Check:
    name, file = "master key", settings.storage.master_key_file
    try:
        known = len(master_keys(settings.storage).all)
        look_at_master_key(settings)
    except SettingsError as error:
        return Check(name, BAD, str(error).rstrip("."))
    if not file:
        return Check(name, GOOD, "in the configuration")
    if is_open_to_others(Path(file)):
        return Check(name, BAD, f"others than its owner may use {file}", f"chmod 600 {file}")
    if known > 1:
        return Check(
            name,
            LOOK,
            f"{file} has {known} keys: it is being rotated",
            "Go on with it: hookd keys rotate --config FILE",
        )
    if Path(file).parent.name == ".hookd":
        return Check(
            name, LOOK, f"{file} is that of `hookd dev`", "Make one for production: hookd keys new --file FILE"
        )
    return Check(name, GOOD, file)


def _cache(folder: Path) -> Check:
    name, there = "cache folder", nearest(folder)
    if not os.access(there, os.W_OK):
        return Check(
            name, LOOK, f"{there} can not be written to", "Each start compiles the engine: [sandbox] cache_directory."
        )
    status = there.stat()
    if there == folder and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return Check(
            name,
            LOOK,
            f"others than {_user()} may write to {folder}",
            f"What lies there is not believed: chmod 700 {folder}",
        )
    return Check(name, GOOD, str(folder))


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.geteuid()}"


def _files(settings: Settings) -> Check:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return what_files_do(settings, None if most == resource.RLIM_INFINITY else most)


def what_files_do(settings: Settings, most: int | None) -> Check:
    """Of so many that each process may have open; None for no limit."""
    name, callers = "open files", settings.server.connections
    needed = max(callers * FILES_EACH, callers + settings.network.connections + _FILES_BESIDE)
    if most is None:
        return Check(name, GOOD, "no limit")
    if most >= needed:
        return Check(name, GOOD, f"{most:,} at most")
    taken = most // FILES_EACH
    fewer = f": {taken:,} connections are taken at once, not {callers:,}" if taken < callers else ""
    return Check(
        name,
        LOOK,
        f"{most:,} at most; {needed:,} may be needed{fewer}",
        "Raise it (LimitNOFILE, ulimit -n), or lower [server] connections and [network] connections.",
    )


def _port(host: str, port: int) -> Check:
    try:
        with taken(host, port, ""):
            pass
    except SettingsError as error:
        return Check("port", BAD, str(error).rstrip("."))
    except AddressInUse as error:
        if error.is_refused:
            remedy = (
                "Another [server] port, or the right to a low one: CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities)."
            )
            return Check("port", BAD, f"{host}:{port} is not for {_user()}: {error.reason}", remedy)
        return Check("port", LOOK, f"{host}:{port}: {error.reason}", "Fine if that is hookd; else [server] port.")
    return Check("port", GOOD, f"{host}:{port} is free")


def _npm() -> Check:
    try:
        return Check(_MODULES, GOOD, f"by {look_at_npm()}")
    except HookdError:
        return Check(_MODULES, LOOK, "Node and npm are not there", "For hooks with modules: pip install 'hookd[node]'")


async def _confinement(settings: Settings) -> Check:
    """What a service could give up here, tried by a process that ends at once."""
    name, wanted = "confinement", settings.server.confinement
    if wanted == OFF:
        return Check(name, LOOK, "off: the service keeps all its rights", '[server] confinement = "auto" takes them.')
    try:
        found = await look_at_confinement(settings)
    except SettingsError as error:
        return Check(name, BAD if wanted == REQUIRED else LOOK, str(error).rstrip("."), "It is a bug: report it.")
    return what_can_be_given_up(found, wanted)


def what_can_be_given_up(found: Rehearsed, wanted: str) -> Check:
    """As *wanted*, the setting, sees it."""
    by = {"privileges": "no_new_privs", "files": f"Landlock {found.landlock}", "system calls": "seccomp"}
    up = ", ".join(f"{name} ({by[name.partition(',')[0]]})" for name in found.up) or "nothing"
    if not found.missing:
        return Check("confinement", GOOD, f"{up} can be given up: enough for required; it is {wanted}")
    return Check(
        "confinement",
        BAD if wanted == REQUIRED else LOOK,
        f"{up} can be given up; not {'; '.join(found.missing)}",
        f"All of it takes Linux 5.19 or newer with Landlock and seccomp. {_WITHOUT[wanted == REQUIRED]}",
    )


_WITHOUT: Final = (
    'With confinement = "auto" the service starts with what there is: run it as a user of its own.',
    '"required" does not start without; "auto" does.',
)


async def _registry(settings: Settings, environ: Mapping[str, str]) -> Check:
    name, which = "npm registry", "[bundle] registry" if settings.bundle.registry else "as npm is configured"
    try:
        address, code = await look_at_registry(settings, environ)
    except HookdError as error:
        return Check(name, LOOK, error.message.rstrip("."), "Hooks with npm modules can not be deployed here.")
    return what_answers(address, code, which)


def what_answers(address: str, code: str, which: str) -> Check:
    """Of the registry at this address: npm's code, "" where all is well. *which* says why it is this one."""
    name = "npm registry"
    if not code:
        return Check(name, GOOD, f"{address} answers ({which})")
    if code in ("E401", "E403"):
        return Check(name, LOOK, f"{address} wants a login ({which})", "Put a token for it into .npmrc: npm login.")
    remedy = "See [bundle] registry and npm's proxy. Hooks with new modules can not be deployed till then."
    return Check(name, LOOK, f"{address} does not answer ({code}; {which})", remedy)


async def _engine(config: Path | None, environ: Mapping[str, str]) -> Check:
    """Runs a hook, in a runtime that is thrown away."""
    from runtime.cli.demo import seed_body
    from runtime.cli.local import open_local
    from runtime.triggers import sample

    began = time.perf_counter()
    try:
        async with open_local(config, environ, engine="wasm") as local:
            body = seed_body()
            loaded = await local.load(body)
            executed = await local.run(loaded, sample(str(body["triggerId"])))
    except (SettingsError, HookdError, RuntimeError, OSError) as error:
        return Check("engine", BAD, str(error).rstrip("."))
    took = (time.perf_counter() - began) * 1000
    if executed.fault is not None:
        return Check("engine", BAD, f"a hook broke: {executed.fault.message}", "Look at [limits]; else it is a bug.")
    assert executed.execution is not None
    return Check("engine", GOOD, f"ready in {took:.0f} ms; ran a hook in {executed.execution.duration_ms:.1f} ms")


async def _node(settings: Settings) -> Check:
    name = "Node engine"
    try:
        walls, no_groups = await look_at_walls(settings)
    except SettingsError as error:
        if settings.node.enabled or settings.sandbox.engine == NODE:
            return Check(name, BAD, str(error).rstrip("."))
        return Check(name, GOOD, "off; it could not be jailed here")
    if settings.node.enabled and no_groups:
        return without_groups(no_groups)
    state = "on" if settings.node.enabled else "off; it could be jailed here"
    return Check(name, GOOD, f"{state}: {', '.join(walls)}, seccomp")


def without_groups(why: str) -> Check:
    """A Node engine whose processes nobody counts together."""
    return Check(
        "Node engine",
        LOOK,
        f"on, without control groups: {why}",
        "A hook's memory and processes are limited one by one only. systemd: Delegate=yes, as hookd config --systemd has it.",
    )
