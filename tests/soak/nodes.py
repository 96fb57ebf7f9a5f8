"""The services of a soak: each a `hookd serve` in a folder of its own, all with one storage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.end_to_end.processes import Process
from tests.node.waiting import children, gone
from tests.waiting import until

ANEW: Final = "the service was started anew"
NOT_ANEW: Final = "could not start anew"
"""What the log says after a SIGHUP."""


@dataclass(slots=True)
class Nodes:
    """So many of them while it is entered."""

    arguments: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    count: int
    processes: list[Process] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    """Where each is, in the same order: one that is started again is elsewhere."""

    def __enter__(self) -> Self:
        try:
            for _ in range(self.count):
                self.add()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.__exit__(None, None, None)

    def add(self) -> None:
        """One more."""
        process = self._started(len(self.processes))
        self.processes.append(process)
        self.urls.append(process.url)

    def _started(self, number: int) -> Process:
        folder = self.folder / f"node-{number}"
        folder.mkdir(exist_ok=True)
        return Process(self.arguments, folder, self.environ).__enter__()

    @property
    def supervisors(self) -> list[int]:
        """Their process ids."""
        return [process._process.pid for process in self.processes]

    @property
    def log(self) -> str:
        """What all of them wrote, and those before them in these folders."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("node-*/serve.log")))

    def hang_up(self, number: int) -> None:
        """Ask this one to start anew."""
        send(self.supervisors[number], signal.SIGHUP)

    async def settled(self, sent: int) -> None:
        """Returns when each SIGHUP that was sent has led to something, or to nothing for long."""
        with contextlib.suppress(AssertionError):
            await until(lambda: self.log.count(ANEW) + self.log.count(NOT_ANEW) >= sent, pause=0.2)

    async def replace(self, number: int) -> None:
        """Kill a supervisor, whose workers then end by themselves, and start its service again meanwhile."""
        killed, left = self.processes[number], workers(self.supervisors[number])
        send(self.supervisors[number], signal.SIGKILL)
        await asyncio.to_thread(killed.wait)
        self.processes[number] = await asyncio.to_thread(self._started, number)
        self.urls[number] = self.processes[number].url
        for pid in left:
            await gone(pid)


def workers(supervisor: int) -> list[int]:
    """The workers' process ids: not that of a trial whether the service could start anew."""
    found = []
    for pid in children(supervisor):
        with contextlib.suppress(OSError):
            if b"--check" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process, which may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
