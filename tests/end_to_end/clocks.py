"""A clock that is set forwards and back while the processes run that have it: `clock.c`, loaded before the C library."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
_FLAGS = ("-O2", "-shared", "-fPIC", "-nostdlib", "-fno-stack-protector", "-Wall", "-Wextra", "-Werror")


class Clock:
    """In this folder. Processes with `environ` have it."""

    def __init__(self, folder: Path) -> None:
        library, self._offset = folder / "clock.so", folder / "offset"
        command = [sys.executable, "-m", "ziglang", "cc", *_FLAGS, str(_SOURCE), "-o", str(library)]
        subprocess.run(command, check=True, timeout=120)
        self.set(0)
        self.environ: Mapping[str, str] = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(self._offset)}

    def set(self, seconds: int) -> None:
        """So far from the machine's."""
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))
