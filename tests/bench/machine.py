"""What the figures were measured on, and how busy it was beside them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from tests.bench import references
from tests.bench.servers import CORES, LOAD_CORE, SERVER_CORE

_PACKAGES = ("wasmtime", "aiohttp", "uvloop", "orjson", "cryptography")
_RESTLESS = 0.3


def facts() -> dict[str, str]:
    """One line of text by name."""
    node = references.version()
    return {
        "processor": f"{_processor()}, {len(CORES) or os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "Node": f"{node}, {_node_packages()}" if node else "not installed",
        "cores": _cores(),
        "load before": load(),
    }


def load() -> str:
    """Processes that ran or waited for a core during the last minute, and a warning where the machine is not idle."""
    one_minute = os.getloadavg()[0]
    warning = "; NOT idle: something else was running" if one_minute > _RESTLESS else ""
    return f"{one_minute:.2f}{warning}"


def render(known: Mapping[str, str]) -> str:
    """Text: one fact a line."""
    width = max(map(len, known))
    return "\n".join(f"{name.ljust(width)}  {text}" for name, text in known.items())


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def _node_packages() -> str:
    locked = json.loads(references.LOCK.read_text())["packages"]
    return ", ".join(f"{name} {locked[f'node_modules/{name}']['version']}" for name in references.PACKAGED)


def _cores() -> str:
    if SERVER_CORE is None:
        return "one core for all: servers and load generator share it, so what is measured over HTTP is too low"
    return f"what is measured on core {SERVER_CORE}, load generator on core {LOAD_CORE}"
