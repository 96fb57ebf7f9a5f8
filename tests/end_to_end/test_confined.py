"""`hookd serve` after it has given up its rights: all that a hook may need still works, and no thread has them back."""

from __future__ import annotations

import asyncio
import os
import signal
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runtime.confine import kernel
from tests.end_to_end.operators import REQUEST, TRUSTED, token
from tests.end_to_end.processes import Process, call
from tests.network.servers import serving
from tests.node.waiting import children
from tests.registry import open_registry

IN_WASM = """const a = require('a');
module.exports = async (client, scope) => {
  console.log('hello', client.id);
  const answer = await (await fetch('PLACE')).json();
  const refused = await fetch('http://127.0.0.1:1/').catch((error) => error.cause.code);
  return { scope: [String(a.answer(1)), answer.plan, refused] };
};"""
IN_NODE = "module.exports = (client, scope, audience, context, cb) => cb(null, { scope: [process.release.name] });"
CONFIG = f"""
[server]
port = 0
workers = 1
confinement = "CONFINEMENT"
[storage]
master_key = "{b64encode(os.urandom(32)).decode()}"
[node]
enabled = true
processes = 1
{TRUSTED}"""

needs_kernel = pytest.mark.skipif(
    kernel.landlock_version() < 2 or not kernel.has_seccomp(),
    reason="this kernel has no Landlock, or no seccomp filters",
)


def write_config(directory: Path, confinement: str, *reachable: str) -> Path:
    """A file that says so, and what hooks may reach on this machine."""
    file = directory / "config.toml"
    file.write_text(f"{CONFIG.replace('CONFINEMENT', confinement)}[network]\nallow = {list(reachable)}\n")
    return file


def threads(pid: int) -> list[dict[str, str]]:
    """What the kernel says of each thread."""
    texts = [(folder / "status").read_text() for folder in Path(f"/proc/{pid}/task").iterdir()]
    return [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line) for text in texts]


@needs_kernel
async def test_a_confined_service_does_all_its_work(tmp_path: Path, module_cache: Path):
    """Modules from the registry, HTTP through the guard, console, records, SQLite, both engines, an orderly end."""

    async def plan(_: web.Request) -> web.Response:
        return web.json_response({"plan": "gold"})

    async with open_registry() as registry, serving(plan) as site:
        registry.add("a", "1.0.0")
        environ = {
            "HOOKD_SANDBOX_CACHE_DIRECTORY": str(module_cache),
            "HOOKD_BUNDLE_REGISTRY": registry.url,
        }
        file = write_config(tmp_path, "required", site.place)
        await asyncio.to_thread(work, file, environ, IN_WASM.replace("PLACE", site.url()))


def work(file: Path, environ: dict[str, str], script: str) -> None:
    """Everything, over HTTP, while the registry and the site answer."""
    bearer = token(file)
    with Process(["serve", "--config", str(file)], file.parent, environ) as service:

        def deploy(**body: Any) -> Any:
            wanted = {"triggerId": "credentials-exchange", "enabled": True, **body}
            return call("POST", f"{service.url}/api/v2/hooks", json_body=wanted, token=bearer)

        def execute() -> Any:
            url = f"{service.url}/api/v1/triggers/credentials-exchange/execute"
            return call("POST", url, json_body=REQUEST, token=bearer).body["scope"]

        made = deploy(name="in-wasm", script=script, dependencies={"a": "1.0.0"})
        assert (made.status, execute()) == (201, ["42", "gold", "ERR_ACCESS_DENIED"])
        made = deploy(name="in-node", script=IN_NODE, engine="node")
        assert (made.status, execute()) == (201, ["node"])
        (worker,) = children(service._process.pid)
        (builder,) = children(worker)
        (jailer,) = children(builder)
        os.kill(jailer, signal.SIGKILL)
        while "is started again" not in service.log:
            assert service._process.poll() is None
        assert execute() == ["node"]
        logs = call("GET", f"{service.url}/api/v1/logs?limit=5", token=bearer).body["executions"]
        assert [row["hook"] for row in logs] == ["in-node", "in-node", "in-wasm"]
        assert logs[2]["console"][0]["text"] == "hello shop"
        said = threads(worker)
        assert len(said) > 5
        assert {(row["NoNewPrivs"], row["Seccomp"], row["CapPrm"], row["CapEff"]) for row in said} == {
            ("1", "2", "0" * 16, "0" * 16)
        }
        assert "this process has given up privileges, files, system calls" in service.log
        assert service.stop(signal.SIGTERM) == 0
        assert "Traceback" not in service.log


def test_what_is_off_is_not_given_up(tmp_path: Path, engine_cache: Path):
    """For a machine on which it stands in the way."""
    file = write_config(tmp_path, "off")
    environ = {"HOOKD_SANDBOX_CACHE_DIRECTORY": str(engine_cache), "HOOKD_NODE_ENABLED": "false"}
    with Process(["serve", "--config", str(file)], tmp_path, environ) as service:
        (worker,) = children(service._process.pid)
        said = threads(worker)
        own = threads(os.getpid())[0]
        assert {(row["NoNewPrivs"], row["Seccomp"]) for row in said} == {(own["NoNewPrivs"], own["Seccomp"])}
        assert "given up" not in service.log
