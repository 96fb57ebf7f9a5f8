"""Waiting for what the kernel does in its own time, and for processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from runtime.node.engine import NodeSandbox
from tests.waiting import until


async def until_ready(sandbox: NodeSandbox) -> None:
    """A process is there, so that no limit counts the time it takes to make one."""
    await until(lambda: sandbox._pool.spare)


async def gone(pid: int) -> None:
    """Returns when there is no such process any more, or one that has ended and that its new parent has not looked after."""
    await until(lambda: not is_there(pid))


async def stopped(pid: int) -> None:
    """Stops the process, and returns when nothing of it runs, until it gets SIGCONT."""
    os.kill(pid, signal.SIGSTOP)
    threads = Path(f"/proc/{pid}/task")
    await until(lambda: all(_stat(int(thread.name))[0] == "T" for thread in threads.iterdir()))


def is_there(pid: int) -> bool:
    """Whether the process has not ended."""
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """The processes that this one has started and that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = _stat(int(folder.name))
        except OSError:  # gone meanwhile
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(folder.name))
    return found


def _stat(pid: int) -> list[str]:
    """Its state, and its parent."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
