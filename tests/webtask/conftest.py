"""The vendor's package for webtask extensions, as npm installs it, with files of ours in its tests."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.installed import NODE, npm_packages

HERE = Path(__file__).parent
SECONDS = 60
"""A process that is not done by then is stuck."""


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy: two files of its tests are replaced by ours, which go to hookd instead."""
    folder = tmp_path_factory.mktemp("npm") / "node_modules"
    shutil.copytree(npm_packages(HERE), folder, symlinks=True)
    package = folder / "auth0-ext-compilers"
    tests = package / "test"
    (tests / "nodejsCompiler.js").rename(tests / "originalCompiler.js")
    for file in (HERE / "node").iterdir():
        shutil.copy(file, tests)
    return package


async def node(package: Path, *arguments: str | Path, stdin: Any = None, **environment: str) -> Any:
    """What a program prints, which is JSON."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        *arguments,
        cwd=package,
        env={"PATH": str(NODE.parent), **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, complained = await process.communicate(json.dumps(stdin).encode())
    assert complained == b"", complained.decode()
    return json.loads(printed)
