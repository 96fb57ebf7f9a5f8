from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.check import BAD, GOOD, LOOK
from runtime.cli.mistakes import configuration_file, mistakes, secrets_in, weak_key
from runtime.settings import Settings, parse

TRUST = {"issuer": "https://a/", "audience": "b", "algorithm": "HS256", "secret": "not-to-be-seen-" * 3}
SECRETS = """
[storage]
url = "redis://h:not-to-be-seen@redis.example:6379"
master_key = "not-to-be-seen"
master_key_file = "master.key"
[bundle]
registry = "https://npm.example/"
[[auth.trusted]]
issuer = "https://a/"
secret = "not-to-be-seen"
[[auth.trusted]]
secret = "not-to-be-seen"
[[issuer.users]]
password = "not-to-be-seen"
[metrics]
token = ""
"""


def found(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    checks = list(mistakes(parse(document, {})))
    assert all(check.remedy for check in checks)
    assert "not-to-be-seen" not in repr(checks)
    return [(check.name, check.state, check.found) for check in checks]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"bundle": {"registry": "https://npm.example/"}, "telemetry": {"endpoint": "http://127.0.0.1:4318/v1/traces"}},
        {"dashboard": {"oidc_issuer": "https://a/", "audience": "b"}, "auth": {"trusted": [TRUST]}},
        {"dashboard": {"audience": "nobody asks"}},
        {"limits": {"wall_ms": 20_000}, "issuer": {"runtime_timeout": 20}},
    ],
)
def test_nothing_is_said_of_what_is_well(document: dict[str, Any]):
    """The defaults among it."""
    assert found(document) == []


@pytest.mark.parametrize(
    "document, name, words",
    [
        ({"log": {"audit": False}}, "audit log", "it is off: nobody can tell who changed a hook"),
        ({"bundle": {"registry": "npm.example"}}, "addresses", "[bundle] registry is no http or https address: npm.ex"),
        (
            {"bundle": {"registry": "ftp://u:not-to-be-seen@npm/"}},
            "addresses",
            "[bundle] registry is no http or https address: ftp://u:(hidden)@npm/",
        ),
        ({"telemetry": {"endpoint": "grpc://a:4317"}}, "addresses", "[telemetry] endpoint is no http or https address"),
        ({"telemetry": {"endpoint": "http://["}}, "addresses", "[telemetry] endpoint is no http or https address"),
        (
            {"dashboard": {"oidc_issuer": "https://a/", "audience": "c"}, "auth": {"trusted": [TRUST]}},
            "dashboard",
            "[dashboard] audience is that of no [[auth.trusted]]: c",
        ),
        (
            {"dashboard": {"oidc_issuer": "https://a/"}},
            "dashboard",
            "[dashboard] audience is that of no [[auth.trusted]]: empty",
        ),
        (
            {"issuer": {"runtime_timeout": 4.5}},
            "token server",
            "[issuer] runtime_timeout is 4.5 s, and a hook may take 5 s",
        ),
    ],
)
def test_each_is_to_be_looked_at(document: dict[str, Any], name: str, words: str):
    """With what was found, and what to do."""
    ((its_name, state, said),) = found(document)
    assert (its_name, state) == (name, LOOK)
    assert said.startswith(words)


def test_an_audit_log_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No service starts with it, even where it is off. One that is there, or can be made, is well."""
    for file in (tmp_path / "audit.log", Path("audit.log")):
        monkeypatch.chdir(tmp_path)
        assert found({"log": {"audit_file": str(file)}}) == []
    (tmp_path / "audit.log").touch()
    assert found({"log": {"audit_file": "audit.log"}}) == []
    none = found({"log": {"audit_file": str(tmp_path / "none/audit.log"), "audit": False}})
    assert none[1:] == [("audit log", BAD, f"there is no folder {tmp_path}/none")]
    assert found({"log": {"audit_file": str(tmp_path)}}) == [
        ("audit log", BAD, f"{tmp_path} can not be written to"),
    ]
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found({"log": {"audit_file": "audit.log"}}) == [
        ("audit log", BAD, f"{tmp_path}/audit.log can not be written to"),
    ]


def test_the_secrets_of_a_document_are_found():
    """Also in tables and in addresses; what is empty, or names a file, is none. Their values are not told."""
    document = tomllib.loads(SECRETS)

    assert list(dict.fromkeys(secrets_in(Settings, document))) == [
        "storage.url",
        "storage.master_key",
        "auth.trusted.secret",
        "issuer.users.password",
    ]
    assert list(secrets_in(Settings, {"storage": 1, "auth": {"trusted": [1]}, "server": {"prt": 1}})) == []


@pytest.mark.parametrize(
    "mode, with_secrets, without",
    [(0o600, GOOD, GOOD), (0o644, BAD, GOOD), (0o602, BAD, LOOK), (0o660, BAD, LOOK), (0o622, BAD, LOOK)],
)
def test_who_may_use_the_configuration(tmp_path: Path, mode: int, with_secrets: str, without: str):
    """Others must not read secrets, or say what hookd does."""
    file = tmp_path / "config.toml"
    file.touch()
    file.chmod(mode)
    secret, plain = (configuration_file(file, tomllib.loads(text)) for text in (SECRETS, "[server]\nport = 1\n"))

    assert (secret.state, plain.state) == (with_secrets, without)
    assert "not-to-be-seen" not in repr(secret)
    assert ("storage.master_key" in secret.found) == (with_secrets == BAD)


def test_roots_file_may_be_read_by_the_service_s_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As the unit for systemd has it, chmod 640; a user's own file by nobody."""
    file = tmp_path / "config.toml"
    file.touch()
    file.chmod(0o640)
    real = file.stat()
    states = []
    for owner in (0, 1_000):
        status = os.stat_result((real.st_mode, 0, 0, 1, owner, 0, 0, 0, 0, 0))
        monkeypatch.setattr(Path, "stat", lambda _, status=status: status)
        states.append(configuration_file(file, tomllib.loads(SECRETS)).state)

    assert states == [GOOD, BAD]


def test_a_key_of_one_byte():
    """Wherever it stands; a key that is not there, or not whole, is told of elsewhere."""
    zeros, fine = "A" * 43 + "=", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    for keys in ("", "short", fine):
        assert weak_key(parse({"storage": {"master_key": keys}}, {})) is None
    check = weak_key(parse({"storage": {"master_key": f"{fine},{zeros}"}}, {}))
    assert check is not None
    assert (check.state, "anybody can guess it" in check.found, zeros in repr(check)) == (BAD, True, False)


@pytest.mark.parametrize(
    "text, words",
    [
        ("[server]\nport = 0\nhost = 'no-such-host.invalid'\n", "The host 'no-such-host.invalid' has no address here"),
        (
            f"[server]\nport = 0\nhost = '{'a' * 64}.example'\n",
            "has no address here (",
        ),
        (
            "[server]\nport = 0\n[network]\nca_file = 'none.pem'\n",
            "The file 'network.ca_file', none.pem, can not be read: No such file or directory.",
        ),
    ],
)
def test_a_service_says_what_is_wrong_and_where(installed, tmp_path: Path, engine_cache: Path, text: str, words: str):
    """Not by a traceback. `hookd doctor` says the same."""
    (tmp_path / "config.toml").write_text(
        f"{text}[storage]\nmaster_key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n"
        f"[[auth.trusted]]\nissuer = 'i'\naudience = 'a'\nalgorithm = 'HS256'\nsecret = '{'0123456789' * 4}'\n"
    )
    environ = {"HOOKD_SANDBOX_CACHE_DIRECTORY": str(engine_cache), "HOOKD_BUNDLE_REGISTRY": "http://127.0.0.1:1/"}
    done = installed("serve", "--config", "config.toml", "--workers", "1", **environ)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr
    looked = installed("doctor", "--config", "config.toml", "--json", **environ)
    found = [check["found"] for check in json.loads(looked.stdout)["checks"] if check["state"] == "bad"]
    assert [line for line in found if words.rstrip(".") in line] != []
