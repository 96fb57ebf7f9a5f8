"""The table in runtime/guest/node/README.md: how much of what Node's modules export there is in the guest.

Run: python -m tests.guest.coverage
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from pathlib import Path

import orjson

from runtime.model import Answer
from runtime.sandbox.pool import open_sandbox
from runtime.sandbox.program import load_program
from runtime.settings import SandboxSettings
from tests.installed import NODE, engine_code
from tests.sandbox.running import AMPLE

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "runtime" / "guest" / "node" / "README.md"
HEAD = "| module | of Node 20's names | missing |\n| --- | --- | --- |\n"

# Names of each module that `require` gives, and of what it exports as classes; of the globals that Node has.
NAMES = """
const named = (value) => {
  const names = Object.getOwnPropertyNames(value).filter((name) => !['length', 'name', 'prototype', 'arguments', 'caller'].includes(name));
  for (const name of names.slice()) {
    const made = Object.getOwnPropertyDescriptor(value, name).value;
    if (typeof made !== 'function' || !made.prototype || !/^[A-Z]/.test(name)) continue;
    names.push(...Object.getOwnPropertyNames(made.prototype).filter((key) => key[0] !== '_' && key !== 'constructor').map((key) => name + '#' + key));
  }
  return names.filter((name) => name[0] !== '_');
};
const listed = (modules) => Object.fromEntries(modules.map((name) => {
  try {
    return [name, name === 'globals' ? Object.getOwnPropertyNames(globalThis) : named(require(name))];
  } catch {
    return [name, []];
  }
}));
"""
GUEST = NAMES + "module.exports = (modules, cb) => cb(null, listed(modules));"
MODULES = (
    *("assert", "buffer", "constants", "crypto", "events", "http", "https", "os", "path", "process", "punycode"),
    *("querystring", "stream", "stream/promises", "string_decoder", "timers", "timers/promises", "url", "util"),
    *("util/types", "zlib", "globals"),
)


def in_node() -> dict[str, list[str]]:
    """Node's own names."""
    script = NAMES + f"process.stdout.write(JSON.stringify(listed({json.dumps(MODULES)})))"
    done = subprocess.run(
        [NODE, "--no-deprecation", "-e", script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    names: dict[str, list[str]] = json.loads(done.stdout)
    # What only `node -e` has.
    evaluated = {"__filename", "__dirname", "module", "exports", "require"}
    names["globals"] = [name for name in names["globals"] if name not in evaluated]
    return names


async def in_guest() -> dict[str, list[str]]:
    """The guest's."""
    with tempfile.TemporaryDirectory() as cache:
        engine_code(Path(cache))
        sandbox = await open_sandbox(SandboxSettings(cache_directory=cache, threads=1, concurrency=2))
        try:
            program = load_program(await sandbox.make_image(GUEST))
            outcome = (await sandbox.run(program, orjson.dumps([MODULES]), AMPLE)).outcome
        finally:
            await sandbox.close()
    assert isinstance(outcome, Answer), outcome
    names: dict[str, list[str]] = outcome.value  # type: ignore[assignment]
    return names


def table(theirs: dict[str, list[str]], ours: dict[str, list[str]]) -> str:
    """A row for each module: how many of Node's names there are, and which are not."""
    rows = []
    for module in MODULES:
        missing = sorted(set(theirs[module]) - set(ours[module]))
        share = 100 * (len(theirs[module]) - len(missing)) // max(1, len(theirs[module]))
        listed = ", ".join(f"`{name}`" for name in missing) if ours[module] else "the module"
        rows.append(
            f"| `{module}` | {len(theirs[module]) - len(missing)} of {len(theirs[module])} ({share} %) | {listed} |\n"
        )
    return HEAD + "".join(rows)


async def rendered() -> str:
    """The README with the table as it should be."""
    text = README.read_text()
    return text[: text.index(HEAD)] + table(in_node(), await in_guest())


if __name__ == "__main__":
    README.write_text(asyncio.run(rendered()))
