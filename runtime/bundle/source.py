"""The images of versions, from their source: JavaScript as it is, anything else as TypeScript; and the modules they require.

What the engine can parse is JavaScript, and is never changed. Where it can not, the source may be a module with `import` and
`export`, or TypeScript; if it is neither, that parser is right about the error which got further.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import inf
from typing import Final

from runtime.bundle.base import EngineMissing, Images, Module, ModulesUnavailable, Resolution
from runtime.bundle.bundler import Bundler
from runtime.bundle.bundles import Bundle, unpack
from runtime.bundle.report import warnings_of
from runtime.bundle.specifiers import required
from runtime.bundle.typescript import TypeScript
from runtime.manifest import make_version, version_id
from runtime.model import WASM, HookVersion
from runtime.sandbox.base import Modules, Sandbox, SourceRejected

_LOG: Final = logging.getLogger("hookd.bundle")
_SYNTAX: Final = "syntax_error"
_RECENT: Final = 16


class SourceImages(Images):
    """One per process. `bundles` reads what was stored with a version; without a bundler no version gets modules."""

    def __init__(
        self,
        sandbox: Sandbox,
        bundler: Bundler | None = None,
        bundles: Callable[[str], Awaitable[bytes | None]] | None = None,
        others: Mapping[str, Sandbox] | None = None,
    ) -> None:
        """`sandbox` is the wasm engine's, which the compiler of TypeScript needs too; `others` are by their engine's name."""
        self._sandboxes = {WASM: sandbox, **(others or {})}
        self._bundler = bundler
        self._bundles = bundles
        # Resolved, and not stored yet.
        self._recent: OrderedDict[str, Bundle] = OrderedDict()
        self._typescript = TypeScript(sandbox)
        self.build_id = hashlib.sha256(f"{sandbox.build_id} {self._typescript.build_id}".encode()).hexdigest()

    async def resolve(self, version: HookVersion, *, owner: str = "") -> Resolution:
        """See `Images.resolve`."""
        if version.engine not in self._sandboxes:
            raise EngineMissing(version.engine)
        if version.modules:
            return Resolution(version=version)
        wanted = required(version.script, version.dependencies)
        if not wanted:
            return Resolution(version=version, warnings=warnings_of(version.dependencies, wanted))
        if self._bundler is None:
            raise ModulesUnavailable("This server has no npm modules.")
        began = time.perf_counter()
        bundle = await self._bundler.bundle(wanted, dict(version.dependencies), owner=owner)
        bundle_id, packed = await asyncio.to_thread(bundle.pack)
        self._recent[bundle_id] = bundle
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        return Resolution(
            version=make_version(
                version.trigger, version.script, version.dependencies, bundle_id, engine=version.engine
            ),
            bundle=packed,
            modules=bundle.modules,
            warnings=warnings_of(version.dependencies, wanted, bundle, is_node=version.engine == "node"),
            ms=(time.perf_counter() - began) * 1000,
        )

    async def image_of(self, version: HookVersion, *, owner: str = "") -> bytes:
        """See `Images.image_of`. Of a version that is not what its id says, nothing is evaluated."""
        image = await self._image_of(version, owner)
        self.made += 1
        return image

    async def _image_of(self, version: HookVersion, owner: str) -> bytes:
        content = version.trigger, version.script, version.dependencies, version.modules, version.engine
        if version_id(*content) != version.id:
            raise SourceRejected("source_rejected", "Its script is not what was deployed: deploy it again.")
        bundle = await self._bundle(version.modules) if version.modules else None
        if version.modules and bundle is None:
            raise SourceRejected("source_rejected", "Its modules are no longer there: deploy it again.")
        modules = bundle.script if bundle else None
        sandbox = self._sandboxes.get(version.engine)
        if sandbox is None:
            raise SourceRejected("source_rejected", EngineMissing(version.engine).message)
        try:
            return await sandbox.make_image(version.script, owner=owner, trigger=version.trigger, modules=modules)
        except SourceRejected as error:
            if error.code != _SYNTAX:
                raise
            as_javascript = error
        try:
            return await self._image_of_typescript(sandbox, version, owner, modules)
        except SourceRejected as as_typescript:
            raise _apt(as_javascript, as_typescript) from None

    async def modules_of(self, version: HookVersion) -> Sequence[Module]:
        """See `Images.modules_of`."""
        bundle = await self._bundle(version.modules) if version.modules else None
        return bundle.modules if bundle else ()

    async def _bundle(self, bundle_id: str) -> Bundle | None:
        recent = self._recent.get(bundle_id)
        if recent is not None or self._bundles is None:
            return recent
        packed = await self._bundles(bundle_id)
        try:
            return None if packed is None else await asyncio.to_thread(unpack, packed, bundle_id)
        except ValueError as error:
            _LOG.error("the modules %s are damaged: %s", bundle_id[:12], error)
            return None

    async def _image_of_typescript(
        self, sandbox: Sandbox, version: HookVersion, owner: str, modules: Modules | None
    ) -> bytes:
        javascript = await self._typescript.javascript_of(version.script, owner=owner)
        try:
            return await sandbox.make_image(javascript, owner=owner, trigger=version.trigger, modules=modules)
        except SourceRejected as error:
            raise _within(version.script, error) from None


def _apt(javascript: SourceRejected, typescript: SourceRejected) -> SourceRejected:
    """Which of two complaints about one source its author should read."""
    if typescript.code != _SYNTAX:
        return typescript  # it was TypeScript, then
    if typescript.message == javascript.message:
        return javascript  # removing types changed nothing
    return typescript if _place(typescript) > _place(javascript) else javascript


def _place(error: SourceRejected) -> tuple[float, float]:
    """How far a parser got. Without a column: to the end."""
    return error.line or inf, error.column or inf


def _within(source: str, error: SourceRejected) -> SourceRejected:
    """An error of the made JavaScript, which has a line more than its source."""
    line = min(error.line, source.count("\n") + 1)
    return SourceRejected(error.code, error.message, line=line, column=error.column, stack=error.stack)
