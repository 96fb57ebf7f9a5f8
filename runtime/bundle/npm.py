"""Finds and fetches modules with npm: first the lock, which is looked at, then exactly what it says. No script of a module runs.

That is why npm runs twice for modules that nobody had before: in one run it would have fetched what is refused, and too many of
them, before anybody could look. For a lock that is kept it runs once, for modules that are kept it does not run.

Only a registry is asked: what lies in a repository, at a URL or in a file is refused, wherever in the tree it is named. What
npm could be led to ask before the lock can be looked at, it is kept from: git is not found, and hosts that are no registry's
lie behind a proxy that does not exist (unless the operator has a proxy, whose matter it is then).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from runtime.bundle.base import (
    ModuleNotFound,
    ModuleRefused,
    ModulesTimeout,
    ModulesTooLarge,
    ModulesUnavailable,
    ModuleVersionNotFound,
    RegistryUnreachable,
)
from runtime.bundle.process import Ended, Node, TookTooLong, TookTooMuch, environment, run
from runtime.bundle.trees import size_of
from runtime.errors import HookdError

_NOWHERE: Final = "http://127.0.0.1:1"
_FLAGS: Final = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-bin-links",
    "--no-update-notifier",
    "--omit=dev",
    "--json",
    "--loglevel=error",
    "--logs-max=0",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=2000",
    "--workspaces=false",
    "--package-lock=true",
    "--git=/nonexistent",
    # So a lock is the same whichever mirror it came from; and what has an address in it is not from a registry.
    "--omit-lockfile-registry-resolved",
)
_HEAP: Final = "--max-old-space-size=768"
_NOT_FROM: Final = "A module is not from the registry"
_REFUSED: Final = {
    "EINTEGRITY": "A module has another content than the registry says (integrity)",
    "ERESOLVE": "The modules do not go together",
    "TAR_BAD_ARCHIVE": "A module's archive can not be read",
    "Z_DATA_ERROR": "A module's archive can not be read",
    **dict.fromkeys(("ENOGIT", "EUNSUPPORTEDPROTOCOL", "EINVALIDPACKAGENAME", "EINVALIDTAGNAME", "ENOENT"), _NOT_FROM),
}
# Nothing of it is gone over twice, however long a name is: the registry says what stands there.
_NAMED: Final = re.compile(r"(?<![\w.~-])((?:@[\w.~-]+/)?[\w.~-]+)@([^'\"\s]*)")
_ADDRESS: Final = re.compile(r"GET https?://[^/\s]+/(@[^/\s]+/[^/\s]+|[^/\s]+)")
_INTEGRITY: Final = re.compile(r"sha(?:1|256|384|512)-[A-Za-z0-9+/]+=*(?:\s|$)")
_OF_MODULE: Final = re.compile(r"node_modules/.+")
_ROW_BYTES: Final = 8_192
"""Of a lock for each module: a row has what the registry says of one, and some hundred bytes mostly."""
_SHOWN: Final = 200
_TEXT: Final = 4_096


class Npm:
    """npm as the operator has configured it. One call at a time in one folder."""

    def __init__(self, node: Node, environ: Mapping[str, str], *, registry: str, cache: Path) -> None:
        self._node = node
        self._environ = environment(environ, node)
        self._registry = registry
        self._cache = cache
        self._config: dict[str, Any] | None = None

    async def lock(self, requirements: Mapping[str, str], folder: Path, *, seconds: float, packages: int) -> str:
        """What npm would install for these, as the text of a lock file. Fetches no module."""
        write_package(folder, requirements)
        await self._npm(["install", "--package-lock-only", "--omit=optional"], folder, seconds)
        file, most = folder / "package-lock.json", (packages + 1) * _ROW_BYTES
        if file.stat().st_size > most:
            raise ModulesTooLarge(f"What the registry says of the hook's modules is more than {most:,} bytes.")
        text = file.read_text("utf-8")
        check_lock(json.loads(text), packages=packages)
        return text

    async def install(
        self,
        requirements: Mapping[str, str],
        lock: str,
        folder: Path,
        *,
        seconds: float,
        most: int,
        optional: bool = False,
    ) -> None:
        """`node_modules` in the folder with what the lock says, at most so many bytes. What is optional is left out."""
        write_package(folder, requirements)
        (folder / "package-lock.json").write_text(lock, "utf-8")
        await self._npm(["ci", *([] if optional else ["--omit=optional"])], folder, seconds, most=most)

    async def ping(self, folder: Path, *, seconds: float) -> tuple[str, str]:
        """Ask the registry whether it is there: its address, and npm's code for why not, "" where it answers. `HookdError`."""
        config = await self._configuration(folder, seconds)
        address = self._registry or str(config.get("registry"))
        flags = ("--json", "--loglevel=silent", "--logs-max=0", "--no-update-notifier", f"--cache={self._cache}")
        once = ("--fetch-retries=0", "--fetch-timeout=5000", f"--registry={address}")
        ended = await self._run(["ping", *flags, *once], folder, seconds, 1 << 30)
        code = "" if ended.code == 0 else _code_of(ended)
        parts = urlsplit(address)
        # What has no such route is there, too. And an address may have a password in it.
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), code if code != "E404" else ""

    async def _npm(self, arguments: list[str], folder: Path, seconds: float, *, most: int = 256 << 20) -> None:
        config = await self._configuration(folder, seconds)
        ended = await self._run([*arguments, *_FLAGS, *self._where(config)], folder, seconds, most)
        if ended.code != 0:
            raise failure(ended)

    def _where(self, config: Mapping[str, Any]) -> Iterator[str]:
        yield f"--cache={self._cache}"
        if self._registry:
            yield f"--registry={self._registry}"
        if not (config.get("proxy") or config.get("https-proxy")):
            hosts = {urlsplit(address).hostname or "" for address in self._registries(config)}
            yield from (f"--proxy={_NOWHERE}", f"--https-proxy={_NOWHERE}", f"--noproxy={','.join(sorted(hosts))}")

    def _registries(self, config: Mapping[str, Any]) -> Iterator[str]:
        yield self._registry or str(config.get("registry"))
        yield from (str(value) for name, value in config.items() if name.startswith("@") and name.endswith(":registry"))

    async def _configuration(self, folder: Path, seconds: float) -> dict[str, Any]:
        """What the operator's npm configuration says, asked once."""
        if self._config is None:
            ended = await self._run(["config", "list", "--json"], folder, seconds, 1 << 30)
            try:
                self._config = json.loads(ended.output)
            except ValueError:
                raise ModulesUnavailable("npm does not work on this server.", debug=ended.errors[:2000]) from None
        assert self._config is not None
        return self._config

    async def _run(self, arguments: list[str], folder: Path, seconds: float, most: int) -> Ended:
        try:
            return await run(
                [self._node.node, _HEAP, self._node.npm, *arguments],
                folder=folder,
                environ=self._environ,
                seconds=seconds,
                is_too_much=lambda: size_of(folder, most) > most,
            )
        except TookTooLong:
            raise ModulesTimeout("To obtain the hook's modules took too long.") from None
        except TookTooMuch:
            raise ModulesTooLarge(f"The hook's modules are more than {most:,} bytes on disk.") from None


def write_package(folder: Path, requirements: Mapping[str, str]) -> None:
    """The package.json of a hook."""
    package = {"name": "hook", "version": "0.0.0", "private": True, "dependencies": dict(requirements)}
    (folder / "package.json").write_text(json.dumps(package), "utf-8")


def check_lock(lock: Mapping[str, Any], *, packages: int) -> None:
    """`ModuleRefused` for what is no registry's, `ModulesTooLarge` for too many."""
    rows = {path: row for path, row in lock.get("packages", {}).items() if path and not row.get("optional")}
    if len(rows) > packages:
        raise ModulesTooLarge(
            f"The hook's modules are {len(rows)} with all that they depend on; {packages} is the most."
        )
    for path, row in rows.items():
        name = path.rpartition("node_modules/")[2][:_SHOWN]
        if row.get("link") or row.get("resolved") or not _OF_MODULE.fullmatch(path):
            raise ModuleRefused(f"The module {name!r} is not from the registry, but from another place.")
        if not row.get("inBundle") and not _INTEGRITY.match(row.get("integrity") or ""):
            raise ModuleRefused(f"The registry does not say which content the module {name!r} has (integrity).")


def _code_of(ended: Ended) -> str:
    try:
        return str(json.loads(ended.output)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return f"npm ended with {ended.code}"


def failure(ended: Ended) -> HookdError:
    """What npm said, in our words."""
    try:
        error = json.loads(ended.output)["error"]
        code, text = str(error["code"]), f"{error.get('summary') or ''} {error.get('detail') or ''}"
    except (ValueError, KeyError, TypeError):
        return ModulesUnavailable("npm failed on this server.", debug=f"{ended.output[:500]} {ended.errors[:1500]}")
    named = _NAMED.search(text)
    module = f"{named[1]}@{named[2]}".rstrip("@.") if named else ""
    return _meaning(code[:_SHOWN], module[:_SHOWN], text.strip()[:_TEXT])


def _meaning(code: str, module: str, text: str) -> HookdError:
    if code == "E404":
        return ModuleNotFound(f"The registry has no module {module or _of_address(text)!r}.")
    if code in ("ETARGET", "ENOVERSIONS"):
        return ModuleVersionNotFound(f"The registry has no version {module!r}.")
    if code in _REFUSED:
        return ModuleRefused(f"{_REFUSED[code]}: {_short(text)}")
    if _NOWHERE.removeprefix("http://") in text:
        return ModuleRefused("A module depends on one that is not from the registry.", debug=text)
    return RegistryUnreachable(f"The npm registry does not answer as it should ({code}). Try again.", debug=text)


def _of_address(text: str) -> str:
    found = _ADDRESS.search(text.replace("%2f", "/").replace("%2F", "/").replace("%40", "@"))
    return found[1][:_SHOWN] if found else ""


def _short(text: str) -> str:
    # The first line: what follows are paths of this machine.
    return re.sub(r"/\S+/", "", text.partition("\n")[0])[:300]
