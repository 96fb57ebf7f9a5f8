"""A sandbox of the test's own, and the shortest ways to run a hook in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from runtime.model import Limits
from runtime.sandbox.base import Run
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import LimitSettings, SandboxSettings

LIMITS = LimitSettings().limits()

RunHook: TypeAlias = Callable[..., Awaitable[Run]]


@pytest.fixture
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """The wasm engine as a service opens it."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), concurrency=8, threads=2))
    yield sandbox
    await sandbox.close()


@pytest.fixture
def run_hook(sandbox: WasmSandbox) -> RunHook:
    """`run_hook(source, *arguments, limits=LIMITS)`: deploy, run once."""

    async def run(source: str, *arguments: Any, limits: Limits = LIMITS) -> Run:
        program = sandbox.load(await sandbox.make_image(source))
        return await sandbox.run(program, json.dumps(arguments).encode(), limits)

    return run
