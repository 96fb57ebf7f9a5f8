from __future__ import annotations

import logging
import os

import pytest

from runtime.errors import SettingsError
from runtime.secret_files import is_open_to_others
from runtime.sources import load_settings


@pytest.mark.parametrize(
    "mode, is_ours, others",
    [(0o600, True, False), (0o440, True, True), (0o440, False, False), (0o444, False, True), (0o460, False, True)],
)
def test_a_secret_s_file_may_be_the_system_s(tmp_path, monkeypatch, mode, is_ours, others):
    """systemd and Kubernetes hand secrets over in files of root, which the service reads as one of the group."""
    file = tmp_path / "master.key"
    file.touch()
    file.chmod(mode)
    if not is_ours:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)

    assert is_open_to_others(file) is others


def test_a_variable_names_a_file(tmp_path, caplog):
    """Its content is the value, without the end of the line; who else may read it is told."""
    token, trusted = tmp_path / "token", tmp_path / "trusted"
    token.write_text("a-token\n")
    token.chmod(0o600)
    trusted.write_text('[{"issuer": "urn:a"}]')
    trusted.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        settings = load_settings(
            None, {"HOOKD_METRICS_TOKEN_FILE": str(token), "HOOKD_AUTH_TRUSTED_FILE": str(trusted)}
        )

    assert settings.metrics.token == "a-token"
    assert [row.issuer for row in settings.auth.trusted] == ["urn:a"]
    assert [record.args for record in caplog.records] == [(trusted, "HOOKD_AUTH_TRUSTED_FILE")]


def test_an_empty_name_is_none():
    """As templates leave it behind."""
    assert load_settings(None, {"HOOKD_METRICS_TOKEN_FILE": ""}).metrics.token == ""


@pytest.mark.parametrize(
    "name, more, words",
    [
        ("gone", {}, "gone, which HOOKD_METRICS_TOKEN_FILE names, can not be read: No such file"),
        ("binary", {}, "binary, which HOOKD_METRICS_TOKEN_FILE names, is not text"),
        ("binary", {"HOOKD_METRICS_TOKEN": ""}, "Give HOOKD_METRICS_TOKEN or HOOKD_METRICS_TOKEN_FILE, not both"),
    ],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path, name, more, words):
    """And the variable, and why."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=words):
        load_settings(None, {"HOOKD_METRICS_TOKEN_FILE": str(tmp_path / name), **more})
