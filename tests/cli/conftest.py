"""The command line, in this process or as it is installed, and the servers that it talks to."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runtime.cli.commands import run
from tests.end_to_end.processes import Process, call, compiled_in, read_environment
from tests.own_log import own_log
from tests.tidying import hooks_as_found, hooks_at

SECONDS = 60.0
_OURS = ("HOOKD_URL", "HOOKD_TOKEN", "HOOKD_PROFILE")


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Its answer to --json, which must be one document and nothing else."""
        assert self.returncode == 0, self.stderr
        return json.loads(self.stdout)


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No profile and no variable of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in _OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hookd(tmp_path, monkeypatch, capsys) -> Callable[..., Done]:
    """The command line, run in this process and in a folder of its own: a process costs a quarter of a second."""

    def run_command(*arguments: object, stdin: str = "", folder: Path = tmp_path, **environ: str) -> Done:
        with monkeypatch.context() as patch, own_log():
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["hookd", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
            for name, value in environ.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as exited:
                run()
        shown = capsys.readouterr()
        return Done(int(exited.value.code or 0), shown.out, shown.err)

    return run_command


@pytest.fixture
def installed(tmp_path) -> Callable[..., Done]:
    """The command line as a process of its own, in the test's folder."""

    def run_command(*arguments: object, stdin: str = "", folder: Path = tmp_path, **environ: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "runtime.cli", *map(str, arguments)],
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run_command


@pytest.fixture
def at_terminal(tmp_path) -> Callable[..., Done]:
    """The command line as a process at a terminal of 100 columns; `stdout` is all that is seen there.

    *answer* is typed once its question, the first of the two, was seen.
    """

    def run_command(
        *arguments: object, answer: tuple[str, str] = ("", ""), folder: Path = tmp_path, **environ: str
    ) -> Done:
        ours, theirs = pty.openpty()
        repository = str(Path(__file__).parents[2])
        with subprocess.Popen(
            [sys.executable, "-m", "runtime.cli", *map(str, arguments)],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            # Else a password is asked for where the tests were started.
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": repository, "TERM": "xterm", "COLUMNS": "100", **environ},
        ) as process:
            os.close(theirs)
            seen, (question, keys) = b"", (one.encode() for one in answer)
            with contextlib.suppress(OSError):  # how the end of a terminal reads
                while select.select([ours], [], [], SECONDS)[0] and (some := os.read(ours, 65536)):
                    seen += some
                    if keys and question in seen:
                        os.write(ours, keys)
                        keys = b""
            code = process.wait(SECONDS)
        os.close(ours)
        return Done(code, seen.decode().replace("\r\n", "\n"), "")

    return run_command


@pytest.fixture
def compiled(engine_cache, monkeypatch):
    """The engine as another test has compiled it: it would take seconds."""
    monkeypatch.setenv("HOOKD_SANDBOX_CACHE_DIRECTORY", str(engine_cache))


@pytest.fixture
def remote(hookd, dev) -> Callable[..., Done]:
    """The command line in this process and in a folder of its own, with the demo as its server."""
    return functools.partial(hookd, HOOKD_URL=dev.url, HOOKD_TOKEN=dev.shell["API_TOKEN"])


class Dev(NamedTuple):
    """A `hookd dev` that runs in this folder: its commands find it there. `shell` has the variables of demo.env."""

    folder: Path
    shell: dict[str, str]

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.shell["BASE_URL"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """A request to its API, which must go well; the answer's JSON."""
        answer = call(method, self.url + path, json_body=body, token=self.shell["API_TOKEN"])
        assert answer.status < 300, answer.body
        return answer.body

    def make(self, name: str, script: str, trigger: str = "post-user-registration", **more: object) -> str:
        """A hook, new however often the name was used; its id."""
        for known, hook in hooks_at(self.url, self.shell["API_TOKEN"]).items():
            if hook["name"] == name:
                self.call("DELETE", f"/api/v2/hooks/{known}")
        body = {"name": name, "script": script, "triggerId": trigger, **more}
        return str(self.call("POST", "/api/v2/hooks", body)["id"])

    def execute(self, trigger: str, body: object) -> None:
        """A request of a token server."""
        self.call("POST", f"/api/v1/triggers/{trigger}/execute", body)


@pytest.fixture(scope="session")
def _one_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A demo at a free port, for all of these tests: it takes seconds to start."""
    folder = compiled_in(tmp_path_factory.mktemp("dev"))
    with Process(["dev", "--port", "0"], folder) as process:
        process.read_until("The same values")
        yield Dev(folder, read_environment(folder / ".hookd/demo.env"))


@pytest.fixture(scope="module")
def dev(_one_dev: Dev) -> Iterator[Dev]:
    """The demo with no hook but its own: what a file leaves there, the next one does not find."""
    with hooks_as_found(_one_dev.url, _one_dev.shell["API_TOKEN"]):
        yield _one_dev
