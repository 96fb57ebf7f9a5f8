"""Memory that processes share: a file without a name, which one hands on to those that it starts, and locks in it.

Locks are POSIX's: each process has its own, and the kernel takes them from one that is killed. The file must stay open as long as
they are needed; closing it anywhere in the process gives them all back.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 0.02
"""Longest wait for a lock: only one who was stopped with it holds it for longer than microseconds."""

WITHOUT_SECONDS: Final = 1.0
"""How long we do without then, before we try again."""

_GROWING: Final = 1 << 50


def nameless_file(purpose: str) -> int:
    """An open file in memory, where the system has such; not for other programs. `purpose` is for who looks at the process."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(purpose)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def mapped(file: int, start: int, length: int) -> mmap.mmap:
    """A part of the file, which grows as far as that takes; nothing of it is there before it is written."""
    growing = Lock(file, _GROWING)
    growing.wait()
    try:
        if os.fstat(file).st_size < start + length:
            os.ftruncate(file, start + length)
    finally:
        growing.give_back()
    return mmap.mmap(file, length, offset=start)


class Lock:
    """One byte of the file, by its place: for all processes that have it. `clock` is in seconds."""

    def __init__(self, file: int, at: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._at = at
        self._clock = clock
        self._without_until = 0.0

    def wait(self) -> None:
        """Take it, however long that takes."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, self._at)

    def take(self) -> bool:
        """False where somebody has had it for too long."""
        if self._clock() < self._without_until:
            return False
        end = 0.0
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._at)
            except OSError:
                now = time.monotonic()
                end = end or now + PATIENCE_SECONDS
                if now > end:
                    self._without_until = self._clock() + WITHOUT_SECONDS
                    return False
                os.sched_yield()
            else:
                return True

    def is_taken(self) -> bool:
        """Whether another process has it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, self._at)
        except OSError:
            return True
        self.give_back()
        return False

    def give_back(self) -> None:
        """For the next one."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._at)
