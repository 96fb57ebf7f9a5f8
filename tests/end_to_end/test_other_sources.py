"""After a `git pull` that nobody built: each command that runs hooks says so and ends, however the native library's types changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.serving import CONFIG

RUNTIME = Path(__file__).parents[2] / "runtime"
TEMPLATE = Path(__file__).parents[2] / "hooks" / "custom-claims"
REFUSAL = (
    "The guest was built from other sources than these, calls.c among them: "
    "run `make guest` (or `python runtime/guest/build.py`) where its sources are; else install hookd again."
)


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, with a field more in calls.c, and the guest of before."""
    folder = tmp_path_factory.mktemp("pulled")
    # What other tests write meanwhile is left out, too.
    shutil.copytree(RUNTIME, folder / "runtime", ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    source = folder / "runtime/sandbox/calls.c"
    changed = source.read_text().replace("struct host {", "struct host {\n  uint64_t first;", 1)
    source.write_text(changed)
    return folder


@pytest.mark.parametrize(
    "command, code",
    [
        (["serve", "--config", "config.toml"], 2),
        (["serve", "--config", "config.toml", "--check"], 2),
        (["dev", "--port", "0"], 2),
        (["run", str(TEMPLATE)], 2),
        (["test", str(TEMPLATE)], 2),
        (["doctor", "--config", "config.toml"], 1),
    ],
    ids=["serve", "what a service tries before it starts anew", "dev", "run", "test", "doctor"],
)
def test_a_guest_of_other_sources_is_refused(pulled: Path, tmp_path: Path, command: list[str], code: int):
    """In one sentence that says what to do; nothing listens, and nothing crashes."""
    (tmp_path / "config.toml").write_text(CONFIG)
    done = subprocess.run(
        [sys.executable, "-m", "runtime.cli", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(pulled), "HOME": str(tmp_path), "COLUMNS": "400"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert REFUSAL.rstrip("." if code == 1 else "") in said
    assert "Traceback" not in said
    assert "listen" not in said
