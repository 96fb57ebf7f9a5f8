"""Files that are there when the machine stops just after they were written."""

from __future__ import annotations

import os
from pathlib import Path


def settle(folder: Path) -> None:
    """Return when the folder knows which files are in it, should the machine stop now. `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
