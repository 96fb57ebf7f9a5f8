"""The references: what of Node can be measured here, and how each process is started."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.bench.servers import SERVER_CORE, Broken, Child, python

NODE_FILES = Path(__file__).parent / "node"
LOCK, INSTALLED = NODE_FILES / "package-lock.json", NODE_FILES / "node_modules" / ".package-lock.json"
REDIS = "Redis"
RUNNERS = ("vm.createContext", "isolated-vm", "quickjs-emscripten", "warm")
PACKAGED = ("isolated-vm", "quickjs-emscripten")
SERVED = ("vm.createContext", "isolated-vm", "warm")
# isolated-vm's own requirement from Node 20 on.
NODE = ("node", "--no-node-snapshot")


def missing() -> dict[str, str]:
    """What can not be measured here -> why. Installs Node's packages first where that has not been done."""
    return {**_missing_of_node(), **({} if shutil.which("redis-server") else {REDIS: "redis-server is not installed"})}


def _missing_of_node() -> dict[str, str]:
    absent = next((tool for tool in ("node", "npm") if not shutil.which(tool)), None)
    if absent:
        names = PACKAGED if absent == "npm" and not INSTALLED.exists() else RUNNERS if absent == "node" else ()
        return dict.fromkeys(names, f"{absent} is not installed")
    trouble = _install()
    if trouble:
        return dict.fromkeys(PACKAGED, trouble)
    return {name: why for name in PACKAGED if (why := _load(name))}


def _install() -> str:
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return ""
    print("installing the Node references (once; isolated-vm may be compiled, a minute)", flush=True)
    command = ("npm", "ci", "--no-fund", "--no-audit", "--loglevel=error")
    done = subprocess.run(command, cwd=NODE_FILES, capture_output=True, text=True, check=False)
    return _last_line("npm ci", done)


def _load(package: str) -> str:
    command = (*NODE, "--eval", f"require({package!r})")
    return _last_line(
        f"require({package!r})", subprocess.run(command, cwd=NODE_FILES, capture_output=True, text=True, check=False)
    )


def _last_line(what: str, done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if "Error" in line or "ERR" in line] or done.stderr.splitlines()
    return f"{what} failed: {errors[0].strip() if errors else done.returncode}"


def version() -> str:
    """Node's version, "" without it."""
    if not shutil.which("node"):
        return ""
    return subprocess.run((*NODE, "--version"), capture_output=True, text=True, check=True).stdout.strip()


def timer(runner: str) -> Child:
    """A process that times a runner in itself."""
    return _ready(Child([*NODE, str(NODE_FILES / "inprocess.js"), runner], core=SERVER_CORE))


def server(runner: str) -> tuple[Child, int]:
    """A Node HTTP server, and its port."""
    return listening(Child([*NODE, str(NODE_FILES / "server.js"), runner], core=SERVER_CORE))


def noop_server() -> tuple[Child, int]:
    """The no-op aiohttp server, and its port."""
    return listening(Child(python("noop_server"), core=SERVER_CORE))


def python_timer(subject: str) -> Child:
    """A process that times hookd's sandbox or a signature."""
    return _ready(Child(python("inprocess", subject), core=SERVER_CORE))


def listening(child: Child) -> tuple[Child, int]:
    """The child and the port in its first line."""
    return child, child.read()["port"]


def _ready(child: Child) -> Child:
    if not child.read()["ready"]:
        raise Broken("a process is not ready")
    return child
