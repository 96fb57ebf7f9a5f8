"""Numbers that all processes of a machine see at once: a file beside the database, mapped into each.

Reading one costs what reading memory costs. Nothing here is the truth: whoever sees a number move asks the database. Times
are of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError

ALIVE_SECONDS: Final = 3.0
"""A process whose last heartbeat is older is gone."""

SLOTS: Final = 256
"""Processes that one file has room for."""

_WORD: Final = 8
# One cache line for the numbers of all, and one for each process.
_LINE: Final = 8
CHANGES: Final = 0
"""Place among the `numbers`."""

_STORED: Final = 1
_BEAT, _WAITING, _LISTENERS, _OWNER = range(4)
_ABANDONED: Final = -1
_BYTES: Final = _WORD * _LINE * (1 + SLOTS)


class Board:
    """This process's view of the file. `SettingsError` when it can not be made, or when too many processes are there."""

    _file: int
    _memory: mmap.mmap
    _longs: memoryview[int]
    _doubles: memoryview[float]
    _mine: int

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_closed = False
        # Who this is: a process that was stopped for long may find another one in its place.
        self._token = secrets.randbits(62) + 1
        self._since, self._listeners = 0.0, 0
        self._swapping = threading.Lock()
        self._join()

    @property
    def numbers(self) -> memoryview:
        """At `CHANGES` another number after each change of a hook. Of no use after `close`, and after a `beat` that says so."""
        return self._longs

    @property
    def changes(self) -> int:
        """That number."""
        return self._longs[CHANGES]

    @property
    def stored(self) -> int:
        """Another number after executions were stored."""
        return self._longs[_STORED]

    def committed(self, changes: int, stored: int) -> None:
        """Tell all what the database has now."""
        with self._swapping:
            if self._longs[CHANGES] != changes or self._longs[_STORED] != stored:
                # Two at once: who comes last may have read first.
                with self._locked():
                    self._longs[CHANGES] = max(changes, self._longs[CHANGES])
                    self._longs[_STORED] = max(stored, self._longs[_STORED])

    def begin(self, newest: Callable[[], tuple[int, int]]) -> None:
        """Tell what the database has: less than the file says, if a backup took the database's place. `newest` reads it."""
        with self._locked():
            self._longs[CHANGES], self._longs[_STORED] = newest()

    def beat(self) -> bool:
        """Tell the others that this process lives. True: they had taken it for dead, and `numbers` are others now.

        `SettingsError` as for a new one.
        """
        is_lost = self._longs[self._mine + _OWNER] != self._token or not _is_there(self._file, self._path)
        if is_lost:
            with self._swapping:
                old = self._file, self._memory, self._longs, self._doubles, self._mine
                try:
                    self._join()
                except SettingsError:
                    self._file, self._memory, self._longs, self._doubles, self._mine = old
                    raise
                # The memory goes with the last view of it.
                os.close(old[0])
        self._doubles[self._mine + _BEAT] = time.monotonic()
        return is_lost

    def wait_since(self, since: float) -> None:
        """Tell the others since when records wait here; 0 for none."""
        self._since = self._doubles[self._mine + _WAITING] = since

    def listen(self, count: int) -> None:
        """Tell the others how many listen here."""
        self._listeners = self._longs[self._mine + _LISTENERS] = count

    def others(self) -> list[int]:
        """Which other processes live, for `waits_before` and `listens`."""
        now = time.monotonic()
        beats = self._doubles
        # A clock that began anew with the machine is before what the file remembers.
        return [
            slot
            for slot in range(_LINE, _LINE * (1 + SLOTS), _LINE)
            if slot != self._mine and 0 <= now - beats[slot + _BEAT] < ALIVE_SECONDS
        ]

    @property
    def mine(self) -> int:
        """This process among `others`."""
        return self._mine

    def waits_before(self, process: int, moment: float) -> bool:
        """Whether records wait there that are older."""
        return 0.0 < self._doubles[process + _WAITING] <= moment

    def listens(self, process: int) -> bool:
        """Whether somebody listens there."""
        return self._longs[process + _LISTENERS] > 0

    def close(self) -> None:
        """Leave; who is the last takes the file away. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        with self._locked(), contextlib.suppress(OSError):
            if self._longs[self._mine + _OWNER] == self._token:
                self._clear(self._mine)
            if not self.others() and _is_there(self._file, self._path):
                # Who only seemed to be dead looks at the database before it does anything.
                self._longs[CHANGES] = _ABANDONED
                self._path.unlink()
        self._longs.release()
        self._doubles.release()
        with contextlib.suppress(BufferError):  # the memory goes with the last view of it
            self._memory.close()
        os.close(self._file)

    def _join(self) -> None:
        with _refused(self._path):
            self._file = _open(self._path)
            try:
                _fill(self._file)
                self._memory = mmap.mmap(self._file, _BYTES)
                view = memoryview(self._memory)
                self._longs, self._doubles = view.cast("q"), view.cast("d")
                self._mine = self._take_slot()
                _unlock(self._file)
            except BaseException:
                os.close(self._file)
                raise

    def _take_slot(self) -> int:
        self._mine = 0
        taken = set(self.others())
        free = [slot for slot in range(_LINE, _LINE * (1 + SLOTS), _LINE) if slot not in taken]
        if not free:
            raise SettingsError(f"More than {SLOTS} processes would use {self._path}.")
        # First those that nobody left behind: whose they are may only be stopped.
        slot = min(free, key=lambda slot: self._longs[slot + _OWNER] != 0)
        self._clear(slot)
        self._longs[slot + _OWNER], self._longs[slot + _LISTENERS] = self._token, self._listeners
        self._doubles[slot + _WAITING], self._doubles[slot + _BEAT] = self._since, time.monotonic()
        return slot

    def _clear(self, slot: int) -> None:
        for word in range(slot, slot + _LINE):
            self._longs[word] = 0

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        _lock(self._file)
        try:
            yield
        finally:
            _unlock(self._file)


def _open(path: Path) -> int:
    """The file, locked."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _lock(file)
        # While this process waited for the lock, the last of the others may have taken the file away.
        if _is_there(file, path):
            return file
        os.close(file)


def _fill(file: int) -> None:
    """Make it as long as it must be. Of zeros that are written: in a hole, a write to memory ends the process when the disk is full."""
    size = os.fstat(file).st_size
    while size < _BYTES:
        size += os.pwrite(file, bytes(_BYTES - size), size)


def _is_there(file: int, path: Path) -> bool:
    """Whether the path still leads to this open file."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _lock(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_EX)


def _unlock(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(f"The file {path} can not be used: {error.strerror}.") from None
