"""Packaging: a wheel carries the built guest, so that whoever installs it needs no compiler.

Hatchling calls this (`[tool.hatch.build.hooks.custom]`). A source distribution carries the guest too, beside its sources.
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
NEEDED = ("orjson", "wasmtime")
"""What `build.py` imports, of the package's own dependencies."""


class GuestBuildHook(BuildHookInterface[Any]):
    """Builds the guest where it is missing or older than its sources."""

    def dependencies(self) -> list[str]:
        """What to install before: the compiler, but only when there is something to compile."""
        if guest_is_built():
            return []
        core = self.metadata.core
        return [
            "pip",
            *core.optional_dependencies["guest"],
            *(row for row in core.dependencies if row.startswith(NEEDED)),
        ]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Hatchling is about to pack *version*: standard or editable."""
        if not guest_is_built():
            subprocess.run([sys.executable, str(BUILDER)], check=True)


def guest_is_built() -> bool:
    """Whether the artefact fits its sources, as `build.py` sees it."""
    build = _builder()
    try:
        sources = build.source_hashes()
    except PackageNotFoundError:
        # No compiler here, so it is not the compiler's version that is in doubt, but our sources.
        compiler = _recorded_compiler()
        vars(build)["version"] = lambda _name: compiler
        sources = build.source_hashes()
    return bool(build.up_to_date(sources))


def _builder() -> ModuleType:
    spec = spec_from_file_location("guest_build", BUILDER)
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
