"""Whether the service could start anew: another process finds out, and hands on what it read.

The new program starts from that. Were the configuration read a second time, somebody could be just writing it then, when it is
too late to go on as before. It is handed on in memory: neither a disk nor a command line nor a variable has it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import MutableMapping, Sequence
from math import inf
from typing import Final

WRITES: Final = "_HOOKD_TRIAL"
"""Variable that tells a trial which file it writes into."""

READS: Final = "_HOOKD_TRIED"
"""Variable that tells the new program which file that was."""

_SEALS: Final = ("WRITE", "GROW", "SHRINK", "SEAL")


class Trial:
    """One after the other, by this command, which ends with 0 if so. One that takes more than so many seconds is late."""

    def __init__(self, command: Sequence[str], seconds: float = inf) -> None:
        self._command = command
        self._seconds = seconds
        self.late_at = inf
        """When the one that is under way will be, by the monotonic clock."""
        self._process: subprocess.Popen[bytes] | None = None
        self._file = -1
        self.is_outdated = False
        """Somebody has asked since it began, who may have changed what it had read by then."""

    @property
    def is_under_way(self) -> bool:
        """It has not ended, as far as `has_ended` was told."""
        return self._process is not None

    def begin(self) -> None:
        """Unless one is under way, which is outdated now. `OSError` where there can be none."""
        self.is_outdated = self.is_under_way
        if self.is_outdated:
            return
        self.close()
        # Where there is no such memory, the new program reads everything again.
        if hasattr(os, "memfd_create"):
            self._file = os.memfd_create("hookd-configuration", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        files, told = ([self._file], {WRITES: str(self._file)}) if self._file >= 0 else ([], {})
        try:
            self._process = subprocess.Popen(self._command, env={**os.environ, **told}, pass_fds=files)  # noqa: S603 - the command that this process was started with
        except OSError:
            self.close()
            raise
        self.late_at = time.monotonic() + self._seconds

    def has_ended(self, pid: int, code: int) -> bool:
        """Whether this child was the one that is under way."""
        if self._process is None or self._process.pid != pid:
            return False
        self._process.returncode = code
        self._process, self.late_at = None, inf
        return True

    def give_up(self) -> None:
        """End the one that is under way, if any is. It is not waited for: what it reads may be where not even SIGKILL comes."""
        if self._process is not None:
            self._process.kill()
            self.has_ended(self._process.pid, -signal.SIGKILL)

    def handed_on(self) -> int:
        """The file, which nobody can change any more; -1 where a trial of another version has written nothing."""
        if self._file < 0 or not os.fstat(self._file).st_size:
            return -1
        fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, sum(getattr(fcntl, f"F_SEAL_{name}") for name in _SEALS))
        return self._file

    def close(self) -> None:
        """Let go of what was read."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def hand_on(content: bytes, environ: MutableMapping[str, str]) -> None:
    """Of a trial: what it read, where somebody waits for that."""
    given = environ.pop(WRITES, None)
    if given is not None:
        with os.fdopen(int(given), "wb") as file:
            file.write(content)


def tried(environ: MutableMapping[str, str]) -> bytes | None:
    """What the trial read, if this program was tried before; no process that it starts learns of it."""
    given = environ.pop(READS, None)
    if given is None:
        return None
    with os.fdopen(int(given), "rb") as file:
        file.seek(0)
        return file.read()
