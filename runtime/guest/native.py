"""Builds `artifact/calls-*`: runtime/sandbox/calls.c, for every system that hookd runs on, wherever it is built.

The source uses no libc, so a library fits any distribution; zig has no need of the other systems' own compilers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "sandbox" / "calls.c"
# As runtime/sandbox/calls.py names them, and as zig does.
TARGETS = {
    "calls-linux-x86_64": "x86_64-linux",
    "calls-linux-aarch64": "aarch64-linux",
    "calls-darwin-x86_64": "x86_64-macos",
    "calls-darwin-aarch64": "aarch64-macos",
}
COMPILE = ("-O2", "-shared", "-fPIC", "-nostdlib", "-fno-sanitize=undefined", "-fno-stack-protector")
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wl,--strip-all")


def source_hashes() -> dict[str, str]:
    """What the artefacts depend on."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (SOURCE, Path(__file__))}


def build(zig: Callable[..., None], folder: Path) -> None:
    """All of them, into this folder."""
    for name, target in TARGETS.items():
        named = (
            (f"-Wl,-install_name,{name}",) if target.endswith("macos") else ()
        )  # or it is called as it lies on this disk
        # A new file, never new bytes in the old one: a service that runs has it in its memory.
        (folder / name).unlink(missing_ok=True)
        zig("cc", "-target", target, *COMPILE, *WARNINGS, *named, str(SOURCE), "-o", str(folder / name))
