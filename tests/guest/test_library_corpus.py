"""Node's modules in the guest do what Node 20's own do: the same expressions run in both, line by line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.model import Answer
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.program import load_program
from runtime.settings import SandboxSettings
from tests.installed import NODE
from tests.sandbox.running import AMPLE

CORPUS = Path(__file__).with_name("library_corpus.js")
LIMITS = replace(AMPLE, output_bytes=1 << 20, operations=200)

# What is otherwise than in Node, and why. Everything else is the same.
DIFFERENT = {
    "(() => { const d = new m.StringDecoder('utf16le'); return [d.write(Buffer.from([0x61, 0, 0x3d])), "
    "d.write(Buffer.from([0xd8, 0x4d])), d.end(Buffer.from([0xdc]))]; })()": "a pair that comes in pieces stays a pair",
    "[typeof performance.now(), performance.timeOrigin > 1e12, typeof performance.mark]": "no marks: the clock stands still",
}

EVALUATE = """
const run = async (name, source) => {
  const { inspect } = require('util');
  const shown = (value) => inspect(value, { depth: 9, breakLength: 120, maxArrayLength: 400 });
  const m = name === 'globals' ? undefined : require(name);
  try {
    return shown(await new Function('m', 'require', 'return (' + source + '\\n)')(m, require));
  } catch (error) {
    return 'threw ' + (error instanceof Error ? `${error.name} ${error.code} ${error.message}` : shown(error));
  }
};
"""
GUEST = EVALUATE + "module.exports = (name, source, cb) => { run(name, source).then((text) => cb(null, text), cb); };"
IN_NODE = (
    EVALUATE
    + """
(async () => {
  const lines = [];
  for (const [name, source] of JSON.parse(require('fs').readFileSync(0, 'utf8'))) lines.push(await run(name, source));
  process.stdout.write(JSON.stringify(lines));
})();
"""
)


def cases() -> list[tuple[str, str]]:
    """Module and expression."""
    name, found = "", []
    for line in CORPUS.read_text().splitlines():
        if line.startswith("# "):
            name = line[2:]
        elif line and not line.startswith("//"):
            found.append((name, line))
    return found


CASES = cases()


@pytest.fixture(scope="module")
def in_node() -> dict[tuple[str, str], str]:
    """What Node says to each."""
    done = subprocess.run(
        [NODE, "--no-deprecation", "-e", IN_NODE],
        input=json.dumps(CASES),
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1, concurrency=2))
    yield sandbox
    await sandbox.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", list(dict.fromkeys(name for name, _ in CASES)))
async def test_does_what_node_does(sandbox: WasmSandbox, in_node: dict[tuple[str, str], str], name: str):
    """Each line of the corpus gives in the guest what it gives in Node, what it throws included."""
    program = load_program(await sandbox.make_image(GUEST))
    differ = {}
    for case in (case for case in CASES if case[0] == name):
        outcome = (await sandbox.run(program, orjson.dumps(case), LIMITS)).outcome
        ours = outcome.value if isinstance(outcome, Answer) else outcome
        if ours != in_node[case]:
            differ[case[1]] = (in_node[case], ours)

    assert differ.keys() == {source for source in DIFFERENT if (name, source) in in_node}, differ
