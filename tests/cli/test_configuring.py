from __future__ import annotations

import base64
import stat

import pytest

from runtime.settings import render_example


def test_the_settings_in_effect_are_shown(hookd, tmp_path):
    """File and variables together, secrets hidden."""
    (tmp_path / "config.toml").write_text("[storage]\nmaster_key = 'not-to-be-seen'\n")
    done = hookd("config", "--config", "config.toml", HOOKD_SERVER_PORT="4711")

    assert done.returncode == 0
    assert "port = 4711  # HOOKD_SERVER_PORT\n" in done.stdout
    assert 'master_key = "(hidden)"  # config.toml\n' in done.stdout
    assert 'host = "127.0.0.1"\n' in done.stdout
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


def test_a_secret_on_the_command_line_is_refused(hookd):
    """As everywhere: others can see it."""
    done = hookd("token", "--secret", "not-to-be-seen", "--issuer", "urn:me", "--audience", "urn:hookd")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("Give it as --secret @FILE or --secret env:VARIABLE.\n")
    assert "not-to-be-seen" not in done.stderr


@pytest.mark.parametrize(("scopes", "hint"), [((), "no scope"), (("--scope", "read:hooks"), "")])
def test_a_token_without_a_scope_comes_with_a_hint(hookd, scopes, hint):
    """It is what was asked for, and of no use; standard output has the token alone, for scripts."""
    minted = ("token", "--secret", "env:KEY", "--issuer", "urn:me", "--audience", "urn:hookd", "--tenant", "acme")
    done = hookd(*minted, *scopes, KEY="s" * 32)

    assert done.returncode == 0
    assert done.stdout.count(".") == 2
    assert len(done.stdout.split()) == 1
    assert hint in done.stderr
    assert bool(done.stderr) == bool(hint)
