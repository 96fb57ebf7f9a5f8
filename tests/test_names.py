"""Hooks by their names, kept until any hook of their tenant is changed: preparation, admin and storage together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from runtime.bootstrap import Runtime
from runtime.bundle.source import SourceImages
from runtime.errors import NotFound, Unavailable
from runtime.model import Hook, Secrets
from runtime.preparation import Preparations, ReadyHook
from runtime.storage.sealing import Sealer
from runtime.webtasks import NameShared, WebtaskNotFound
from tests.requesting import CREDENTIALS, PASSWORD, Door, claim, deploy

READS = ("list_hooks", "get_secrets", "get_image")


async def named(
    runtime: Runtime, name: str = "h", tenant: str = "t", preparations: Preparations | None = None
) -> tuple[Hook, Secrets]:
    """What the name means, by a read of the storage where that is needed."""
    among = preparations or runtime.preparations
    return await among.named(tenant, name, lambda: runtime.webtasks.get(tenant, name))


async def loaded(
    runtime: Runtime, name: str = "h", tenant: str = "t", preparations: Preparations | None = None
) -> ReadyHook:
    """The same, ready to run."""
    found = await named(runtime, name, tenant, preparations)
    return await (preparations or runtime.preparations).alone(*found)


@pytest.mark.parametrize("enabled", [True, False])
async def test_it_is_read_once(runtime: Runtime, door: Callable[[str], Door], enabled: bool):
    """Enabled or not. After that the storage may be away."""
    await deploy(runtime, claim("1"), {"A": "a"}, enabled=enabled)
    reads = [door(name) for name in READS]
    first = await loaded(runtime)
    assert (first.hook.enabled, first.secrets, first.program is None) == (enabled, {"A": "a"}, False)
    assert [len(read.calls) for read in reads] == [1, 1, 1]
    for read in reads:
        read.refusal = Unavailable("away")
    assert await loaded(runtime) is first
    with pytest.raises(Unavailable):
        await named(runtime, "another")


async def test_nothing_is_loaded_for_who_only_knows_the_name(runtime: Runtime, door: Callable[[str], Door]):
    """Its secrets say whether he may call."""
    await deploy(runtime, claim("1"))
    load = door("get_image")
    await named(runtime)
    assert load.calls == []


async def test_many_who_ask_at_once_are_one_read(runtime: Runtime, door: Callable[[str], Door]):
    """Of the hook, its secrets and its image."""
    await deploy(runtime, claim("1"))
    reads = [door(name) for name in READS]
    reads[0].holds = 1
    asked = [asyncio.create_task(loaded(runtime)) for _ in range(5)]
    await reads[0].holding()
    reads[0].open.set()
    assert len({id(ready) for ready in await asyncio.gather(*asked)}) == 1
    assert [len(read.calls) for read in reads] == [1, 1, 1]


async def test_any_change_in_the_tenant_is_seen(runtime: Runtime):
    """Of the hook, of its secrets, and of others that take its name or give it back; also of those that run nowhere."""
    admin = runtime.admin
    hook = await deploy(runtime, claim("1"), enabled=False)
    assert (await loaded(runtime)).secrets == {}
    await admin.add_secrets("t", hook.id, {"A": "a"})
    assert (await loaded(runtime)).secrets == {"A": "a"}
    await admin.update_secrets("t", hook.id, {"A": "b"})
    assert (await loaded(runtime)).secrets == {"A": "b"}
    await admin.update_hook("t", hook.id, {"script": claim("2")})
    assert (await loaded(runtime)).hook.version.script == claim("2")
    other = await deploy(runtime, "module.exports = () => ({})", triggerId=PASSWORD, enabled=False)
    with pytest.raises(NameShared):
        await named(runtime)
    await admin.update_hook("t", hook.id, {"name": "renamed"})
    assert (await loaded(runtime)).hook.id == other.id
    assert (await loaded(runtime, "renamed")).hook.id == hook.id
    await admin.delete_hook("t", other.id)
    with pytest.raises(WebtaskNotFound):
        await named(runtime)


async def test_what_other_tenants_change_leaves_it(runtime: Runtime, door: Callable[[str], Door]):
    """It is not read again."""
    await deploy(runtime, claim("1"))
    first = await loaded(runtime)
    await deploy(runtime, claim("2"), tenant="u")
    read = door("list_hooks")
    assert await loaded(runtime) is first
    assert read.calls == []


@pytest.mark.parametrize("step", READS)
async def test_what_a_change_overtakes_is_not_kept(runtime: Runtime, door: Callable[[str], Door], step: str):
    """Who asks after the change gets the new hook, and so does who comes after all others."""
    hook = await deploy(runtime, claim("1"), {"A": "a"})
    slow = door(step)
    slow.holds = 1
    before = asyncio.create_task(loaded(runtime))
    await slow.holding()
    await runtime.admin.update_secrets("t", hook.id, {"A": "b"})
    await runtime.admin.update_hook("t", hook.id, {"script": claim("2")})
    after = await loaded(runtime)
    assert (after.secrets, after.hook.version.script) == ({"A": "b"}, claim("2"))
    slow.open.set()
    with suppress(NotFound):
        await before
    assert await loaded(runtime) is after


async def test_what_was_found_before_a_change_is_loaded_for_nobody_else(runtime: Runtime):
    """Who found the hook and was slow has it as it was; the next one does not."""
    hook = await deploy(runtime, claim("1"))
    found = await named(runtime)
    await runtime.admin.update_hook("t", hook.id, {"script": claim("2")})
    assert (await runtime.preparations.alone(*found)).hook.version.script == claim("1")
    assert (await loaded(runtime)).hook.version.script == claim("2")


async def test_the_same_breaker_is_everywhere(runtime: Runtime):
    """By name, and at its extensibility point."""
    await deploy(runtime, claim("1"))
    row = await runtime.preparations.prepared(("t", CREDENTIALS))
    assert (await loaded(runtime)).circuit is row.hooks[0].circuit


def preparations_of(runtime: Runtime, cache_bytes: int) -> Preparations:
    """Some of their own beside the runtime's, with so much room."""
    return Preparations(
        storage=runtime.storage,
        sealer=Sealer(bytes(range(32))),
        sandbox=runtime.sandbox,
        images=SourceImages(runtime.sandbox),
        cache_bytes=cache_bytes,
    )


async def test_all_memory_is_given_back(runtime: Runtime):
    """Of names that mean something and of those that do not, when they are forgotten."""
    preparations = preparations_of(runtime, 1 << 30)
    for tenant in "ab":
        await deploy(runtime, claim("1"), {"A": "x" * 4000}, tenant=tenant)
        await loaded(runtime, tenant=tenant, preparations=preparations)
        with pytest.raises(WebtaskNotFound):
            await named(runtime, "another", tenant, preparations)
    assert preparations.bytes > 2 * 2 * 4000
    assert {tenant: len(names) for tenant, names in preparations._names.items()} == {"a": 2, "b": 2}
    preparations.forget(("a", PASSWORD))
    assert list(preparations._names) == ["b"]
    preparations.forget(None)
    assert (preparations._names, preparations._rows, preparations._preparing) == ({}, {}, {})
    assert preparations.bytes == 0


async def test_the_least_used_gives_way(runtime: Runtime):
    """What was evicted can still be had; nothing else is left of it."""
    preparations = preparations_of(runtime, 1)
    for name, tenant in (("one", "a"), ("one", "b"), ("other", "a")):
        await deploy(runtime, claim("1"), tenant=tenant, name=name)
        assert (await loaded(runtime, name, tenant, preparations)).program is not None
        assert list(preparations._names) == [tenant]
        assert len(preparations._names[tenant]) == len(preparations._rows) == 1


async def test_a_source_that_does_not_load_is_kept_for_a_while(runtime: Runtime, door: Callable[[str], Door]):
    """As at an extensibility point."""
    await deploy(runtime, "throw new Error('at load')", enabled=False)
    made = door("make_image")
    ready = [await loaded(runtime) for _ in range(3)]
    assert {one.rejected.message for one in ready if one.rejected} == {"Error: at load"}
    assert len(made.calls) == 1
