"""Waiting for conditions: as long as a machine may take that has much else to do, but not for ever."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which a test that waits for what never happens fails: far more than anything takes."""


async def until(condition: Callable[[], object], said: Callable[[], str] = str, pause: float = 0.005) -> None:
    """Returns when it holds, which others bring about; fails with what was `said` when it never does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, said()
        await asyncio.sleep(pause)


def wait_until(condition: Callable[[], object], said: Callable[[], str] = str) -> None:
    """The same where nothing else is to go on in this thread meanwhile."""
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < end, said()
        pause.wait(0.002)
