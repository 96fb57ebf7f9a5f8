"""Packages that make and check tokens: npm's jsonwebtoken and jose, in the guest as in Node."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import SandboxSettings
from tests.guest.comparing import in_guest, in_node
from tests.guest.keys import pem
from tests.installed import NODE, npm_packages

HERE = Path(__file__).parent / "tokens"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1, concurrency=2))
    yield sandbox
    await sandbox.close()


def bundled(name: str, platform: str) -> str:
    """One script of a file in tokens/ and the packages that it asks for: `use`, the function that it exports."""
    modules = npm_packages(HERE)
    done = subprocess.run(
        [NODE, modules / "esbuild/bin/esbuild", "--bundle", "--format=cjs", f"--platform={platform}", HERE / name],
        env={**os.environ, "NODE_PATH": str(modules), "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return f"const use = (function (module, exports) {{\n{done.stdout}\nreturn module.exports; }})({{ exports: {{}} }}, {{}});"


def used_in_node(script: str, given: dict[str, str] | None) -> Any:
    what = json.dumps({"keys": pem(), "given": given})
    return in_node(f"{script}\n(async () => process.stdout.write(JSON.stringify(await use({what}))))();")


async def used_in_guest(sandbox: WasmSandbox, script: str, given: dict[str, str] | None) -> Any:
    source = f"{script}\nmodule.exports = async (what) => use(what);"
    return await in_guest(sandbox, source, {"keys": pem(), "given": given})


@pytest.mark.parametrize(
    ("name", "platform", "tokens"), [("with_jsonwebtoken.js", "node", 11), ("with_jose.js", "browser", 8)]
)
async def test_tokens_are_exchanged_with_node(sandbox: WasmSandbox, name: str, platform: str, tokens: int):
    """Each algorithm's token is taken on the other side, and what is refused is refused with the same error."""
    script = bundled(name, platform)
    theirs = used_in_node(script, None)
    ours = await used_in_guest(sandbox, script, theirs["made"])
    again = used_in_node(script, ours["made"])

    assert len(ours["made"]) == tokens
    assert ours["read"] == theirs["read"]
    assert again["read"] == theirs["read"]
