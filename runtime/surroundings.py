"""What this machine has that settings can ask too much of. Read from the kernel; nothing is changed."""

from __future__ import annotations

import ctypes
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TIME_ERROR: Final = 5
"""What adjtimex(2) answers where nothing keeps the clock right."""
_TIMEX_BYTES: Final = 512
"""More than a `struct timex` has on any machine."""
_UNLIMITED: Final = 1 << 60
_GROUPS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Cores and bytes that this process may use; the database's place; whether the clock is kept right.

    Of the place: bytes that are free there, and what kind of file system it is, "" where there is none. None of the clock:
    nobody knows.
    """

    cores: int
    memory_bytes: int
    free_bytes: int
    file_system: str
    is_clock_right: bool | None


def look_around(database: Path | None) -> Surroundings:
    """Now. `database` is a folder that is there."""
    return Surroundings(
        cores=cores(len(os.sched_getaffinity(0)), _text(_QUOTA)),
        memory_bytes=_memory(),
        free_bytes=0 if database is None else shutil.disk_usage(database).free,
        file_system="" if database is None else file_system(database, _text(Path("/proc/self/mountinfo"))),
        is_clock_right=_is_clock_right(),
    )


def cores(there: int, quota: str) -> int:
    """Of those that are there as many as a control group lets us have: `quota` is its cpu.max, "200000 100000" for two."""
    most, _, period = quota.strip().partition(" ")
    if most.isdecimal() and period.isdecimal() and int(period):
        return max(1, min(there, -(-int(most) // int(period))))
    return there


def file_system(path: Path, mounts: str) -> str:
    """The kind that this path is on: `mounts` is mountinfo, see proc(5). "" where it does not say."""
    found, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        # A blank in a name is written as \\040.
        place = before.split()[4].replace("\\040", " ")
        if len(place) >= longest and (path == Path(place) or Path(place) in path.parents):
            found, longest = after.split()[0], len(place)
    return found


def _memory() -> int:
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(text) for text in map(_text, _GROUPS) if text.strip().isdecimal()]
    return min([there, *(limit for limit in limits if limit < _UNLIMITED)])


def _is_clock_right() -> bool | None:
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
