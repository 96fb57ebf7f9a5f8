"""hookd as its users start it: real processes, real addresses, HTTP and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.installed import engine_code

SECONDS = 60.0
"""Longest wait for a process; reached only when something is broken."""


class Answer(NamedTuple):
    """An HTTP answer; `body` is its JSON, None for an empty one."""

    status: int
    body: Any


class Process:
    """A hookd process. Entering waits until it listens; leaving asks it to stop and checks that it did so in order."""

    def __init__(
        self,
        arguments: Sequence[str],
        directory: Path,
        environ: Mapping[str, str] | None = None,
        *,
        within: Sequence[str] = (),
    ) -> None:
        """`within` is a command that runs the one that follows it."""
        self._log = (directory / f"{arguments[0]}.log").open("ab")
        self._process = subprocess.Popen(
            [*within, sys.executable, "-m", "runtime.cli", *arguments],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(environ or {})},
        )
        self.address: dict[str, Any] = {}

    def __enter__(self) -> Self:
        line = self.read_line()
        assert line, self.log
        self.address = json.loads(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill_unless_stopped(self._process.poll() is None)

    @property
    def url(self) -> str:
        """Where it listens, without a slash."""
        return f"http://127.0.0.1:{self.address['port']}"

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        return Path(self._log.name).read_text()

    def read_line(self) -> str:
        """The next line of its standard output, "" when it ended; one that says nothing for long is ended."""
        assert self._process.stdout
        late = threading.Timer(SECONDS, self._process.kill)
        late.start()
        try:
            return self._process.stdout.readline().rstrip("\n")
        finally:
            late.cancel()

    def stop(self, number: signal.Signals) -> int:
        """Send the signal, and wait for the exit code."""
        self._process.send_signal(number)
        return self.wait()

    def read_until(self, start: str) -> list[str]:
        """The lines up to the one that starts so, which must come."""
        lines = [self.read_line()]
        while not lines[-1].startswith(start):
            assert lines[-1] or len(lines) < 100, self.log
            lines.append(self.read_line())
        return lines

    def wait(self) -> int:
        """The exit code of a process that ends."""
        try:
            return self._process.wait(SECONDS)
        finally:
            self.kill_unless_stopped(self._process.poll() is None)

    def kill_unless_stopped(self, running: bool) -> None:
        """Never leave one behind."""
        if running:
            self._process.terminate()
            try:
                self._process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._log.close()


def compiled_in(folder: Path) -> Path:
    """The folder; a `hookd dev` in it finds the engine's code, as any but the first does."""
    (folder / ".hookd").mkdir(mode=0o700)
    engine_code(folder / ".hookd/cache")
    return folder


def call(
    method: str,
    url: str,
    *,
    json_body: object = None,
    form: Mapping[str, str] | None = None,
    token: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request, with the standard library: no code of ours between the test and the wire."""
    sent = dict(headers or {})
    data = None
    if json_body is not None:
        data, sent["Content-Type"] = json.dumps(json_body).encode(), "application/json"
    if form is not None:
        data, sent["Content-Type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
    if token:
        sent["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=data, headers=sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return Answer(response.status, _json(response.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _json(error.read()))


def _json(body: bytes) -> Any:
    return json.loads(body) if body else None


def read_environment(file: Path) -> dict[str, str]:
    """The variables that a shell has after `source FILE`."""
    command = ["bash", "-c", f"set -a; source '{file}'; env -0"]
    text = subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in text.split("\0") if line)
