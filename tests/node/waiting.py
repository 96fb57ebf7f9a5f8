"""Waiting for what the kernel does in its own time."""

from __future__ import annotations

import asyncio
import os


async def gone(pid: int) -> None:
    """Returns when there is no such process any more."""
    async with asyncio.timeout(20):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240, PTH110 - no disk is behind it
            await asyncio.sleep(0.001)
