"""Joins modules with esbuild, from npm: obtained when the first hook needs it, as `esbuild/package-lock.json` says to the byte.

`esbuild/bundle.mjs` is what runs, in Node: it reads the modules and runs nothing of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from runtime.bundle.base import (
    Module,
    ModuleBroken,
    ModuleIsNative,
    ModulesTimeout,
    ModulesTooLarge,
    ModulesUnavailable,
)
from runtime.bundle.bundles import Bundle
from runtime.bundle.npm import Npm
from runtime.bundle.process import Ended, Node, TookTooLong, environment, run, scratch
from runtime.errors import InvalidBody
from runtime.places import pack
from runtime.sandbox.base import Modules

_FOLDER: Final = resources.files("runtime.bundle") / "esbuild"
_PACKAGE, _LOCK, _SCRIPT = (
    (_FOLDER / name).read_text("utf-8") for name in ("package.json", "package-lock.json", "bundle.mjs")
)
BUILD_ID: Final = hashlib.sha256(f"{_LOCK}{_SCRIPT}".encode()).hexdigest()
"""Names what a bundle is made with."""
_DISK: Final = 128 << 20
_READ: Final = 64 << 20
_OBTAIN_SECONDS: Final = 120.0
# What Go, which esbuild is written in, and Node say.
_NO_MEMORY: Final = re.compile("stack exceeds|stack overflow|out of memory", re.IGNORECASE)


class Esbuild:
    """One per process. `folder` is where it is kept, between starts too."""

    def __init__(self, node: Node, npm: Npm, environ: Mapping[str, str], folder: Path) -> None:
        self._node = node
        self._npm = npm
        # Its configuration lies where it may not look.
        self._environ = environment(environ, node) | {"OPENSSL_CONF": "/dev/null"}
        self._folder = folder / f"esbuild-{BUILD_ID[:16]}"

    async def join(
        self, entries: Mapping[str, str], lock: str, names: Mapping[str, str], work: Path, *, seconds: float, most: int
    ) -> Bundle:
        """The modules in `work/node_modules`, joined. `entries` says what each name that is required is there.

        `names` says what modules are called that lie under another name.
        """
        main = await self.obtained(work.parent)
        request = json.dumps({"entries": entries, "bytes": _READ, "most": most})
        (work / "request.json").write_text(request, "utf-8")
        (work / "bundle.mjs").write_text(_SCRIPT, "utf-8")
        command: list[str | Path] = [self._node.node, "--max-old-space-size=768", work / "bundle.mjs", main, work]
        try:
            reads = (self._node.node.parents[1], self._folder)
            ended = await run(command, folder=work, environ=self._environ, seconds=seconds, reads=reads)
        except TookTooLong:
            raise ModulesTimeout("To join the hook's modules took too long.") from None
        if ended.code != 0:
            raise _ended(ended)
        answer = await asyncio.to_thread(lambda: json.loads((work / "answer.json").read_text("utf-8")))
        return await asyncio.to_thread(bundle_of, answer, lock, names, most)

    async def obtained(self, parent: Path) -> Path:
        """Where esbuild is, obtained if it is not there yet. `parent` is for what is made meanwhile."""
        main = self._folder / "node_modules/esbuild/lib/main.js"
        if not main.exists():
            async with scratch(parent) as work:
                await self._obtain(work)
                (work / "there").mkdir()
                shutil.move(work / "node_modules", work / "there/node_modules")
                self._folder.parent.mkdir(parents=True, exist_ok=True)
                try:
                    (work / "there").rename(self._folder)
                except OSError:
                    if not main.exists():  # else another process was quicker
                        raise ModulesUnavailable("esbuild can not be kept on this server's disk.") from None
        return main

    async def _obtain(self, work: Path) -> None:
        requirements = json.loads(_PACKAGE)["dependencies"]
        try:
            await self._npm.install(requirements, _LOCK, work, seconds=_OBTAIN_SECONDS, most=_DISK, optional=True)
        except InvalidBody as error:  # it is nothing of the hook's
            raise ModulesUnavailable(
                "esbuild, which joins modules, can not be had from this server's registry.", debug=error.message
            ) from error


def _ended(ended: Ended) -> ModuleBroken | ModulesUnavailable:
    """Why it did not come to an end: a module may be made so that no memory is enough for it."""
    if _NO_MEMORY.search(ended.errors):
        return ModuleBroken("A module can not be joined: it takes more memory than there may be for it.")
    return ModulesUnavailable("The hook's modules could not be joined.", debug=ended.errors[:2000])


def bundle_of(answer: Mapping[str, Any], lock: str, names: Mapping[str, str], most: int) -> Bundle:
    """The bundle of what `bundle.mjs` answered. `ModuleIsNative`, `ModuleBroken`, `ModulesTooLarge`."""
    packages = json.loads(lock)["packages"]
    if answer["native"]:
        folder, why = next(iter(answer["native"].items()))
        raise ModuleIsNative(
            f"The module {_called(folder, packages)} is machine code, which hooks can not have: {why}."
            " Take one in JavaScript, as bcryptjs is for bcrypt."
        )
    if "errors" in answer:
        raise _broken(answer["errors"])
    if "size" in answer:
        raise ModulesTooLarge(
            f"The hook's modules are {answer['size']:,} bytes when they are joined; {most:,} is the most."
        )
    absent = [name for name, folders in answer["missing"].items() if "" in folders]
    if absent:
        raise ModuleBroken(f"The hook requires {_written(absent[0], names)!r}, and the module has no such file.")
    sizes: Counter[str] = Counter()
    for folder, bytes_of in answer["sizes"].items():
        sizes[_package_of(folder, packages)] += bytes_of
    sources = [_renamed(source, names) if "node_modules/" in source else "" for source in answer["sources"]]
    return Bundle(
        script=Modules(
            code=answer["code"], builtins=tuple(sorted(answer["builtins"])), places=pack(sources, answer["places"])
        ),
        modules=tuple(
            Module(
                name=_name(folder, packages),
                version=_version(folder, packages),
                bytes=size,
                builtins=_required(answer["builtins"], folder, packages),
                missing=_required(answer["missing"], folder, packages)
                + _required(answer["optional"], folder, packages),
            )
            for folder, size in sizes.most_common()
        ),
        missing=tuple(sorted(answer["missing"])),
        lock=lock,
    )


def _package_of(folder: str, packages: Mapping[str, Any]) -> str:
    """The one that the lock knows: a module may bring others along, in folders of its own."""
    while folder not in packages:
        folder = folder.rpartition("/")[0]
    return folder


def _required(notes: Mapping[str, Sequence[str]], folder: str, packages: Mapping[str, Any]) -> tuple[str, ...]:
    """What the package in this folder requires, of what was noted."""
    return tuple(
        sorted(name for name, folders in notes.items() if folder in {_package_of(one, packages) for one in folders})
    )


def _broken(errors: Sequence[Mapping[str, Any]]) -> ModuleBroken | ModulesTooLarge:
    first = errors[0]
    if first["text"] == "too large":
        return ModulesTooLarge(f"The files of the hook's modules are more than {_READ:,} bytes.")
    if first["text"] == "too many names":
        return ModulesTooLarge("The hook's modules require more that is not theirs than a hook can have.")
    place = f" ({first['file']}:{first['line']})" if first["file"] else ""
    return ModuleBroken(f"A module can not be joined: {first['text'][:300]}{place}.")


def _renamed(source: str, names: Mapping[str, str]) -> str:
    """Where a file is, with the module's own name in it."""
    first, _, rest = source.removeprefix("node_modules/").partition("/")
    return f"node_modules/{names.get(first, first)}/{rest}"


def _written(path: str, names: Mapping[str, str]) -> str:
    """What a hook requires, with the module's own name in it."""
    key, slash, rest = path.partition("/")
    return f"{names.get(key, key)}{slash}{rest}"


def _name(folder: str, packages: Mapping[str, Any]) -> str:
    name = packages[folder].get("name")
    return name if name and isinstance(name, str) else folder.rpartition("node_modules/")[2]


def _version(folder: str, packages: Mapping[str, Any]) -> str:
    """What a module that another has brought along says of itself is not looked at by a registry: it may be nothing."""
    version = packages[folder].get("version")
    return version if isinstance(version, str) else ""


def _called(folder: str, packages: Mapping[str, Any]) -> str:
    if folder not in packages:
        return repr(folder.rpartition("node_modules/")[2])
    return repr(f"{_name(folder, packages)}@{_version(folder, packages)}")
