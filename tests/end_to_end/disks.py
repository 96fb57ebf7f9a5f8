"""A disk that is full when a test says so: a small one where the kernel lets us mount one, else a limit of the files on a large one."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.node.waiting import children

_BYTES = 8 << 20
_MOUNT = f'mount -t tmpfs -o size={_BYTES},mode=700 none "$0" && exec "$@"'


class Disk:
    """At a folder. `within` is what a process is started by to see it; others reach its files by `files`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        users = [] if os.geteuid() == 0 else ["--map-root-user"]
        within = ["unshare", "--mount", *users, "sh", "-c", _MOUNT, str(folder)]
        tried = subprocess.run([*within, "true"], capture_output=True, timeout=60, check=False)
        self.within: Sequence[str] = [] if tried.returncode else within

    def files(self, pid: int) -> Path:
        """The folder, as this process has it."""
        return Path(f"/proc/{pid}/root{self._folder}")

    def fill(self, pid: int) -> None:
        """There is no room any more for this process and those that it started, or will start."""
        if not self.within:
            largest = max(file.stat().st_size for file in self._folder.rglob("*"))
            self._limit(pid, largest)
            return
        with (self.files(pid) / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(bytes(4096)):
                pass

    def free(self, pid: int) -> None:
        """There is room again."""
        if self.within:
            (self.files(pid) / "ballast").unlink()
        else:
            self._limit(pid, -1)

    def _limit(self, pid: int, most: int) -> None:
        for each in (pid, *children(pid)):
            _, hard = resource.prlimit(each, resource.RLIMIT_FSIZE)
            resource.prlimit(each, resource.RLIMIT_FSIZE, (hard if most < 0 else most, hard))
