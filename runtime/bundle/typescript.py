"""TypeScript to JavaScript, in the sandbox: the compiler is a program like a hook, so no source can do more than a hook can.

The types are removed, not checked: that is the business of the developer's own `tsc`, with the types of `hookd types`.
What is removed leaves blanks, so that every line keeps its number.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from importlib import resources
from typing import Final

from runtime.model import Answer, Failure, Limits
from runtime.sandbox.base import Program, Run, Sandbox, SourceRejected

LIMITS: Final = Limits(
    cpu_ms=5_000,
    wall_ms=10_000,
    memory_bytes=128 << 20,
    output_bytes=4 << 20,
    console_lines=0,
    console_bytes=0,
    operations=0,
    operation_bytes=0,
)
"""Of one source, which is 100 kB at most."""

# `export default function` is to a module what `module.exports = function` is to a script.
_END: Final = (
    "\n;if (Object(module.exports) === module.exports && typeof module.exports.default === 'function'"
    " && Object.keys(module.exports).length === 1) module.exports = module.exports.default;"
)


class TypeScript:
    """The compiler. One per process; its own image is made when the first source comes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        try:
            self._script = (resources.files("runtime.guest") / "artifact/typescript.js").read_text()
        except FileNotFoundError:
            raise RuntimeError(
                "The TypeScript compiler is not built: run `python runtime/guest/build.py` (or `make guest`)."
            ) from None
        self._opening: asyncio.Task[Program] | None = None
        self.build_id = hashlib.sha256((self._script + _END).encode()).hexdigest()

    async def javascript_of(self, source: str, *, owner: str = "") -> str:
        """What the source is in JavaScript, line by line. `SourceRejected` where it is not TypeScript; `Unavailable`."""
        program = await self._program()
        run = await self._sandbox.run_aside(program, json.dumps([source]).encode(), LIMITS, owner=owner)
        return _code(run) + _END

    async def _program(self) -> Program:
        """Made once, whoever waits for it leaves or not; again when it failed."""
        if self._opening is None or (self._opening.done() and (self._opening.cancelled() or self._opening.exception())):
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> Program:
        return self._sandbox.load(await self._sandbox.make_image(self._script))


def _code(run: Run) -> str:
    """What the compiler said, as far as it is to be believed: a hole in the engine would make it the source's own words."""
    if isinstance(run.outcome, Failure):
        raise SourceRejected(run.outcome.code, f"While its types are removed: {run.outcome.message}")
    said = run.outcome.value if isinstance(run.outcome, Answer) else None
    if isinstance(said, dict):
        javascript, message = said.get("code"), said.get("message")
        if isinstance(javascript, str):
            return javascript
        if isinstance(message, str):
            line, column = (_number(said.get(name)) for name in ("line", "column"))
            code = "source_rejected" if said.get("unsupported") else "syntax_error"
            raise SourceRejected(code, message, line=line, column=column)
    raise SourceRejected("sandbox_crashed", "Its types can not be removed.")


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else 0
