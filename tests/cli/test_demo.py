from __future__ import annotations

import stat
import subprocess
from dataclasses import replace

import pytest

from runtime.cli import demo
from runtime.errors import SettingsError
from runtime.settings import parse


def test_a_second_start_finds_what_the_first_made(tmp_path):
    """Keys, client and user stay; only the address may differ."""
    first = demo.open_demo(tmp_path / "demo")
    demo.write_environment(first.environment_file, first.environment("http://127.0.0.1:1", "t"))
    second = demo.open_demo(tmp_path / "demo")

    assert (first.is_new, second.is_new) == (True, False)
    assert first.client_secret == second.client_secret
    assert first.password == second.password
    assert first.token_secret == second.token_secret


def test_everything_that_is_secret_is_private(tmp_path):
    """The folder and its files are for their owner only, also where the umask would let others read."""
    kept = demo.open_demo(tmp_path / "demo")
    demo.write_environment(kept.environment_file, {"A": "b"})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept.directory.iterdir()}

    assert stat.S_IMODE(kept.directory.stat().st_mode) == 0o700
    assert modes == {"demo.env": 0o600, "master.key": 0o600, "token.key": 0o600}


def test_an_environment_file_that_others_could_read_is_replaced(tmp_path):
    """An older file's mode does not survive."""
    file = tmp_path / "demo.env"
    file.write_text("")
    file.chmod(0o644)
    demo.write_environment(file, {"A": "b"})

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_environment_file_arms_a_shell_and_its_children(tmp_path):
    """Any value survives quoting, and a program that the shell starts sees it."""
    file = tmp_path / "demo.env"
    value = 'it\'s $HOME `x` "y" \\ z'
    demo.write_environment(file, {"BASE_URL": "http://127.0.0.1:1", "SECRET": value})
    seen = subprocess.run(
        ["bash", "-c", f"source {file}; printenv SECRET"], capture_output=True, text=True, check=True
    ).stdout

    assert value + "\n" == seen


def test_the_settings_of_the_demo_are_settings(tmp_path):
    """One address for both services; what the user set by variables stays."""
    kept = demo.open_demo(tmp_path)
    settings = kept.settings("http://127.0.0.1:4711", 4711, {"HOOKD_LIMITS_CPU_MS": "50"})

    assert settings.limits.cpu_ms == 50
    assert settings.server.port == settings.issuer.port == 4711
    assert settings.issuer.runtime_url == settings.issuer.url == "http://127.0.0.1:4711"
    assert [row.algorithm for row in settings.auth.trusted] == ["HS256"]
    assert settings.log == replace(parse({}, {}).log, requests=True, audit=False)
    assert not kept.settings("http://127.0.0.1:4711", 4711, {"HOOKD_LOG_REQUESTS": "false"}).log.requests


def test_only_the_first_start_makes_records(tmp_path):
    """What somebody changed over the management API is not put back by the next start."""
    first = demo.open_demo(tmp_path)
    sown = first.settings("http://127.0.0.1:1", 1, {}).issuer
    demo.write_environment(first.environment_file, first.environment("http://127.0.0.1:1", "t"))
    kept = demo.open_demo(tmp_path).settings("http://127.0.0.1:1", 1, {}).issuer

    assert [len(rows) for rows in (sown.clients, sown.resource_servers, sown.client_grants, sown.users)] == [2, 1, 2, 2]
    # The dashboard's client has the port in its callbacks: it is brought up to date each time.
    assert [row.client_id for row in kept.clients] == [row.client_id for row in kept.client_grants] == ["dashboard"]
    assert (kept.resource_servers, kept.users) == ((), ())


def test_a_folder_of_before_learns_of_the_dashboards_user(tmp_path):
    """One that knew no such user gets one, and nothing else again; the password stays."""
    first = demo.open_demo(tmp_path)
    known = first.environment("http://127.0.0.1:1", "t")
    old = {name: value for name, value in known.items() if not name.startswith("DASHBOARD_")}
    demo.write_environment(first.environment_file, old)
    second = demo.open_demo(tmp_path)
    demo.write_environment(second.environment_file, second.environment("http://127.0.0.1:2", "t"))
    third = demo.open_demo(tmp_path)

    (user,) = second.settings("http://127.0.0.1:2", 2, {}).issuer.users
    assert (user.username, user.password) == ("manager", second.manager_password)
    assert third.settings("http://127.0.0.1:2", 2, {}).issuer.users == ()
    assert third.manager_password == second.manager_password


def test_nothing_secret_is_in_a_repr(tmp_path):
    """A demo may be logged."""
    kept = demo.open_demo(tmp_path)

    for secret in (kept.client_secret, kept.password, kept.manager_password, kept.token_secret):
        assert secret not in repr(kept)


def test_curl_lines_are_single_lines():
    """A line that is pasted is a line."""
    names = ("BASE_URL", "API_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "AUDIENCE")
    lines = demo.curl_lines(dict.fromkeys(names, "x"))

    assert [line.split()[0] for line in lines] == ["curl", "curl", "curl"]
    assert not any("\n" in line for line in lines)


async def test_no_key_is_made_in_place_of_one_that_sealed_secrets(tmp_path):
    """Without a token server, too; who removes what the error says begins anew."""
    for name in ("hookd.db", "demo.env"):
        (tmp_path / name).touch()
    with pytest.raises(SettingsError) as caught:
        await demo.require_its_key(tmp_path)
    key, hooks, environment = (tmp_path / name for name in ("master.key", "hookd.db", "demo.env"))
    assert f"{key} is gone, with which the hooks' secrets in {hooks} were sealed. Put it back" in str(caught.value)
    assert f"`rm {environment}`" in str(caught.value)
    assert not key.exists()

    environment.unlink()
    await demo.require_its_key(tmp_path)


async def test_a_key_that_is_there_is_looked_at_by_the_storage(tmp_path):
    """Which knows its own, and says what to do with another one."""
    for name in ("hookd.db", "demo.env", "master.key"):
        (tmp_path / name).touch()
    await demo.require_its_key(tmp_path)
