from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings import render_example

REPOSITORY = Path(__file__).parents[2]


def hookd(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command, as a process."""
    return subprocess.run(
        [sys.executable, "-m", "runtime.cli", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_the_commands(tmp_path):
    """Each with one line."""
    done = hookd("--help", cwd=tmp_path)

    assert done.returncode == 0
    for name in ("config", "dev", "issuer", "keys", "serve", "token"):
        assert f"\n  {name}  " in done.stdout


def test_the_settings_in_effect_are_shown(tmp_path):
    """File and variables together, secrets hidden."""
    (tmp_path / "config.toml").write_text("[storage]\nmaster_key = 'not-to-be-seen'\n")
    done = hookd("config", "--config", "config.toml", cwd=tmp_path, HOOKD_SERVER_PORT="4711")

    assert done.returncode == 0
    assert "port = 4711\n" in done.stdout
    assert "not-to-be-seen" not in done.stdout


def test_the_example_is_shown(tmp_path):
    """Somebody who installed the wheel has no config.example.toml."""
    assert hookd("config", "--example", cwd=tmp_path).stdout == render_example()


def test_a_master_key_is_printed_or_written(tmp_path):
    """32 bytes in base64; a file is private, and is never written over."""
    printed = hookd("keys", "new", cwd=tmp_path)
    written = hookd("keys", "new", "--file", "master.key", cwd=tmp_path)
    key = (tmp_path / "master.key").read_text()
    again = hookd("keys", "new", "--file", "master.key", cwd=tmp_path)

    assert len(base64.b64decode(printed.stdout)) == len(base64.b64decode(key)) == 32
    assert key not in written.stdout + written.stderr
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert (again.returncode, (tmp_path / "master.key").read_text()) == (2, key)
    assert "already" in again.stderr


@pytest.mark.parametrize(
    "arguments, remedy",
    [
        (("serve",), "hookd keys new"),
        (("serve", "--config", "missing.toml"), "config.example.toml"),
        (("config", "--config", "wrong.toml"), "server.prt"),
        (("token",), "hookd dev"),
        (("keys", "new", "--file", "no/such/folder/key"), "can not be written"),
        (("issuer", "--config", "issuer.toml"), "issuer.url"),
    ],
)
def test_a_wrong_configuration_says_what_to_do(tmp_path, arguments, remedy):
    """Exit code 2, one sentence on standard error, no traceback."""
    (tmp_path / "wrong.toml").write_text("[server]\nprt = 1\n")
    (tmp_path / "issuer.toml").write_text("[issuer]\nurl = 'ftp://x'\n")
    done = hookd(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("hookd: ")
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_production_does_not_start_for_nobody(tmp_path):
    """A runtime that trusts no issuer is a mistake."""
    key = hookd("keys", "new", cwd=tmp_path).stdout.strip()
    done = hookd("serve", cwd=tmp_path, HOOKD_STORAGE_MASTER_KEY=key)

    assert done.returncode == 2
    assert "[[auth.trusted]]" in done.stderr
