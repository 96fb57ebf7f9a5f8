"""What errors tell a hook's developer: the place in the source, and nothing of the machine that ran it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.model import Failure
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.pool import WasmSandbox
from tests.sandbox.conftest import RunHook

BROKEN = [
    "null.x;",
    "require('fs');",
    "setTimeout();",
    "JSON.parse('{');",
    "new RegExp('(');",
    "eval('}');",
    "new Function('}')();",
    "(function f() { f(); })();",
    "new ArrayBuffer(1e9);",
    "import('fs');",
    "[1].reduce();",
    "[2, 1].sort(() => { throw new Error('x'); });",
    "structuredClone(1);",
    "Symbol() + '';",
    "Error.captureStackTrace(1);",
    "throw new Error('x', { cause: new Error('y') });",
]
FOREIGN = (str(Path.cwd()), "site-packages", ".py", ".c:", "wasm", "0x", "prelude", "runtime/")


@pytest.mark.parametrize("code", BROKEN)
async def test_no_error_names_a_place_outside_of_the_source(sandbox: WasmSandbox, run_hook: RunHook, code: str):
    """Neither at deploy time nor in a request: no path, no file of the engine's, no address, no line of Python."""
    told = []
    try:
        await sandbox.make_image(code)
    except SourceRejected as rejected:
        told += [rejected.message, rejected.stack]
    for kind in ("", "async "):
        outcome = (
            await run_hook(f"module.exports = {kind}function (client, scope, audience, context, cb) {{ {code} }};")
        ).outcome
        assert isinstance(outcome, Failure)
        told += [outcome.name, outcome.message, outcome.stack]

    assert [text for text in told for word in FOREIGN if word in text] == []
