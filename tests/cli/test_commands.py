from __future__ import annotations

import base64
import stat
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from runtime.cli.commands import run
from runtime.settings import render_example


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def hookd(tmp_path, monkeypatch, capsys) -> Callable[..., Done]:
    """The command line, run in this process and in a folder of its own: a process costs a second of imports."""

    def run_command(*arguments: str, **environ: str) -> Done:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["hookd", *arguments])
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as exited:
            run()
        shown = capsys.readouterr()
        return Done(int(exited.value.code or 0), shown.out, shown.err)

    return run_command


def test_help_lists_the_commands(hookd):
    """Each with one line."""
    done = hookd("--help")

    assert done.returncode == 0
    for name in ("config", "dev", "issuer", "keys", "serve", "token", "types"):
        assert f"\n  {name}  " in done.stdout


def test_the_settings_in_effect_are_shown(hookd, tmp_path):
    """File and variables together, secrets hidden."""
    (tmp_path / "config.toml").write_text("[storage]\nmaster_key = 'not-to-be-seen'\n")
    done = hookd("config", "--config", "config.toml", HOOKD_SERVER_PORT="4711")

    assert done.returncode == 0
    assert "port = 4711\n" in done.stdout
    assert "not-to-be-seen" not in done.stdout


def test_the_example_is_shown(hookd):
    """Somebody who installed the wheel has no config.example.toml."""
    assert hookd("config", "--example").stdout == render_example()


def test_a_master_key_is_printed_or_written(hookd, tmp_path):
    """32 bytes in base64; a file is private, and is never written over."""
    printed = hookd("keys", "new")
    written = hookd("keys", "new", "--file", "master.key")
    key = (tmp_path / "master.key").read_text()
    again = hookd("keys", "new", "--file", "master.key")

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
    ],
)
def test_a_wrong_configuration_says_what_to_do(hookd, tmp_path, arguments, remedy):
    """Exit code 2, one sentence on standard error, no traceback."""
    (tmp_path / "wrong.toml").write_text("[server]\nprt = 1\n")
    done = hookd(*arguments)

    assert done.returncode == 2
    assert done.stderr.startswith("hookd: ")
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_production_does_not_start_for_nobody(hookd):
    """A runtime that trusts no issuer is a mistake."""
    key = hookd("keys", "new").stdout.strip()
    done = hookd("serve", HOOKD_STORAGE_MASTER_KEY=key)

    assert done.returncode == 2
    assert "[[auth.trusted]]" in done.stderr


@pytest.mark.parametrize(("scopes", "hint"), [((), "no scope"), (("--scope", "read:hooks"), "")])
def test_a_token_without_a_scope_comes_with_a_hint(hookd, scopes, hint):
    """It is what was asked for, and of no use; standard output has the token alone, for scripts."""
    minted = ("token", "--secret", "s" * 32, "--issuer", "urn:me", "--audience", "urn:hookd", "--tenant", "acme")
    done = hookd(*minted, *scopes)

    assert done.returncode == 0
    assert done.stdout.count(".") == 2
    assert len(done.stdout.split()) == 1
    assert hint in done.stderr
    assert bool(done.stderr) == bool(hint)


def test_types_are_written_or_shown(hookd, tmp_path):
    """Into the current folder, or to the standard output; another file of that name is left, with exit code 2."""
    written, shown = hookd("types"), hookd("types", "--output", "-")

    assert (written.returncode, written.stdout) == (0, "")
    assert written.stderr.startswith("Wrote hookd.d.ts.")
    assert shown.stdout == (tmp_path / "hookd.d.ts").read_text()
    (tmp_path / "hookd.d.ts").write_text("// mine")
    refused = hookd("types")
    assert (refused.returncode, (tmp_path / "hookd.d.ts").read_text()) == (2, "// mine")
    assert "--force" in refused.stderr
    assert hookd("types", "--force").returncode == 0
