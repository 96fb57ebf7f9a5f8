"""The unit that `hookd config --systemd` prints: systemd's own opinion of it, and what it must have."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from runtime.confine import refusals
from runtime.master_keys import write_master_key


@pytest.fixture
def unit(hookd) -> str:
    """As it is printed."""
    done = hookd("config", "--systemd")
    assert done.returncode == 0
    text: str = done.stdout
    return text


def values(unit: str) -> dict[str, list[str]]:
    """What stands behind each name."""
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_it_starts_this_hookd(unit, hookd):
    """With the path of the installation that printed it; for programs as JSON."""
    assert values(unit)["ExecStart"] == [f"{sysconfig.get_path('scripts')}/hookd serve --config /etc/hookd/config.toml"]
    assert hookd("config", "--systemd", "--json").json == {"file": "hookd.service", "text": unit}


def test_it_leaves_hookd_what_it_needs(unit):
    """What hookd puts upon itself is allowed, and so is machine code that is compiled here; Node has groups of its own."""
    said = values(unit)
    allowed = said["SystemCallFilter"][0].split()

    assert {
        "@system-service",
        "seccomp",
        "landlock_create_ruleset",
        "landlock_add_rule",
        "landlock_restrict_self",
    } == set(allowed)
    assert not {"MemoryDenyWriteExecute", "ProtectControlGroups", "PrivateUsers"} & said.keys()
    assert said["Delegate"] == ["yes"]
    assert said["RestrictAddressFamilies"] == ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"]
    assert len(said["RestrictAddressFamilies"][0].split()) == len(refusals._FAMILIES)


def test_its_settings_let_it_start(unit, hookd, tmp_path):
    """Its variables are settings, and with a trusted issuer `hookd serve` would start."""
    environ = dict(line.replace("/etc/hookd", str(tmp_path)).split("=", 1) for line in values(unit)["Environment"])
    write_master_key(tmp_path / "master.key")
    (tmp_path / "config.toml").write_text(
        "[[auth.trusted]]\nissuer = 'https://a/'\naudience = 'b'\njwks_url = 'https://a/jwks'\n"
    )

    assert hookd("serve", "--config", "config.toml", "--check", **environ).returncode == 0


def test_a_reload_has_the_key_that_is_there_then(unit):
    """It is the file itself, no copy, and what stands at the head rotates that one and makes it readable for whom the unit names."""
    said, head = values(unit), unit.partition("[Unit]")[0]
    environ = dict(line.split("=", 1) for line in said["Environment"])
    key = environ["HOOKD_STORAGE_MASTER_KEY_FILE"]
    assert not [name for name in said if name.startswith(("LoadCredential", "SetCredential"))]
    assert Path(key).parent == Path(said["ExecStart"][0].split()[-1]).parent
    assert f"hookd keys new --file {key} && chown {said['User'][0]}: {key}" in head
    rotate = f"HOOKD_STORAGE_MASTER_KEY_FILE={key} HOOKD_STORAGE_URL={environ['HOOKD_STORAGE_URL']} \\\n#     hookd keys rotate"
    assert rotate in head
    assert "--pid" in head.partition(rotate)[2]
    # For reading only.
    assert said["ProtectSystem"] == ["strict"]
    assert not {"ReadWritePaths", "ConfigurationDirectory", "DynamicUser"} & said.keys()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_no_fault(unit, tmp_path: Path):
    """Each line is understood, and the exposure is low (of 10)."""
    file = tmp_path / "hookd.service"
    file.write_text(unit.replace(values(unit)["ExecStart"][0].split()[0], "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False
    )
    security = ["systemd-analyze", "security", "--offline=yes", "--json=short", "--threshold=25", str(file)]
    rated = subprocess.run(security, capture_output=True, text=True, check=False)

    assert (verified.returncode, verified.stderr) == (0, "")
    assert rated.returncode == 0, [row for row in json.loads(rated.stdout) if not row["set"]]
