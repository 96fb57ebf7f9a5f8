from __future__ import annotations

import asyncio
import base64
import gc
import logging
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.bootstrap import (
    database_path,
    load_settings,
    master_key,
    new_master_key,
    open_runtime,
    places_of,
    require_production,
    write_master_key,
)
from runtime.bundle.process import find_node
from runtime.errors import SettingsError
from runtime.model import Allow
from runtime.settings import Settings, StorageSettings, TrustedIssuer, parse
from runtime.storage.base import TooManyHooks

COUNT = """exports.onExecuteCredentialsExchange = async (event, api) => {
  const kept = api.cache.get('n'), n = kept ? +kept.value + 1 : 1;
  api.cache.set('n', `${n}`);
  api.accessToken.addScope(`${n}`);
};"""
SEED = "module.exports = (client, scope, audience, context, cb) => cb(null, { scope: [...scope, 'extra'] })"
REQUEST = {"client": {"id": "c"}, "scope": ["a"], "audience": "https://api.example.com/"}
TRUSTED = {"issuer": "i", "audience": "a", "algorithm": "HS256", "secret": "x" * 32}


async def test_a_runtime_runs_hooks_and_keeps_them(settings):
    """What was created in one runtime is run by the next over the same files, with what it cached for its tenant."""
    async with open_runtime(settings) as first:
        body = {"name": "x", "script": COUNT, "triggerId": "credentials-exchange", "enabled": True}
        for tenant in ("demo", "other"):
            await first.admin.create_hook(tenant, body)
        before = await first.dispatch.execute("demo", "credentials-exchange", REQUEST)
    async with open_runtime(settings) as second:
        after = await second.dispatch.execute("demo", "credentials-exchange", REQUEST)
        other = await second.dispatch.execute("other", "credentials-exchange", REQUEST)

    assert before.decision == other.decision == Allow(scope=("a", "1"))
    assert after.decision == Allow(scope=("a", "2"))


async def test_a_tenant_has_as_many_hooks_as_the_settings_say(settings):
    """Not as many as the default."""
    settings = replace(settings, storage=replace(settings.storage, hooks_most=1))
    body = {"name": "x", "script": SEED, "triggerId": "credentials-exchange"}
    async with open_runtime(settings) as opened:
        await opened.admin.create_hook("demo", body)
        with pytest.raises(TooManyHooks):
            await opened.admin.create_hook("demo", body | {"name": "y"})


def open_descriptors() -> int:
    """How many this process has; 0 where the system does not say."""
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0


def own_threads() -> list[str]:
    """The threads, less those of the event loop's executor, which belong to the loop."""
    return sorted(thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_"))


async def test_a_closed_runtime_leaves_nothing_behind(settings):
    """Opened and closed ten times, with a hook run each time: no thread, no descriptor and no task stays."""
    seen = []
    for turn in range(10):
        async with open_runtime(settings) as opened:
            if turn == 0:
                body = {"name": "x", "script": SEED, "triggerId": "credentials-exchange", "enabled": True}
                await opened.admin.create_hook("demo", body)
            await opened.dispatch.execute("demo", "credentials-exchange", REQUEST)
        gc.collect()
        seen.append((own_threads(), open_descriptors(), len(asyncio.all_tasks())))

    # The first turn loads what every later one uses.
    assert seen[-1] == seen[1]


async def test_a_runtime_makes_private_folders(tmp_path, settings):
    """The folders of the database and the cache are their owner's."""
    deep = replace(settings, storage=replace(settings.storage, url=f"sqlite:///{tmp_path}/a/b/hookd.db"))
    async with open_runtime(deep):
        pass

    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a/b/hookd.db").stat().st_mode) & 0o077 == 0


def test_a_file_and_variables_make_settings(tmp_path):
    """Variables win."""
    file = tmp_path / "config.toml"
    file.write_text("[server]\nport = 1\nhost = '::1'\n")
    settings = load_settings(file, {"HOOKD_SERVER_PORT": "2"})

    assert (settings.server.host, settings.server.port) == ("::1", 2)


@pytest.mark.parametrize(
    "content, words",
    [(None, "no file"), (b"[server", "not TOML"), (b"\xff\xfe", "not TOML"), (b"[server]\nx = 1", "server.x")],
)
def test_a_wrong_file_is_said(tmp_path, content, words):
    """The message names the file or the setting."""
    file = tmp_path / "config.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=words):
        load_settings(file, {})


def test_a_folder_is_no_file(tmp_path):
    """What can not be read is said, not raised as it comes."""
    with pytest.raises(SettingsError, match="can not be read"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize("url, path", [("sqlite:///a/b.db", "a/b.db"), ("sqlite:////a/b.db", "/a/b.db")])
def test_a_database_is_a_path(url, path):
    """Three slashes and a relative path, or four and an absolute one."""
    assert database_path(StorageSettings(url=url)) == Path(path)


@pytest.mark.parametrize("url", ["redis://localhost", "sqlite:///", "hookd.db", ""])
def test_a_database_of_another_kind_is_refused(url):
    """The message shows the form that is known."""
    with pytest.raises(SettingsError, match="sqlite:///FILE"):
        database_path(StorageSettings(url=url))


def test_a_master_key_is_made_and_read(tmp_path):
    """The file is private, and is never written over."""
    file = tmp_path / "master.key"
    write_master_key(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert master_key(StorageSettings(master_key_file=str(file))) == base64.b64decode(file.read_text())
    with pytest.raises(FileExistsError):
        write_master_key(file)


def test_a_master_key_may_be_given_directly():
    """As a variable of the process, for instance."""
    key = new_master_key()

    assert len(master_key(StorageSettings(master_key=key))) == 32


def test_a_master_key_that_others_may_read_is_warned_of(tmp_path, caplog):
    """It works, and the log says how to mend it."""
    file = tmp_path / "master.key"
    write_master_key(file)
    file.chmod(0o644)
    master_key(StorageSettings(master_key_file=str(file)))

    assert "chmod 600" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, "hookd keys new"),
        ({"master_key": "c2hvcnQ="}, "32 bytes in base64"),
        ({"master_key": "no base64 at all"}, "32 bytes in base64"),
        ({"master_key": "x", "master_key_file": "y"}, "not both"),
        ({"master_key_file": "/nowhere/master.key"}, "hookd keys new --file"),
    ],
)
def test_a_wrong_master_key_is_said_and_not_shown(given, words):
    """What is wrong, what to do, and never the key itself."""
    with pytest.raises(SettingsError, match=words) as caught:
        master_key(StorageSettings(**given))

    assert "c2hvcnQ" not in str(caught.value)
    assert "no base64" not in str(caught.value)


@pytest.mark.parametrize(
    "trusted, words",
    [
        (None, "auth.trusted"),
        ({"issuer": ""}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"secret": "short"}, "32 characters"),
        ({"algorithm": "RS256"}, "jwks_url"),
        ({"tenant": "a/b"}, "the tenant must be"),
    ],
)
def test_production_needs_issuers_whose_tokens_can_be_verified(trusted, words):
    """A runtime that nobody could call, or anybody, does not start."""
    rows = [] if trusted is None else [TRUSTED | trusted]
    settings = parse({"storage": {"master_key": new_master_key()}, "auth": {"trusted": rows}}, {})

    with pytest.raises(SettingsError, match=words):
        require_production(settings)


def test_production_needs_a_master_key():
    """The message says how to make one."""
    with pytest.raises(SettingsError, match="hookd keys new"):
        require_production(Settings())


def test_a_whole_configuration_is_enough():
    """Master key and one issuer."""
    settings = parse({"storage": {"master_key": new_master_key()}, "auth": {"trusted": [TRUSTED]}}, {})
    require_production(settings)

    assert settings.auth.trusted == (TrustedIssuer(**TRUSTED),)


@pytest.mark.parametrize("confinement, says", [("required", None), ("auto", "given up nothing; missing: ")])
async def test_a_process_that_can_not_be_confined_says_so(settings, confinement, says, caplog):
    """Here for it has threads: it does not start where that is required, and says what it kept where it is not."""
    settings = replace(settings, server=replace(settings.server, confinement=confinement))
    over = threading.Event()
    another = threading.Thread(target=over.wait)
    another.start()
    caplog.set_level(logging.INFO, "hookd.bootstrap")
    try:
        if says is None:
            with pytest.raises(SettingsError, match=r"confinement is required, but .*: "):
                async with open_runtime(settings, confined=True):
                    pass
        else:
            async with open_runtime(settings, confined=True):
                assert says in caplog.text
    finally:
        over.set()
        another.join()


def test_the_places_of_a_runtime(settings, tmp_path):
    """Written: the database's folder, where a link leads too, the cache, control groups; executed: Node and what is in the cache."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "hookd.db").symlink_to("elsewhere/hookd.db")
    settings = replace(settings, network=replace(settings.network, ca_file="/ca.pem"))
    places = places_of(settings, tmp_path / "hookd.db", "/sys/fs/cgroup/own/hookd")
    cache = Path(settings.sandbox.cache_directory)

    assert places.write == (tmp_path, tmp_path / "elsewhere", cache, Path("/sys/fs/cgroup/own/hookd"))
    assert places.clear == (Path("/sys/fs/cgroup/own"),)
    assert places.execute == (find_node().node.parent, cache / "modules")
    assert Path("/ca.pem") in places.read
    assert find_node().npm.parents[1] in places.read
