"""The processes of a benchmark run: started, pinned, asked, stopped. Each speaks JSON, a line at a time.

A child prints one line when it is ready (a server's has its `port`); those that take jobs then answer each line on
standard input with one line on standard output.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

REPOSITORY = Path(__file__).parents[2]
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CORE, LOAD_CORE = (CORES[0], CORES[1]) if len(CORES) > 1 else (None, None)


class Broken(Exception):
    """A process or an answer that a measurement can not go on with."""


class Child:
    """A process and its line of conversation. Its standard error is kept, to be shown when it dies."""

    def __init__(
        self, command: Sequence[str], *, core: int | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._command = command
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        with pinned_to(core):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=REPOSITORY,
                env={**os.environ, **(environ or {})},
            )

    def __enter__(self) -> Self:
        """Itself; leaving stops it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def come_first(self) -> None:
        """Run as soon as there is something to do, whoever else would use the core. Nothing where that is not allowed."""
        with suppress(AttributeError, PermissionError):  # not Linux; not root
            os.sched_setscheduler(self.pid, os.SCHED_FIFO, os.sched_param(1))

    def read_line(self) -> str:
        """The next line of its standard output; `Broken` when it ended instead."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(10)
            raise Broken(f"{' '.join(self._command)} ended ({self._process.returncode}):\n{self._errors()}")
        return line.decode()

    def read(self) -> Any:
        """The next line, as JSON."""
        return orjson.loads(self.read_line())

    def ask(self, job: object) -> Any:
        """A job in, its answer out."""
        assert self._process.stdin
        self._process.stdin.write(orjson.dumps(job) + b"\n")
        self._process.stdin.flush()
        return self.read()

    def close(self) -> None:
        """Ask it to stop, then make it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream:
                stream.close()

    def _errors(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()[-4000:].decode(errors="replace")


@contextmanager
def pinned_to(core: int | None) -> Iterator[None]:
    """Pin this process while it starts a child, which inherits it for all of its threads."""
    if core is None:
        yield
        return
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the benchmark with this interpreter."""
    return [sys.executable, "-m", f"tests.bench.{module}", *arguments]
