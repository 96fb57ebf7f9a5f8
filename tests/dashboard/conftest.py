"""The dashboard as it is built, a demo that serves it, and a browser: one each for all tests of a process.

Who runs these tests without make gets it built first; where it is up to date, that takes a tenth of a second.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.tokens import TokenChoice, mint
from tests.end_to_end.processes import Process, compiled_in, read_environment
from tests.installed import NODE, npm_packages

HERE = Path(__file__).parent
DASHBOARD = HERE.parents[1] / "runtime" / "dashboard"
SECONDS = 120.0
"""Longest wait for a scenario; reached only when something is broken."""


def built() -> Path:
    """The folder of what was built."""
    done = subprocess.run([sys.executable, DASHBOARD / "build.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return DASHBOARD / "artifact"


@pytest.fixture(scope="session")
def artifact() -> Path:
    return built()


@dataclass(kw_only=True)
class Demo:
    """A demo that runs."""

    url: str
    token: str
    username: str
    password: str
    folder: Path

    def allowed(self, *scopes: str) -> str:
        """A token with these scopes only."""
        choice = TokenChoice(scope=scopes, subject="reader", lifetime=600)
        return mint(choice, self.folder / ".hookd", {})


@pytest.fixture(scope="session")
def demo(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`hookd dev`, with its first hook."""
    folder = compiled_in(tmp_path_factory.mktemp("demo"))
    with Process(["dev", "--port", "0"], folder) as process:
        process.read_until("The same values")
        known = read_environment(folder / ".hookd/demo.env")
        yield Demo(
            url=process.url,
            token=known["API_TOKEN"],
            username=known["DASHBOARD_USERNAME"],
            password=known["DASHBOARD_PASSWORD"],
            folder=folder,
        )


class Browser:
    """Debian's Chromium, driven by playwright-core in Node (driver.mjs)."""

    def __init__(self, chromium: str, demo: Demo) -> None:
        self._demo = demo
        command: list[str | Path] = [NODE, HERE / "driver.mjs", npm_packages(HERE), chromium]
        environ = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        self._driver = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ, cwd=HERE
        )

    def run(self, name: str, module: str = "scenarios.mjs", token: str = "", **options: Any) -> Any:
        """What a scenario of a file beside this one answers. It must not fail."""
        request = {
            "module": str(HERE / module),
            "name": name,
            "base": self._demo.url,
            "token": token or self._demo.token,
            "options": options,
        }
        assert self._driver.stdin
        assert self._driver.stdout
        self._driver.stdin.write(json.dumps(request) + "\n")
        self._driver.stdin.flush()
        late = threading.Timer(SECONDS, self._driver.kill)
        late.start()
        try:
            line = self._driver.stdout.readline()
        finally:
            late.cancel()
        assert line, "the browser's driver ended"
        answer = json.loads(line)
        assert answer["ok"], answer["error"]
        return answer["value"]

    def close(self) -> None:
        """End it, and the browser with it."""
        self._driver.communicate(timeout=SECONDS)


@pytest.fixture(scope="session")
def browser(demo: Demo) -> Iterator[Browser]:
    """One for all tests; no scenario finds anything of another in it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    browser = Browser(chromium, demo)
    yield browser
    browser.close()
