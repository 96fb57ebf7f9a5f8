"""What settings are read from, and that who is handed it needs no file."""

from __future__ import annotations

import pytest

from runtime.errors import SettingsError
from runtime.sources import load_settings, read_sources, received


def test_a_file_and_variables_make_settings(tmp_path):
    """Variables win."""
    file = tmp_path / "config.toml"
    file.write_text("[server]\nport = 1\nhost = '::1'\n")
    settings = load_settings(file, {"HOOKD_SERVER_PORT": "2"})

    assert (settings.server.host, settings.server.port) == ("::1", 2)


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "no file"),
        (b"[server", r"config.toml is not TOML: .* \(at its end, line 1\)"),
        (b'[server]\nhost = "::', r"not TOML: .* \(at its end, line 2\)"),
        (b"[server]\nport 1\nhost = ''", r"not TOML: .* \(at line 2, column 6\)"),
        (b"[server]\n\xff\xfe", r"not TOML: No UTF-8 \(at line 2\)"),
        (b"[server]\nx = 1", "server.x"),
    ],
)
def test_a_wrong_file_is_said(tmp_path, content, words):
    """The message names the file and the line, or the setting."""
    file = tmp_path / "config.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=words):
        load_settings(file, {})


def test_a_folder_is_no_file(tmp_path):
    """What can not be read is said, not raised as it comes."""
    with pytest.raises(SettingsError, match="can not be read"):
        load_settings(tmp_path, {})


def test_what_was_read_is_handed_on(tmp_path):
    """Byte for byte, secrets from files among it; what has become of the files does not matter. Variables still win."""
    file, secret = tmp_path / "config.toml", tmp_path / "token"
    file.write_text("[server]\nport = 1\n[log]\nlevel = 'warning'  # \u00fc\n", encoding="utf-8")
    secret.touch(mode=0o600)
    secret.write_text("a-token-of-the-metrics\n")
    environ = {"HOOKD_SERVER_PORT": "2", "HOOKD_METRICS_TOKEN_FILE": str(secret)}
    handed_on = read_sources(file, environ).handed_on()
    file.write_text("[server")
    secret.unlink()
    settings = received(file, handed_on).settings(environ)

    assert (settings.server.port, settings.log.level) == (2, "warning")
    assert settings.metrics.token == "a-token-of-the-metrics"


def test_where_there_is_no_file_none_is_handed_on():
    """Defaults and variables."""
    sources = received(None, read_sources(None, {}).handed_on())
    assert sources.settings({"HOOKD_SERVER_PORT": "3"}).server.port == 3


def test_sources_show_no_secrets(tmp_path):
    """Where they are printed."""
    file = tmp_path / "config.toml"
    file.write_text("[storage]\nmaster_key = 'a-key'\n")
    assert "a-key" not in repr(read_sources(file, {}))
