"""What is kept between two token requests, and when it is thrown away: dispatch, admin, storage and engine together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.bootstrap import Runtime
from runtime.breaker import Breaker
from runtime.bundle.source import SourceImages
from runtime.dispatch import Dispatch
from runtime.errors import Unavailable
from runtime.model import Execution, HookVersion
from runtime.preparation import Preparations
from runtime.settings import LimitSettings
from runtime.storage.base import HookChange
from runtime.storage.opening import choose_storage
from runtime.storage.sealing import Sealer
from tests.requesting import (
    CREDENTIALS,
    REQUEST,
    Door,
    answer,
    claim,
    deploy,
    deploy_unchecked,
)

SPARE = 1 << 30


# Changes


async def test_changes_take_effect_for_the_next_request(runtime: Runtime):
    """Whatever the Management API changes of the hook that runs."""
    admin, value = runtime.admin, claim("[1, context.secrets.A || 0]")
    hook = await deploy(runtime, value)
    seen = [await answer(runtime)]
    await admin.add_secrets("t", hook.id, {"A": "a"})
    seen.append(await answer(runtime))
    await admin.update_secrets("t", hook.id, {"A": "b"})
    seen.append(await answer(runtime))
    await admin.update_hook("t", hook.id, {"script": value.replace("1", "2")})
    seen.append(await answer(runtime))
    await admin.delete_secrets("t", hook.id, ["A"])
    seen.append(await answer(runtime))
    other = await deploy(runtime, claim("3"), name="other")
    seen.append(await answer(runtime))
    await admin.update_hook("t", other.id, {"enabled": False})
    seen.append(await answer(runtime))
    await admin.update_hook("t", hook.id, {"enabled": True})
    seen.append(await answer(runtime))
    await admin.delete_hook("t", hook.id)
    seen.append(await answer(runtime))

    assert seen == [[1, 0], [1, "a"], [1, "b"], [2, "b"], [2, 0], 3, "unchanged", [2, 0], "unchanged"]


@pytest.mark.parametrize("step", ["enabled_hooks", "get_secrets", "get_image"])
async def test_a_change_overtakes_a_preparation(runtime: Runtime, door: Callable[[str], Door], step: str):
    """Who asked before the change may get the old hook; the next one gets the new, and the old is not kept."""
    hook = await deploy(runtime, claim("[1, context.secrets.A]"), {"A": "a"})
    slow = door(step)
    slow.holds = 1
    before = asyncio.create_task(answer(runtime))
    await slow.holding()
    await runtime.admin.update_hook("t", hook.id, {"script": claim("[2, context.secrets.A]")})
    await runtime.admin.update_secrets("t", hook.id, {"A": "b"})
    assert await answer(runtime) == [2, "b"]
    slow.open.set()
    assert await before in ([1, "a"], [1, "b"])
    assert await answer(runtime) == [2, "b"]


@pytest.mark.parametrize("step", ["enabled_hooks", "get_secrets", "get_image"])
async def test_a_preparation_that_was_overtaken_is_not_kept(runtime: Runtime, door: Callable[[str], Door], step: str):
    """Also when nobody asked in between."""
    hook = await deploy(runtime, claim("1"))
    slow = door(step)
    slow.holds = 1
    before = asyncio.create_task(answer(runtime))
    await slow.holding()
    await runtime.admin.update_hook("t", hook.id, {"script": claim("2")})
    slow.open.set()
    assert await before == 1
    assert await answer(runtime) == 2


async def test_a_look_that_began_before_a_change_is_not_enough(
    runtime: Runtime, door: Callable[[str], Door], monkeypatch: pytest.MonkeyPatch
):
    """Two changes of other processes, one after the other: who asks after the second does not get what was there before it."""
    hook = await deploy(runtime, claim("1"))
    other = await choose_storage(runtime.settings.storage).open()
    preparing = door("enabled_hooks")
    preparing.holds = 1
    before = asyncio.create_task(answer(runtime))
    await preparing.holding()
    looking = Door(runtime.storage.peers.catch_up)
    monkeypatch.setattr(runtime.storage.peers, "catch_up", looking)
    await other.create_hook(replace(hook, tenant="u", id="h2", enabled=False))
    looking.holds = 1
    first = asyncio.create_task(answer(runtime, tenant="u"))
    await looking.holding()

    await other.update_hook("t", hook.id, HookChange(enabled=False), 2.0)
    after = asyncio.create_task(answer(runtime))
    await asyncio.sleep(0)
    looking.open.set()
    await first
    preparing.open.set()
    assert await after == "unchanged"
    assert await before == 1
    await other.close()


# Preparations


async def test_many_first_requests_prepare_once(runtime: Runtime, door: Callable[[str], Door]):
    """A hundred requests for a hook that nobody has asked for yet read it once."""
    await deploy(runtime, claim("1"))
    doors = [door(name) for name in ("enabled_hooks", "get_secrets", "get_image", "make_image")]
    doors[0].holds = 1
    asked = [asyncio.create_task(answer(runtime)) for _ in range(100)]
    await doors[0].holding()
    doors[0].open.set()

    assert await asyncio.gather(*asked) == [1] * 100
    assert await answer(runtime) == 1
    assert [len(door.calls) for door in doors] == [1, 1, 1, 0]


async def test_a_caller_who_leaves_does_no_harm(
    runtime: Runtime, records: list[Execution], door: Callable[[str], Door]
):
    """The first of several asked, and was cancelled: the others get their answer from the same preparation."""
    await deploy(runtime, claim("1"))
    slow = door("enabled_hooks")
    slow.holds = 1
    first = asyncio.create_task(answer(runtime))
    await slow.holding()
    others = [asyncio.create_task(answer(runtime)) for _ in range(3)]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    slow.open.set()

    assert await asyncio.gather(*others) == [1, 1, 1]
    assert (len(slow.calls), len(records)) == (1, 3)


@pytest.mark.parametrize("step", ["enabled_hooks", "get_secrets", "get_image", "run"])
async def test_what_is_not_available_now_is_there_later(
    runtime: Runtime, records: list[Execution], door: Callable[[str], Door], step: str
):
    """Every caller is told, nothing is recorded, nothing bad is kept: the next request works."""
    await deploy(runtime, claim("1"))
    broken = door(step)
    broken.refusal = Unavailable("The disk is full.")
    refused = await asyncio.gather(*(answer(runtime) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in refused] == [Unavailable] * 3
    assert records == []
    broken.refusal = None
    assert await answer(runtime) == 1


async def test_a_missing_image_is_made_and_kept(runtime: Runtime, door: Callable[[str], Door]):
    """As after an update of hookd: one of another build does not count, however it looks."""
    hook = await deploy_unchecked(runtime, claim("1"))
    await runtime.storage.put_image(hook.version.id, "another build", b"HKM1 of another layout")
    made = door("make_image")
    assert await answer(runtime) == 1
    runtime.dispatch.forget("t", CREDENTIALS)
    assert await answer(runtime) == 1

    assert made.calls == [(hook.version.script,)]
    assert await runtime.storage.get_image(hook.version.id, runtime.dispatch._preparations._images.build_id) is not None


async def test_an_image_that_can_not_be_kept_is_no_obstacle(runtime: Runtime, door: Callable[[str], Door]):
    """A full disk stops no token: the image is used, and kept another time."""
    hook = await deploy_unchecked(runtime, claim("1"))
    full = door("put_image")
    full.refusal = Unavailable("The disk is full.")
    assert await answer(runtime) == 1
    assert await answer(runtime) == 1
    assert len(full.calls) == 1
    full.refusal = None
    runtime.dispatch.forget("t", CREDENTIALS)
    assert await answer(runtime) == 1
    assert await runtime.storage.get_image(hook.version.id, runtime.dispatch._preparations._images.build_id) is not None


@pytest.mark.parametrize("other, expected", [(False, "unchanged"), (True, 2)])
async def test_a_hook_that_is_deleted_while_it_is_prepared(
    runtime: Runtime, door: Callable[[str], Door], other: bool, expected: object
):
    """Its secrets are gone when they are read: what is enabled by then runs, if anything."""
    hook = await deploy(runtime, claim("1"))
    slow = door("enabled_hooks")
    slow.holds = 1
    asked = asyncio.create_task(answer(runtime))
    await slow.holding()
    await runtime.admin.delete_hook("t", hook.id)
    if other:
        await deploy(runtime, claim("2"), name="other")
    slow.open.set()

    assert await asked == expected
    assert await answer(runtime) == expected


async def test_tenants_with_the_same_script_share_its_program(runtime: Runtime, door: Callable[[str], Door]):
    """One image in memory for any number of tenants, each with secrets of its own; gone when none uses it."""
    for tenant in ("t", "u"):
        await deploy(runtime, claim("context.secrets.A"), {"A": f"of {tenant}"}, tenant=tenant)
    slow = door("get_image")
    slow.holds = 2
    both = asyncio.gather(answer(runtime, tenant="t"), answer(runtime, tenant="u"))
    await slow.holding(2)
    slow.open.set()
    kept = runtime.dispatch._preparations._rows

    assert list(await both) == ["of t", "of u"]
    assert len({id(ready.program) for row in kept.values() for ready in row.hooks}) == 1
    assert len(runtime.dispatch._preparations._programs) == 1
    for tenant in ("t", "u"):
        runtime.dispatch.forget(tenant, CREDENTIALS)
    assert len(runtime.dispatch._preparations._programs) == 0


class CountedImages(SourceImages):
    """Counts the sources that it evaluates."""

    count = 0

    async def image_of(self, version: HookVersion, *, owner: str = "") -> bytes:
        self.count += 1
        return await super().image_of(version, owner=owner)


async def test_a_source_that_does_not_load_is_not_evaluated_for_each_call(runtime: Runtime):
    """It may take seconds to find out, and a plain webtask is called by anybody."""
    images = CountedImages(runtime.sandbox)
    preparations = Preparations(
        storage=runtime.storage,
        sealer=Sealer(bytes(range(32))),
        sandbox=runtime.sandbox,
        images=images,
        cache_bytes=SPARE,
    )
    hook = await deploy(runtime, "throw new Error('at load')", enabled=False)

    ready = [await preparations.make_ready(hook) for _ in range(3)]

    assert {one.rejected.message for one in ready if one.rejected} == {"Error: at load"}
    assert [one.program for one in ready] == [None] * 3
    assert images.count == 1


# Memory


def dispatch_of(runtime: Runtime, cache_bytes: int) -> Dispatch:
    """A dispatch of its own beside the runtime's, with so much room."""
    preparations = Preparations(
        storage=runtime.storage,
        sealer=Sealer(bytes(range(32))),
        sandbox=runtime.sandbox,
        images=SourceImages(runtime.sandbox),
        cache_bytes=cache_bytes,
    )
    limits = LimitSettings().limits()
    return Dispatch(
        preparations=preparations, recorder=runtime.recorder, limits=limits, breaker=Breaker(failures=0, seconds=1)
    )


async def test_the_least_used_hook_gives_way(runtime: Runtime, door: Callable[[str], Door]):
    """As many hooks are kept as there is room for, by use; one that is larger than all the room still runs."""
    large = "const filler = new Uint8Array(50000).fill(7);" + claim("filler[9]")
    for tenant in "abc":
        await deploy(runtime, large, tenant=tenant)
    measured = dispatch_of(runtime, SPARE)
    await measured.execute("a", CREDENTIALS, REQUEST)
    each = SPARE - measured._preparations._free
    read = door("enabled_hooks")

    dispatch = dispatch_of(runtime, 2 * each)
    for tenant in "abacbaa":
        await dispatch.execute(tenant, CREDENTIALS, REQUEST)
    assert [call[0] for call in read.calls] == ["a", "b", "c", "b", "a"]
    assert dispatch._preparations._free == 0

    read.calls.clear()
    narrow = dispatch_of(runtime, each // 2)
    for tenant in "aab":
        await narrow.execute(tenant, CREDENTIALS, REQUEST)
    assert [call[0] for call in read.calls] == ["a", "b"]
    assert each > 50_000


async def test_all_memory_is_given_back(runtime: Runtime):
    """Hooks with secrets and without, ones that do not load, places without any: forgotten, nothing is left."""
    dispatch = dispatch_of(runtime, SPARE)
    await deploy(runtime, claim("1"), {"A": "x" * 4000}, tenant="a")
    await deploy(runtime, claim("1"), tenant="b")
    await deploy_unchecked(runtime, "throw 1;")
    places = [(tenant, CREDENTIALS) for tenant in ("a", "b", "t", "nobody")]
    free = []
    for tenant, trigger in places:
        await dispatch.execute(tenant, trigger, REQUEST)
        free.append(dispatch._preparations._free)
    for place in [*places, *places, ("never", CREDENTIALS)]:
        dispatch.forget(*place)

    assert free == sorted(free, reverse=True)
    assert SPARE - free[0] > 4 * 4000, "secrets are counted"
    assert dispatch._preparations._free == SPARE
    assert (
        len(dispatch._preparations._rows),
        len(dispatch._preparations._preparing),
        len(dispatch._preparations._programs),
    ) == (0, 0, 0)


async def test_what_is_made_anew_takes_its_room_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    """Where others' changes come so quickly that what is kept is never known to be the newest."""
    monkeypatch.setattr(type(runtime.storage.peers), "is_behind", property(lambda _: True))
    dispatch, taken = dispatch_of(runtime, SPARE), set()
    await deploy(runtime, claim("1"))
    for _ in range(3):
        await dispatch.execute("t", CREDENTIALS, REQUEST)
        taken.add(dispatch._preparations.bytes)
        assert len(dispatch._preparations._rows) == 1

    assert len(taken) == 1
