"""`runtime/migration.py`, and what `runtime/storage/moving.py` promises, with every backend."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import HookNotFound, SettingsError, Unavailable
from runtime.migration import (
    Item,
    compare,
    copy,
    count,
    discard,
    everything,
    finish,
    is_empty,
    of_no_tenant,
    open_pair,
    open_unfinished,
    storage_at,
)
from runtime.model import ConsoleLine, Deploy, Failure, Policy
from runtime.moves import NotAlone, NotEmpty
from runtime.settings import StorageSettings
from runtime.storage.base import VERSIONS, CacheEntry, HookChange, HookFilter, Storage
from runtime.storage.opening import choose_storage
from runtime.storage.sqlite import open_sqlite
from tests.redis_servers import RedisServer
from tests.storage.conftest import Nouns

STRANGE = "a'b\"c\0d\u202e\U0001f511%_{x}*[y]:; DROP TABLE hooks --"
TENANTS = ("acme", "", "a:b", STRANGE)
SOON = (time.time() + 3_600) * 1000


@pytest.fixture
def nouns() -> Nouns:
    return Nouns()


@pytest.fixture
def settings(tmp_path: Path, prefix: str) -> StorageSettings:
    return StorageSettings(url=f"sqlite:///{tmp_path}/hookd.db", prefix=prefix)


@pytest.fixture
def redis(settings: StorageSettings, redis_server: RedisServer) -> StorageSettings:
    return replace(settings, url=redis_server.url)


@pytest.fixture
async def source(settings: StorageSettings) -> AsyncIterator[Storage]:
    storage = await choose_storage(settings).open()
    yield storage
    await storage.close()


@pytest.fixture(params=["sqlite", "redis"])
async def target(request: pytest.FixtureRequest, settings: StorageSettings, tmp_path: Path) -> AsyncIterator[Storage]:
    """Every backend, empty."""
    if request.param == "redis":
        settings = request.getfixturevalue("redis")
    else:
        settings = replace(settings, url=f"sqlite:///{tmp_path}/target.db")
    storage = await choose_storage(settings).open()
    yield storage
    await storage.close()


async def fill(storage: Storage, nouns: Nouns) -> None:
    """Of everything something, with names that are strange."""
    for tenant in TENANTS:
        for number, name in enumerate((STRANGE, "second", "third")):
            policy = Policy(order=3 - number, clients=(STRANGE,), on_error="allow")
            hook = nouns.hook(
                tenant=tenant, name=name, enabled=number != 1, policy=policy, meta={STRANGE: "1", "a": ""}
            )
            await storage.create_hook(hook, secrets={f"{STRANGE}{n}": bytes([n, 0, 255]) for n in range(20)})
            await storage.put_document(tenant, hook.id, f'"{STRANGE}"', etag=None)
        entries = [CacheEntry(f"{STRANGE}{n}", bytes([n, 0]), n, SOON + 0.1) for n in (2, 1, 3)]
        await storage.change_cache(tenant, "password-exchange", entries[:1], 1.0, most=9, most_bytes=99)
        await storage.change_cache(tenant, hook.trigger, entries, 1.0, most=9, most_bytes=99)
        failure = Failure(code="threw", message=STRANGE)
        line = ConsoleLine(level="warn", text=STRANGE)
        await storage.append_executions(
            [nouns.execution(tenant=tenant, hook_id=hook.id, failure=failure, console=(line,)) for _ in range(3)]
        )
    await storage.append_executions([nouns.execution(tenant="no hooks")])
    await storage.replace_proof(None, b"proof\0")
    for token in ("b", "a"):
        await storage.log_out(token, {f"{number}": int(SOON) + number for number in (2, 1)}, 1)


async def deploy_often(storage: Storage, nouns: Nouns) -> str:
    """More versions than are kept, with bundles of npm modules; the hook's id."""
    hook = nouns.hook(name="often", version=nouns.version(modules="m" * 64, dependencies={"b": "1", "a": "2"}))
    await storage.create_hook(hook, bundle=b"\0bundle")
    for number in range(VERSIONS + 5):
        version = hook.version if number % 7 == 0 else nouns.version(modules=f"{number % 3:064x}", engine="node")
        change = HookChange(version=version, bundle=version.modules.encode())
        await storage.update_hook("acme", hook.id, change, 2.5 + number)
    return str(hook.id)


async def all_of(storage: Storage) -> list[Item]:
    now = time.time() * 1000
    found = [one async for one in of_no_tenant(storage, now)]
    for tenant in await storage.tenants():
        found += [one async for one in everything(storage, tenant, now)]
    return found


async def test_from_one_backend_into_another_and_back(
    source: Storage, redis: StorageSettings, tmp_path: Path, nouns: Nouns
):
    """All is equal, item by item, and so are the sums; what runs and what is found by its name, too."""
    await fill(source, nouns)
    often = await deploy_often(source, nouns)
    middle, end = await choose_storage(redis).open(), await open_sqlite(tmp_path / "back.db")
    steps: list[int] = []
    try:
        for one, other in ((source, middle), (middle, end)):
            assert await is_empty(other)
            await other.replace_proof(None, b"of a start before")
            assert await is_empty(other)
            await copy(one, other, lambda: steps.append(1))
            compared = await compare(one, other, lambda: None)
            assert (compared.differences, compared.source) == ([], compared.target)
            assert await all_of(other) == await all_of(source)
        assert len(steps) == 2 * await count(source)
        assert [deploy.number for deploy in await middle.list_deploys("acme", often)] == [*range(55, 5, -1)]
        for tenant in TENANTS:
            runs = await source.enabled_hooks(tenant, "credentials-exchange")
            assert len(runs) == 2
            for other in (middle, end):
                assert await other.enabled_hooks(tenant, "credentials-exchange") == runs
                wanted = HookFilter(name=STRANGE)
                assert (await other.list_hooks(tenant, wanted, start=0, limit=9))[1] == 1
        assert compared.source.counts == {
            "hooks": 13,
            "older versions": 49,
            "documents": 12,
            "caches": 8,
            "ended sessions": 2,
            "proof of the master key": 1,
            "execution records": 13,
        }
    finally:
        await middle.close()
        await end.close()


async def test_what_was_moved_lives_on(source: Storage, target: Storage, nouns: Nouns):
    """Numbers go on, old versions and bundles go when nobody has them any more, and nothing is left of a hook that is deleted."""
    often = await deploy_often(source, nouns)
    await copy(source, target, lambda: None)
    oldest = (await target.list_deploys("acme", often))[-1]
    for number in range(VERSIONS):
        await target.update_hook("acme", often, HookChange(version=nouns.version()), 100.0 + number)
    deploys = await target.list_deploys("acme", often)
    assert [deploy.number for deploy in deploys] == [*range(105, 55, -1)]
    assert oldest not in deploys
    assert await target.get_bundle("m" * 64) is None
    await target.delete_hook("acme", often)
    assert await is_empty(target)
    assert await target.get_bundle(f"{1:064x}") is None


async def test_restoring_again_changes_nothing(source: Storage, target: Storage, nouns: Nouns):
    """Also where it was cut off between two versions of a hook."""
    await fill(source, nouns)
    often = await deploy_often(source, nouns)
    hook = await source.get_hook("acme", often)
    newest, second, *_ = await source.list_deploys("acme", often)
    bundle = await source.get_bundle(hook.version.modules) or b""
    await target.restore_hook(hook, newest, {}, bundle)
    version = await source.get_version("acme", often, second.number)
    await target.restore_deploy("acme", often, second, version, await source.get_bundle(version.modules) or b"")
    for _ in range(2):
        await copy(source, target, lambda: None)
    # It came first, so it is older than the others of its tenant now: all else is equal.
    assert {repr(item) for item in await all_of(target)} == {repr(item) for item in await all_of(source)}
    assert await target.list_deploys("acme", often) == await source.list_deploys("acme", often)
    with pytest.raises(HookNotFound):
        await target.restore_deploy("acme", "none", Deploy(number=1, version_id=version.id, at=1.0), version, b"")


async def test_each_difference_is_found(source: Storage, target: Storage, nouns: Nouns):
    """And where: one a tenant."""
    await fill(source, nouns)
    await copy(source, target, lambda: None)
    hooks, _ = await target.list_hooks("acme", HookFilter(), start=0, limit=9)
    await target.update_secrets("acme", hooks[1].id, {f"{STRANGE}0": b"another"})
    other, _ = await target.list_hooks("a:b", HookFilter(), start=0, limit=9)
    await target.put_document("a:b", other[2].id, "2", etag=None)
    late = nouns.execution(tenant="new")
    await target.append_executions([late])
    await target.log_out("c", {"1": int(SOON)}, 1)
    compared = await compare(source, target, lambda: None)
    await target.replace_proof(b"proof\0", b"another")

    assert compared.source.sum != compared.target.sum
    assert (await compare(source, target, lambda: None)).differences[0] == "the proof of the master key"
    assert compared.differences == [
        "which sessions have ended",
        f"a:b: hook {other[2].id}, its document",
        f"acme: hook {hooks[1].id}",
        f"new: execution record {late.id}",
    ]


async def test_damaged_modules_are_named(
    source: Storage, target: Storage, nouns: Nouns, monkeypatch: pytest.MonkeyPatch
):
    """A version without its modules is not moved as if it were whole."""
    await deploy_often(source, nouns)

    async def none(_: str) -> None:
        return None

    monkeypatch.setattr(source, "get_bundle", none)
    with pytest.raises(Unavailable) as caught:
        await copy(source, target, lambda: None)
    assert "missing or damaged" in caught.value.debug


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".db" in path.name]


async def begun(settings: StorageSettings, into: StorageSettings, nouns: Nouns) -> None:
    """A migration that ended in its middle."""
    source = await choose_storage(settings).open()
    await fill(source, nouns)
    await source.close()

    def stop() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        async with open_pair(settings, into) as (here, there):
            await copy(here, there, stop)


async def test_an_unfinished_target(settings: StorageSettings, redis: StorageSettings, nouns: Nouns):
    """Nobody opens it as a storage; the same migration goes on and ends it, another one does not."""
    await begun(settings, redis, nouns)
    with pytest.raises(SettingsError, match=r"unfinished: `hookd migrate` from sqlite:///.*--discard"):
        await choose_storage(redis).open()
    other = replace(settings, url=settings.url.replace("hookd.db", "other.db"))
    await (await choose_storage(other).open()).close()
    with pytest.raises(NotEmpty, match="what was begun from"):
        async with open_pair(other, redis):
            pass
    async with open_pair(settings, redis) as (here, there):
        await copy(here, there, lambda: None)
        assert (await compare(here, there, lambda: None)).differences == []
        await finish(here, there, "source")
    await (await choose_storage(redis).open()).close()
    with pytest.raises(NotEmpty, match="something in it already"):
        async with open_pair(settings, redis):
            pass
    with pytest.raises(SettingsError, match="is not unfinished"):
        async with open_unfinished(redis):
            pass


@pytest.mark.parametrize("into", ["sqlite", "redis"])
async def test_discarding(request: pytest.FixtureRequest, settings: StorageSettings, into: str, nouns: Nouns):
    """What was begun goes, the target is as any other, and empty."""
    url = settings.url.replace("hookd.db", "target.db")
    target = replace(settings, url=url) if into == "sqlite" else request.getfixturevalue("redis")
    await begun(settings, target, nouns)
    async with open_unfinished(target) as storage:
        assert not await is_empty(storage)
        await discard(storage, lambda: None)
    storage = await choose_storage(target).open()
    try:
        assert await is_empty(storage)
        assert await storage.get_proof() is None
        for tenant in TENANTS:
            assert await storage.get_cache(tenant, "credentials-exchange", 1.0) == []
    finally:
        await storage.close()


async def test_what_is_in_use_is_refused(settings: StorageSettings, redis: StorageSettings, nouns: Nouns):
    """The source, the target, and a source that somebody begins to use before the end."""
    source = await choose_storage(settings).open()
    with pytest.raises(NotAlone, match="Another process uses sqlite:///"):
        async with open_pair(settings, redis):
            pass
    await source.close()
    target = await choose_storage(redis).open()
    with pytest.raises(NotAlone, match="Another process uses unix:///"):
        async with open_pair(settings, redis):
            pass
    await target.close()


async def test_sources_that_will_not_do(settings: StorageSettings, redis: StorageSettings, tmp_path: Path):
    """None is made where there is none; the same one is not its own target."""
    for source, target in ((settings, redis), (redis, settings)):
        with pytest.raises(SettingsError, match="There is no storage of hookd at"):
            async with open_pair(source, target):
                pass
    assert files_in(tmp_path) == []
    with pytest.raises(SettingsError, match="name another target"):
        async with open_pair(settings, settings):
            pass


def test_a_password_in_a_url_counts(settings: StorageSettings):
    """In place of the configured one, which is another storage's."""
    configured = replace(settings, password="configured")
    given: dict[str, Any] = {url: storage_at(configured, url) for url in ("redis://:own@h", "redis://h")}
    assert [one.password for one in given.values()] == ["", "configured"]
    assert storage_at(configured, None) is configured
