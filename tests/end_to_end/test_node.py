"""`hookd serve` with the Node engine: a hook runs in it, and nothing of it is left when the service is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.end_to_end.processes import Process, call
from tests.node.waiting import gone

SECRET = "a-secret-of-thirty-two-characters-or-more"
HOOK = """const { isMainThread } = require('node:worker_threads');
module.exports = (client, scope, audience, context, cb) => cb(null, { scope: [...scope, `${isMainThread}`], 'https://foo.com/os': process.platform });"""
REQUEST = {
    "client": {"id": "shop", "tenant": "acme"},
    "scope": ["read"],
    "audience": "a",
    "context": {"ip": "192.0.2.1"},
}
CONFIG = f"""
[server]
port = 0
[storage]
master_key = "{b64encode(os.urandom(32)).decode()}"
[node]
enabled = true
processes = 2
[[auth.trusted]]
issuer = "urn:operators"
audience = "urn:hookd"
algorithm = "HS256"
secret = "{SECRET}"
"""


def token(file: Path, scope: str) -> str:
    """What `hookd token` mints."""
    command = [
        sys.executable,
        "-m",
        "runtime.cli",
        "token",
        "--config",
        str(file),
        "--tenant",
        "acme",
        "--scope",
        scope,
    ]
    return subprocess.run(
        command, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    ).stdout.strip()


def below(pid: int) -> set[int]:
    """All processes that this one has started, and those that they have."""
    children: dict[int, set[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        children.setdefault(int(words[1]), set()).add(int(folder.name))
    found: set[int] = set()
    wanted = [pid]
    while wanted:
        new = children.get(wanted.pop(), set()) - found
        found |= new
        wanted += new
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["asked to stop", "killed"])
async def test_a_service_with_node(tmp_path: Path, engine_cache: Path, number: signal.Signals):
    """Configured, deployed to and called over HTTP; however it ends, its jailer and all that waits in jail end, too."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    bearer = token(file, "create:hooks execute:hooks")
    environment = {"HOOKD_SANDBOX_CACHE_DIRECTORY": str(engine_cache)}
    with Process(["serve", "--config", str(file)], tmp_path, environment) as service:
        body = {"name": "h", "script": HOOK, "triggerId": "credentials-exchange", "enabled": True, "engine": "node"}
        made = call("POST", f"{service.url}/api/v2/hooks", json_body=body, token=bearer)
        execute = f"{service.url}/api/v1/triggers/credentials-exchange/execute"
        done = [call("POST", execute, json_body=REQUEST, token=bearer) for _ in range(2)]
        running = below(service._process.pid)
        assert " runs hooks behind " in service.log
        code = service.stop(number)

    assert made.status == 201, made.body
    assert [(answer.body["scope"], answer.body["claims"]) for answer in done] == [
        (["read", "true"], {"https://foo.com/os": "linux"})
    ] * 2
    assert len(running) >= 2
    assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    for pid in running:
        await gone(pid)
