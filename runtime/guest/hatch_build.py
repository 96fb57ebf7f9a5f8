"""Packaging: a wheel carries the built guest and the built dashboard, so that whoever installs it needs no compiler and no Node.

Hatchling calls this (`[tool.hatch.build.hooks.custom]`). A source distribution carries both too, beside their sources.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILDER = Path(__file__).resolve().parent / "build.py"
DASHBOARD_BUILDER = BUILDER.parents[1] / "dashboard" / "build.py"
NEEDED = ("orjson", "wasmtime")
"""What `build.py` imports, of the package's own dependencies."""


class GuestBuildHook(BuildHookInterface[Any]):
    """Builds the guest and the dashboard where they are missing or older than their sources."""

    def dependencies(self) -> list[str]:
        """What to install before: the compiler, and Node, but only when there is something to build."""
        core = self.metadata.core
        needed = [] if dashboard_is_built() else list(core.optional_dependencies["node"])
        if guest_is_built():
            return needed
        return [
            "pip",
            *core.optional_dependencies["guest"],
            *(row for row in core.dependencies if row.startswith(NEEDED)),
        ]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hatchling is about to pack *version*: standard or editable."""
        if not guest_is_built():
            subprocess.run([sys.executable, str(BUILDER)], check=True)
        if not dashboard_is_built():
            subprocess.run([sys.executable, str(DASHBOARD_BUILDER)], check=True)
        # What `hookd init --template` begins with; who has the sources has them in hooks/.
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"]["hooks"] = "runtime/templates"


def dashboard_is_built() -> bool:
    """Whether the artefact fits its sources, as its `build.py` sees it."""
    build = _builder(DASHBOARD_BUILDER)
    return bool(build.up_to_date(build.source_hashes()))


def guest_is_built() -> bool:
    """Whether the artefact fits its sources, as `build.py` sees it."""
    build = _builder(BUILDER)
    try:
        sources = build.source_hashes()
    except PackageNotFoundError:
        # No compiler here, so it is not the compiler's version that is in doubt, but our sources.
        compiler = _recorded_compiler()
        vars(build)["version"] = lambda _name: compiler
        sources = build.source_hashes()
    return bool(build.up_to_date(sources))


def _builder(file: Path) -> ModuleType:
    spec = spec_from_file_location(f"{file.parent.name}_build", file)
    assert spec is not None
    assert spec.loader is not None
    build = module_from_spec(spec)
    spec.loader.exec_module(build)
    return build


def _recorded_compiler() -> str:
    try:
        manifest = json.loads((BUILDER.parent / "artifact" / "manifest.json").read_text())
        return str(manifest["sources"]["ziglang"])
    except (OSError, ValueError, KeyError):
        return ""
