"""Guests for tests: a folder as the build leaves it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from runtime.sandbox import artefact


def write_manifest(folder: Path, *, sources: dict[str, str] | None = None, **places: Any) -> None:
    """Of what is in the folder now, as if it was built from the host as it is, and these sources."""
    made = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir() if file.is_file()}
    made.pop("manifest.json", None)
    (folder / "manifest.json").write_text(
        json.dumps({"sources": {**artefact._HERE, **(sources or {})}, "artefacts": made, **places})
    )
