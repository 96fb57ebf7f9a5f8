"""What a process takes. Linux only."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from tests.bench.servers import Broken

_ALL_THREADS: Final = 2
"""Of a CPU clock's number in Linux: that it is the scheduler's, of a process."""


def resident(pid: int) -> float:
    """A process's resident memory, in MiB."""
    line = next(line for line in _read(pid, "status").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def proportional(pid: int) -> float:
    """The same, where what several processes have in memory is divided among them (PSS)."""
    line = next(line for line in _read(pid, "smaps_rollup").splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """The CPU time that all of a process's threads have used, those that have ended too."""
    try:
        # clock_getcpuclockid(3), which Python has not: /proc has hundredths of a second, and a short round none of them.
        return time.clock_gettime(~pid << 3 | _ALL_THREADS)
    except OSError:
        raise Broken(f"the process {pid} is gone, or this is not Linux") from None


def wanted_seconds(pid: int) -> float:
    """For how long the process's first thread has run or waited for a processor: the rest of its time it had nothing to do."""
    ran, waited, _ = _read(pid, "schedstat").split()
    return (int(ran) + int(waited)) / 1e9


def _read(pid: int, name: str) -> str:
    file = Path(f"/proc/{pid}/{name}")
    if not file.exists():
        raise Broken(f"{file} is missing: the process is gone, or this is not Linux")
    return file.read_text()
