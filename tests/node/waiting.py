"""Waiting for what the kernel does in its own time."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path


async def gone(pid: int) -> None:
    """Returns when there is no such process any more."""
    async with asyncio.timeout(20):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240, PTH110 - no disk is behind it
            await asyncio.sleep(0.001)


def children(pid: int) -> list[int]:
    """The processes that this one has started and that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:  # gone meanwhile
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(folder.name))
    return found
