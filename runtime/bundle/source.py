"""The images of versions, from their source: JavaScript as it is, anything else as TypeScript.

What the engine can parse is JavaScript, and is never changed. Where it can not, the source may be a module with `import` and
`export`, or TypeScript; if it is neither, that parser is right about the error which got further.
"""

from __future__ import annotations

import hashlib
from math import inf

from runtime.bundle.base import Images
from runtime.bundle.typescript import TypeScript
from runtime.model import HookVersion
from runtime.sandbox.base import Sandbox, SourceRejected

_SYNTAX = "syntax_error"


class SourceImages(Images):
    """One per process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._typescript = TypeScript(sandbox)
        self.build_id = hashlib.sha256(f"{sandbox.build_id} {self._typescript.build_id}".encode()).hexdigest()

    async def image_of(self, version: HookVersion, *, owner: str = "") -> bytes:
        """See `Images.image_of`."""
        try:
            return await self._sandbox.make_image(version.script, owner=owner, trigger=version.trigger)
        except SourceRejected as error:
            if error.code != _SYNTAX:
                raise
            as_javascript = error
        try:
            return await self._image_of_typescript(version, owner)
        except SourceRejected as as_typescript:
            raise _apt(as_javascript, as_typescript) from None

    async def _image_of_typescript(self, version: HookVersion, owner: str) -> bytes:
        javascript = await self._typescript.javascript_of(version.script, owner=owner)
        try:
            return await self._sandbox.make_image(javascript, owner=owner, trigger=version.trigger)
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
