"""Runs the same JavaScript in Node and in the guest, one statement a line, and says where they differ.

Node is the one that tests/installed.py has, of the version that the guest's library is from.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.model import Answer, Limits
from runtime.sandbox.base import Program
from runtime.sandbox.pool import WasmSandbox
from tests.installed import NODE

LIMITS = Limits(
    cpu_ms=10_000,
    wall_ms=30_000,
    memory_bytes=96 << 20,
    output_bytes=1 << 20,
    console_lines=5_000,
    console_bytes=8 << 20,
    operations=50,
    operation_bytes=65_536,
)

# What a case logs, with `extra` as further names; an error that it throws is a line, too. One line of JSON for all.
_CASES = """
const { inspect } = require('util');
const given = %(given)s;
const cases = [%(cases)s];
async function runAll() {
  const all = [];
  for (const each of cases) {
    const lines = [];
    const log = (...values) => { lines.push(values.map((value) => typeof value === 'string' ? value : inspect(value, { depth: 5 })).join(' ')); };
    try { await each(log, require('crypto'), given, require); } catch (error) { log(`threw ${error.name}: ${error.message}`); }
    all.push(lines);
  }
  return all;
}
"""
_IN_NODE = "runAll().then((all) => { process.stdout.write(JSON.stringify(all)); });"
_IN_GUEST = "module.exports = async () => runAll();"


def cases_of(file: Path) -> list[str]:
    """The lines of a corpus, without its comments."""
    return [line for line in file.read_text().splitlines() if line and not line.startswith("//")]


def _script(cases: list[str], given: Mapping[str, Any], before: str) -> str:
    functions = ",\n".join(f"async (log, crypto, keys, require) => {{ {before}\n{case}\n}}" for case in cases)
    return _CASES % {"given": json.dumps(given), "cases": functions}


def in_node(script: str) -> Any:
    """What a script writes as JSON."""
    done = subprocess.run(
        [str(NODE), "--no-warnings", "--no-deprecation", "-"], input=script, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def in_guest(sandbox: WasmSandbox, source: str, *arguments: Any, limits: Limits = LIMITS) -> Any:
    """What a hook answers."""
    return await answered(sandbox, sandbox.load(await sandbox.make_image(source)), *arguments, limits=limits)


async def answered(sandbox: WasmSandbox, program: Program, *arguments: Any, limits: Limits = LIMITS) -> Any:
    """Likewise, of one that is loaded."""
    run = await sandbox.run(program, json.dumps(arguments).encode(), limits)
    assert isinstance(run.outcome, Answer), run.outcome
    return run.outcome.value


async def differences(
    sandbox: WasmSandbox, cases: list[str], given: Mapping[str, Any], *, before: str = ""
) -> dict[str, tuple[list[str], list[str]]]:
    """Case to (Node's lines, the guest's)."""
    script = _script(cases, given, before)
    theirs, ours = in_node(script + _IN_NODE), await in_guest(sandbox, script + _IN_GUEST)
    pairs = zip(cases, theirs, ours, strict=True)
    return {case: _first(their, our) for case, their, our in pairs if their != our}


def _first(theirs: list[str], ours: list[str]) -> tuple[list[str], list[str]]:
    """Both from the first line on that differs."""
    same = 0
    while same < min(len(theirs), len(ours)) and theirs[same] == ours[same]:
        same += 1
    return theirs[same : same + 2], ours[same : same + 2]
