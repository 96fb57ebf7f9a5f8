"""A control group (cgroup v2) for each jailed process: the kernel counts all of its memory and its threads there, and ends it whole.

Runs in the jailer: standard library only. The folder of the groups is the host's to find, see `delegation.py`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runtime.confine import kernel

_MOST_THREADS: Final = 64
# By controller. Where there is no swap there is no file for it.
_ALWAYS: Final = {
    "memory": {"memory.oom.group": "1", "memory.swap.max": "0"},
    "pids": {"pids.max": str(_MOST_THREADS)},
}
_OPTIONAL: Final = "memory.swap.max"


class Group:
    """Of one process. `descriptor` is its folder, `has_memory` whether the kernel counts memory there."""

    def __init__(self, parent: int, name: str, *, has_memory: bool) -> None:
        self._parent, self._name, self._has_memory = parent, name, has_memory
        self.descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=parent)

    def write(self, name: str, value: str) -> None:
        """Into one of its files. `OSError`."""
        _write(name, value, self.descriptor)

    def limit(self, size: int) -> None:
        """No more memory than it has now and so many bytes, whatever the memory is for. `OSError`."""
        if self._has_memory:
            self.write("memory.max", str(int(self._read("memory.current")) + size))

    def is_out_of_memory(self) -> bool:
        """Whether the kernel has ended what was in it for want of memory."""
        if not self._has_memory:
            return False
        events = dict(line.split() for line in self._read("memory.events").splitlines())
        return int(events.get("oom_kill", 0)) > 0

    def kill(self) -> None:
        """End all that is in it, if the kernel can (Linux 5.14)."""
        with contextlib.suppress(OSError):
            self.write("cgroup.kill", "1")

    def remove(self) -> bool:
        """Whether it is gone. It is not as long as anything is in it."""
        with contextlib.suppress(OSError):
            os.rmdir(self._name, dir_fd=self._parent)
            os.close(self.descriptor)
            return True
        return False

    def _read(self, name: str) -> str:
        file = os.open(name, os.O_RDONLY, dir_fd=self.descriptor)
        with os.fdopen(file) as reader:
            return reader.read()


class Groups:
    """In this folder, with these controllers. One that was here before us has left nothing that is needed. `OSError`."""

    def __init__(self, folder: str, controllers: Sequence[str]) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._controllers = controllers
        self._left: list[Group] = [self._group(name) for name in sweep(Path(folder))]
        self._count = 0
        trial = self.make()
        pid = kernel.clone(0, trial.descriptor)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        self.drop(trial)

    def make(self) -> Group:
        """A new one. `OSError`."""
        self._count += 1
        name = f"{os.getpid()}-{self._count}"
        os.mkdir(name, 0o755, dir_fd=self._folder)
        group = self._group(name)
        for controller in self._controllers:
            for file, value in _ALWAYS.get(controller, {}).items():
                with contextlib.suppress(*[FileNotFoundError] if file == _OPTIONAL else []):
                    group.write(file, value)
        return group

    def drop(self, group: Group) -> None:
        """Its process has ended. What the kernel does not let go yet is tried again with the next."""
        self._left = [each for each in [*self._left, group] if not each.remove()]

    def _group(self, name: str) -> Group:
        return Group(self._folder, name, has_memory="memory" in self._controllers)


def sweep(folder: Path) -> list[str]:
    """End and remove the groups in this folder: the names of those that are still there."""
    for place in folder.iterdir():
        if place.is_dir():
            with contextlib.suppress(OSError):
                _write(place / "cgroup.kill", "1")
            with contextlib.suppress(OSError):
                place.rmdir()
    return [place.name for place in folder.iterdir() if place.is_dir()]


def _write(path: str | Path, value: str, folder: int | None = None) -> None:
    file = os.open(path, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(file, value.encode())
    finally:
        os.close(file)
