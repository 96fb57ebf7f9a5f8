"""Images as the use cases make them, and the shortest way to run a source."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio

from runtime.bundle.bundler import Bundler
from runtime.bundle.source import SourceImages
from runtime.manifest import make_version
from runtime.model import HookVersion, Outcome
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import BundleSettings, LimitSettings, SandboxSettings

TRIGGER = "credentials-exchange"
RunSource: TypeAlias = Callable[..., Awaitable[Outcome]]


@pytest.fixture(scope="session")
def module_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory with esbuild in it, obtained once, from where npm is configured to take it."""
    folder = tmp_path_factory.mktemp("cache")
    asyncio.run(Bundler(BundleSettings(), folder)._esbuild.obtained(folder / "modules"))
    return folder


@pytest.fixture
def esbuild_at(module_cache: Path) -> Path:
    """Where esbuild is."""
    return next((module_cache / "modules").glob("esbuild-*"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """One for all tests of a file: the TypeScript compiler takes longer to make than most sources to translate."""
    async with opened(engine_cache) as sandbox:
        yield sandbox


@asynccontextmanager
async def opened(cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(cache), threads=1))
    yield sandbox
    await sandbox.close()


@pytest.fixture(scope="module")
def images(sandbox: WasmSandbox) -> SourceImages:
    return SourceImages(sandbox)


@pytest.fixture
def run_source(sandbox: WasmSandbox, images: SourceImages) -> RunSource:
    """`run_source(source, *arguments, trigger="credentials-exchange")`: deploy, run once."""

    async def run(source: str, *arguments: Any, trigger: str = "credentials-exchange") -> Outcome:
        program = sandbox.load(await images.image_of(version(source, trigger)))
        return (await sandbox.run(program, json.dumps(arguments).encode(), LimitSettings().limits())).outcome

    return run


def version(source: str, trigger: str = "credentials-exchange") -> HookVersion:
    """A version with this source."""
    return make_version(trigger, source, {})
