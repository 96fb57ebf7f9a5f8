"""Whether workers go on: each beats as long as its event loop does, and the supervisor looks. In memory, made before the workers are.

A worker that does not beat for long hangs, but not on a machine that had no time for it. So what does not count is the time
that its event loop waited for a processor, and what passed while the supervisor did not get to look either: a machine that has
too much to do, or stood still.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Final

from runtime.memory import nameless_file

_BEAT: Final = struct.Struct("<Q")
_BEATS: Final = 10
"""So many in the time after which none is a fault, and so many looks."""


class Beats:
    """Of so many workers. One that does not beat for `bound` seconds is to be taken for one that hangs."""

    def __init__(self, count: int, bound: float) -> None:
        self.every = bound / _BEATS
        """Seconds between two beats, and between two looks."""
        self._file = nameless_file("hookd-beats")
        os.ftruncate(self._file, count * _BEAT.size)

    def beat(self, number: int) -> None:
        """Go on."""
        os.pwrite(self._file, _BEAT.pack(time.monotonic_ns()), number * _BEAT.size)

    def last(self, number: int) -> int:
        """Another number after each beat."""
        (last,) = _BEAT.unpack(os.pread(self._file, _BEAT.size, number * _BEAT.size))
        return int(last)


class Watch:
    """What the supervisor, which looks `every` so often, saw of one process: it hangs when it does not beat for `bound`.

    Also one that has not begun to, for it starts. Times are in seconds.
    """

    def __init__(self, every: float, bound: float) -> None:
        self.bound = bound
        self._late = 2 * every
        self._last: tuple[float, int, float] | None = None
        self._quiet = 0.0

    def hangs(self, now: float, beat: int, waited: float | None) -> bool:
        """To be asked at each look. `waited` as of `waited_for_processor`: while that is not known, nothing is held against it."""
        if self._last is None or waited is None or beat != self._last[1]:
            self._quiet = 0.0
        else:
            looked, _, before = self._last
            passed = now - looked if now - looked < self._late else 0.0
            # A wait is told when it is over: it may be of before the last look.
            self._quiet = max(0.0, self._quiet + passed - (waited - before))
        if waited is not None:
            self._last = now, beat, waited
        return self._quiet >= self.bound


def waited_for_processor(pid: int) -> float | None:
    """Seconds that the process's first thread, which has its event loop, was ready to run and did not; 0 where no system tells.

    None where it can not be read now. Source: /proc/PID/schedstat, the second number (Linux, Documentation/scheduler/sched-stats).
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0
    except OSError:
        return None
