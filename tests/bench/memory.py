"""What a process occupies. Linux only."""

from __future__ import annotations

from pathlib import Path

from tests.bench.servers import Broken


def resident(pid: int) -> float:
    """A process's resident memory, in MiB."""
    file = Path(f"/proc/{pid}/status")
    if not file.exists():
        raise Broken("memory is read from /proc, which this system does not have")
    line = next(line for line in file.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
