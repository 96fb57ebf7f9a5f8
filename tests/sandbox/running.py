"""The shortest ways to run a hook in a test's sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from runtime.model import Answer, Limits
from runtime.sandbox.base import Run
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.program import WasmProgram, load_program
from runtime.settings import LimitSettings

LIMITS = LimitSettings().limits()
# Enough CPU time on any machine, however busy.
AMPLE = replace(LIMITS, cpu_ms=5_000, wall_ms=20_000)
ECHO = "module.exports = function (value, cb) { cb(null, value); };"


async def program_of(sandbox: WasmSandbox, source: str, *, slow: bool = False) -> WasmProgram:
    program = load_program(await sandbox.make_image(source))
    program.slow = program.slow or slow
    return program


async def run(sandbox: WasmSandbox, source: str, *arguments: Any, limits: Limits = AMPLE, slow: bool = False) -> Run:
    program = await program_of(sandbox, source, slow=slow)
    return await sandbox.run(program, orjson.dumps(arguments), limits)


async def answer(sandbox: WasmSandbox, source: str, *arguments: Any, limits: Limits = AMPLE, slow: bool = False) -> Any:
    outcome = (await run(sandbox, source, *arguments, limits=limits, slow=slow)).outcome
    assert isinstance(outcome, Answer), outcome
    return outcome.value
