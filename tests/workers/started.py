"""The service of `service.py`, started, seen from outside."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.node.waiting import children
from tests.waiting import until

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60.0


class Service:
    """The service of `service.py`, as a process."""

    def __init__(self, folder: Path, workers: int = 2, port: int = 0, before: Sequence[str] = ()) -> None:
        self.folder = folder
        self._log = (folder / "log").open("ab")
        command = [*before, sys.executable, "-m", "tests.workers.service", str(folder), str(port), str(workers)]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.port = int(line) if line else 0

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def workers(self) -> list[int]:
        """Process ids."""
        return sorted(children(self.process.pid))

    def connect(self, asked: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        connection.sendall(asked.encode() + b"\n")
        return connection

    def ask(self, asked: str = "who") -> Any:
        """The answer, None where the worker ended instead."""
        return read(self.connect(asked))

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(condition, lambda: self.log)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()


def read(connection: socket.socket) -> Any:
    """What comes until the end of the connection, as JSON."""
    text = b""
    with connection:
        while part := connection.recv(1000):
            text += part
    return json.loads(text) if text else None


def memory_of(pid: int) -> list[Path]:
    """What a process has open of what a trial read."""
    found = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found += [file] if "hookd-configuration" in str(file.readlink()) else []
    return found


def is_refused(service: Service) -> bool:
    """Not only reset, as who came just before."""
    try:
        service.connect("who").close()
    except OSError as error:
        return isinstance(error, ConnectionRefusedError)
    return False
