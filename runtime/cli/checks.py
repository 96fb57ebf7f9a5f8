"""What `hookd doctor` looks at: the configuration, this machine, and what both say of each other. Nothing is changed by it.

Each check is a line: ✓ it is well, ! look at it, ✗ the service will not do; and what to do.
"""

from __future__ import annotations

import difflib
import os
import platform
import resource
import socket
import stat
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, fields
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from runtime.bootstrap import load_settings, master_key
from runtime.cli.demo import TOKEN_ISSUER
from runtime.cli.profiles import PROFILE, TOKEN, URL
from runtime.configuration import hints_of
from runtime.diagnosis import look_at_npm, look_at_storage, look_at_walls
from runtime.errors import HookdError, SettingsError
from runtime.model import NODE
from runtime.settings import Settings, TrustedIssuer, trust_fault

GOOD, LOOK, BAD = "good", "look", "bad"
SECONDS: Final = 5.0
"""Longest wait for a server of keys."""

_FILES_BESIDE: Final = 1_000
"""Descriptors that a service needs beside those of its hooks' requests: callers, database, processes."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is (`GOOD`, `LOOK`, `BAD`), what was found, and what to do."""

    name: str
    state: str
    found: str
    remedy: str = ""

    def document(self) -> dict[str, str]:
        """As JSON."""
        return {"check": self.name, "state": self.state, "found": self.found, "remedy": self.remedy}


async def checks(config: Path | None, environ: Mapping[str, str]) -> AsyncIterator[Check]:
    """All of them, one after the other. Without a configuration those that only `hookd serve` needs are no faults."""
    yield _python()
    for check in look_at_variables(environ):
        yield check
    try:
        settings = load_settings(config, environ)
    except SettingsError as error:
        yield Check("configuration", BAD, str(error), "Nothing else can be looked at before.")
        return
    is_meant = config is not None or (settings.storage, settings.auth) != (Settings().storage, Settings().auth)
    yield Check("configuration", GOOD, str(config or "no file: defaults and HOOKD_SECTION_NAME variables"))
    for check in look_at_machine(settings):
        yield check if is_meant or check.name not in _OF_SERVE or check.state != BAD else _for_serve(check)
    yield await _engine(config, environ)
    yield await _node(settings)
    for row in settings.auth.trusted:
        for check in look_at_issuer(row, settings.auth.leeway):
            yield check
    if not settings.auth.trusted:
        none = Check("trusted issuers", BAD, "there are none: nobody could call", "Add an [[auth.trusted]].")
        yield none if is_meant else _for_serve(none)


_OF_SERVE: Final = ("master key", "storage", "port")


def _for_serve(check: Check) -> Check:
    return Check(
        check.name, LOOK, check.found, f"{check.remedy} `hookd serve` needs it; `hookd dev` has its own.".lstrip()
    )


def _python() -> Check:
    from importlib import metadata

    try:
        version = metadata.version("hookd")
    except metadata.PackageNotFoundError:
        version = "not installed, run from its sources,"
    return Check("hookd", GOOD, f"{version} on Python {platform.python_version()}, {platform.platform()}")


def look_at_variables(environ: Mapping[str, str]) -> Iterator[Check]:
    """Those that nothing reads: mostly a slip of the pen."""
    known = {
        f"HOOKD_{section.name}_{item.name}".upper()
        for section in fields(Settings)
        for item in fields(hints_of(Settings)[section.name])
    } | {URL, TOKEN, PROFILE}
    for name in sorted(environ):
        if name.startswith("HOOKD_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            yield Check("variables", LOOK, f"nothing reads {name}", f"Did you mean {near[0]}?" if near else "Unset it.")


def look_at_machine(settings: Settings) -> Iterator[Check]:
    """What the configuration names on this machine."""
    yield _master_key(settings)
    yield _storage(settings)
    yield _cache(Path(settings.sandbox.cache_directory))
    yield _files(settings)
    yield _port(settings.server.host, settings.server.port)
    yield _npm()


def _master_key(settings: Settings) -> Check:
    name, file = "master key", settings.storage.master_key_file
    try:
        master_key(settings.storage)
    except SettingsError as error:
        return Check(name, BAD, str(error).rstrip("."))
    if not file:
        return Check(name, GOOD, "in the configuration")
    if Path(file).stat().st_mode & 0o077:
        return Check(name, BAD, f"others than its owner may use {file}", f"chmod 600 {file}")
    if Path(file).parent.name == ".hookd":
        return Check(
            name, LOOK, f"{file} is that of `hookd dev`", "Make one for production: hookd keys new --file FILE"
        )
    return Check(name, GOOD, file)


def _storage(settings: Settings) -> Check:
    name, url = "storage", settings.storage.url
    try:
        versions = look_at_storage(settings)
    except SettingsError as error:
        return Check(name, BAD, str(error).rstrip("."))
    folder = _nearest(Path(url.removeprefix("sqlite:///")))
    if not os.access(folder, os.W_OK):
        return Check(name, BAD, f"{url}: {folder} can not be written to", f"Let {_user()} write there.")
    if versions is None:
        return Check(name, GOOD, f"{url}, made at the first start")
    has, will = versions
    if has < will:
        return Check(name, LOOK, f"{url} has schema {has}", f"The next start makes {will} of it: keep a copy before.")
    return Check(name, GOOD, f"{url}, schema {has}")


def _cache(folder: Path) -> Check:
    name, nearest = "cache folder", _nearest(folder)
    if not os.access(nearest, os.W_OK):
        return Check(
            name, LOOK, f"{nearest} can not be written to", "Each start compiles the engine: [sandbox] cache_directory."
        )
    status = nearest.stat()
    if nearest == folder and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return Check(
            name,
            LOOK,
            f"others than {_user()} may write to {folder}",
            f"What lies there is not believed: chmod 700 {folder}",
        )
    return Check(name, GOOD, str(folder))


def _nearest(path: Path) -> Path:
    """The folder, or file, that is there: the path or what it will be made in."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.geteuid()}"


def _files(settings: Settings) -> Check:
    name, needed = "open files", settings.network.connections + _FILES_BESIDE
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        return Check(
            name,
            LOOK,
            f"{most:,} at most; {needed:,} may be needed",
            "Raise it (LimitNOFILE, ulimit -n), or lower [network] connections.",
        )
    return Check(name, GOOD, "no limit" if most == resource.RLIM_INFINITY else f"{most:,} at most")


def _port(host: str, port: int) -> Check:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((host, port))
        except OSError as error:
            return Check("port", LOOK, f"{host}:{port}: {error.strerror}", "Fine if that is hookd; else [server] port.")
    return Check("port", GOOD, f"{host}:{port} is free")


def _npm() -> Check:
    try:
        return Check("npm modules", GOOD, f"by {look_at_npm()}")
    except HookdError:
        return Check(
            "npm modules", LOOK, "Node and npm are not there", "For hooks with modules: pip install 'hookd[node]'"
        )


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
        walls = await look_at_walls(settings)
    except SettingsError as error:
        if settings.node.enabled or settings.sandbox.engine == NODE:
            return Check(name, BAD, str(error).rstrip("."))
        return Check(name, GOOD, "off; it could not be jailed here")
    state = "on" if settings.node.enabled else "off; it could be jailed here"
    return Check(name, GOOD, f"{state}: {', '.join(walls)}, seccomp")


# Who is trusted


def look_at_issuer(row: TrustedIssuer, leeway: int) -> Iterator[Check]:
    """Whether its tokens can be verified, and whether only it can make them."""
    name, fault = f"issuer {row.issuer}", trust_fault(row)
    if fault:
        yield Check(name, BAD, fault, "Mend its [[auth.trusted]].")
        return
    if row.issuer == TOKEN_ISSUER:
        yield Check(name, LOOK, "this is the issuer of `hookd dev`", "In production trust your token server alone.")
        return
    if not row.jwks_url:
        distinct = len(set(row.secret))
        if distinct < 10:
            yield Check(
                name,
                LOOK,
                f"its secret has {distinct} different characters",
                "Make one at random: openssl rand -hex 32",
            )
        else:
            yield Check(name, GOOD, f"{row.algorithm}, a shared secret")
        return
    yield from _keys(name, row, leeway)


def _keys(name: str, row: TrustedIssuer, leeway: int) -> Iterator[Check]:
    """Its keys, as they are fetched when the first token comes, and its clock."""
    from runtime.cli.lean import httpx

    try:
        response = httpx.get(row.jwks_url, timeout=SECONDS)
        rows = response.raise_for_status().json()["keys"]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield Check(
            name,
            BAD,
            f"{row.jwks_url}: {error or type(error).__name__}",
            "No token of it can be verified: see to the address.",
        )
        return
    except (ValueError, KeyError, TypeError):
        yield Check(name, BAD, f"{row.jwks_url} answers no JWKS", "See to the address: it ends in jwks.json, mostly.")
        return
    fit = _fitting(rows, row.algorithm)
    if not fit:
        yield Check(
            name, BAD, f"{row.jwks_url} has no key for {row.algorithm}", "Set the algorithm that it signs with."
        )
        return
    is_plain = row.jwks_url.startswith("http:") and httpx.URL(row.jwks_url).host not in (
        "127.0.0.1",
        "localhost",
        "::1",
    )
    if is_plain:
        yield Check(
            name, LOOK, f"its keys come over http: {row.jwks_url}", "Who sits between can make tokens: take https."
        )
    else:
        yield Check(name, GOOD, f"{fit} of {len(rows)} keys are for {row.algorithm}")
    yield from _clock(response.headers.get("date", ""), leeway)


def _fitting(rows: Any, algorithm: str) -> int:
    kind = {"RS256": "RSA", "ES256": "EC"}.get(algorithm, "")
    return sum(isinstance(key, dict) and key.get("kty") == kind for key in rows) if isinstance(rows, list) else 0


def _clock(date: str, leeway: int) -> Iterator[Check]:
    try:
        apart = time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    # Its header has whole seconds, and an answer may be a second on its way.
    if abs(apart) > leeway + 2:
        side = "ahead of" if apart > 0 else "behind"
        yield Check(
            "clock",
            BAD,
            f"this one is {abs(apart):,.0f} s {side} the issuer's",
            "Set it by NTP: tokens are refused otherwise.",
        )
    else:
        yield Check("clock", GOOD, "as the issuer's")
