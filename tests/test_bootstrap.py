from __future__ import annotations

import asyncio
import gc
import logging
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.bootstrap import (
    open_runtime,
    places_of,
    seal_anew,
)
from runtime.bundle.process import PYTHON, find_node
from runtime.errors import SettingsError
from runtime.master_keys import master_keys, new_master_key
from runtime.model import Allow
from runtime.settings import StorageSettings
from runtime.storage.base import TooManyHooks
from runtime.storage.opening import choose_storage

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


async def test_a_successor_makes_no_database(tmp_path, settings):
    """There was one: with an empty one in its place, nothing would be denied any more."""
    gone = replace(settings, storage=replace(settings.storage, url=f"sqlite:///{tmp_path}/a/hookd.db"))
    with pytest.raises(SettingsError, match=r"The database .*/a/hookd.db is gone"):
        async with open_runtime(gone, is_successor=True):
            pass

    assert not (tmp_path / "a").exists()


async def test_what_an_older_master_key_sealed_is_used_until_it_is_sealed_anew(settings):
    """A runtime that knows both keys runs hooks with secrets of either; afterwards the old key is of no use."""
    old, new = settings.storage.master_key, new_master_key()
    script = (
        "module.exports = (client, scope, audience, context, cb) => cb(null, { scope: [context.webtask.secrets.A] })"
    )
    body = {"name": "x", "script": script, "triggerId": "credentials-exchange", "enabled": True}

    async def asked(key: str, secret: str | None) -> object:
        async with open_runtime(replace(settings, storage=replace(settings.storage, master_key=key))) as runtime:
            if secret is not None:
                hook = (await runtime.admin.create_hook("demo", body)).hook
                await runtime.admin.add_secrets("demo", hook.id, {"A": secret})
            executed = await runtime.dispatch.execute("demo", "credentials-exchange", REQUEST)
            assert isinstance(executed.decision, Allow)
            return list(executed.decision.scope)

    both = replace(settings.storage, master_key=f"{new},{old}")
    assert (await asked(old, "s1"), await asked(both.master_key, None)) == (["s1"], ["s1"])
    assert (await seal_anew(both, master_keys(both))).count == 1
    assert (await asked(new, None), await asked(both.master_key, None)) == (["s1"], ["s1"])
    with pytest.raises(SettingsError, match="is not that of the storage"):
        await asked(old, None)


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


def test_the_places_of_a_runtime(settings, runtime_database, tmp_path):
    """Written: the database's folder, where a link leads too, the cache, control groups; executed: Python, Node and what is in the cache."""
    (tmp_path / "elsewhere").mkdir()
    runtime_database.unlink()
    runtime_database.symlink_to("elsewhere/hookd.db")
    settings = replace(settings, network=replace(settings.network, ca_file="/ca.pem"))
    places = places_of(
        settings, choose_storage(StorageSettings(url=f"sqlite:///{runtime_database}")), "/sys/fs/cgroup/own/hookd"
    )
    cache = Path(settings.sandbox.cache_directory)

    assert places.write == (tmp_path, tmp_path / "elsewhere", cache, Path("/sys/fs/cgroup/own/hookd"))
    assert places.clear == (Path("/sys/fs/cgroup/own"),)
    assert places.execute == (PYTHON, find_node().node.parent, cache / "modules")
    assert Path("/ca.pem") in places.read
    assert find_node().npm.parents[1] in places.read
