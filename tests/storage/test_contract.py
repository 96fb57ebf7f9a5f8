"""What `runtime/storage/base.py` promises of hooks, of every backend. A test takes `storage` and knows no backend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from runtime.errors import HookNameTaken, HookNotFound, Unavailable
from runtime.storage.base import (
    ExecutionFilter,
    HookChange,
    HookFilter,
    StaleHook,
    Storage,
    TooManyHooks,
)

ALL = HookFilter()
EVERY = ExecutionFilter()
# Quotes, a NUL, right-to-left, outside the basic plane, SQL: text is text.
STRANGE = "a'b\"c\0d\u202e\U0001f511%_; DROP TABLE hooks --"


async def names(storage: Storage, wanted: HookFilter = ALL, tenant: str = "acme") -> list[str]:
    """Which hooks there are."""
    return [hook.name for hook in (await storage.list_hooks(tenant, wanted, start=0, limit=1000))[0]]


# hooks and versions


async def test_a_hook_comes_back_as_it_was_stored(storage, nouns):
    """Every field, dependencies and strange text included."""
    version = nouns.version(script=STRANGE, dependencies={STRANGE: "1.0", "a": STRANGE})
    hook = nouns.hook(name=STRANGE, enabled=True, version=version, created_at=1.25, updated_at=2.5)

    written = await storage.create_hook(hook)

    assert written.hook == hook
    assert written.disabled is None
    assert await storage.get_hook("acme", hook.id) == hook
    assert await storage.enabled_hooks("acme", hook.trigger) == (hook,)
    assert await storage.list_hooks("acme", ALL, start=0, limit=1) == ([hook], 1)


async def test_hooks_are_listed_in_order_of_creation(storage, nouns):
    """Whatever their names and times, page by page, with the number of all that match."""
    hooks = [nouns.hook(name=name, created_at=at) for name, at in (("b", 3.0), ("a", 2.0), ("c", 1.0))]
    for hook in hooks:
        await storage.create_hook(hook)

    assert await storage.list_hooks("acme", ALL, start=0, limit=2) == (hooks[:2], 3)
    assert await storage.list_hooks("acme", ALL, start=2, limit=2) == (hooks[2:], 3)
    assert await storage.list_hooks("acme", ALL, start=3, limit=2) == ([], 3)
    assert await storage.list_hooks("acme", ALL, start=0, limit=0) == ([], 3)


async def test_hooks_are_listed_by_trigger_and_by_whether_they_are_enabled(storage, nouns):
    """Both conditions together, and False is a condition too."""
    for name, trigger, enabled in (("1", "a", True), ("2", "a", False), ("3", "b", True), ("4", "b", False)):
        await storage.create_hook(nouns.hook(name=name, trigger=trigger, enabled=enabled))

    assert await names(storage, HookFilter(trigger="a")) == ["1", "2"]
    assert await names(storage, HookFilter(enabled=True)) == ["1", "3"]
    assert await names(storage, HookFilter(enabled=False)) == ["2", "4"]
    assert await names(storage, HookFilter(trigger="b", enabled=False)) == ["4"]
    assert await storage.list_hooks("acme", HookFilter(trigger="c"), start=0, limit=9) == ([], 0)


async def test_a_name_is_taken_within_its_trigger_and_tenant_only(storage, nouns):
    """The same name serves another trigger and another tenant; a refused hook leaves nothing behind."""
    first = await storage.create_hook(nouns.hook(name="n", enabled=True))
    await storage.create_hook(nouns.hook(name="n", trigger="password-exchange"))
    await storage.create_hook(nouns.hook(name="n", tenant="other"))

    with pytest.raises(HookNameTaken):
        await storage.create_hook(nouns.hook(name="n", enabled=True))

    assert await names(storage) == ["n", "n"]
    assert await storage.enabled_hooks("acme", "credentials-exchange") == (first.hook,)


async def test_a_tenant_has_no_more_hooks_than_it_may(storage, nouns):
    """Also when many are created at once; a refused one changes nothing, another tenant is not concerned."""
    first = nouns.hook(enabled=True)
    await storage.create_hook(first, most=3)
    calls = (storage.create_hook(nouns.hook(), most=3) for _ in range(5))
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["HookWritten"] * 2 + ["TooManyHooks"] * 3
    with pytest.raises(TooManyHooks, match="A tenant can have at most 3 hooks") as caught:
        await storage.create_hook(nouns.hook(enabled=True, trigger="password-exchange"), most=3)
    assert (caught.value.status, caught.value.code) == (409, "too_many_entities")
    assert len(await names(storage)) == 3
    assert await storage.enabled_hooks("acme", first.trigger) == (first,)

    await storage.create_hook(nouns.hook(tenant="other"), most=3)
    await storage.delete_hook("acme", first.id)
    await storage.create_hook(nouns.hook(), most=3)


async def test_enabling_disables_the_other_of_the_same_trigger(storage, nouns):
    """Both by create and by update; the answer has the other as it stands after the write."""
    first, second = nouns.hook(enabled=True), nouns.hook(enabled=True, created_at=5.0)
    elsewhere = nouns.hook(enabled=True, trigger="password-exchange")
    foreign = nouns.hook(enabled=True, tenant="other")
    for hook in (first, elsewhere, foreign):
        await storage.create_hook(hook)

    created = await storage.create_hook(second)
    updated = await storage.update_hook("acme", first.id, HookChange(enabled=True), 9.0)

    assert created.disabled is not None
    assert (created.disabled.id, created.disabled.enabled, created.disabled.updated_at) == (first.id, False, 5.0)
    assert updated.disabled == await storage.get_hook("acme", second.id)
    assert updated.disabled.enabled is False
    assert await names(storage, HookFilter(enabled=True)) == [first.name, elsewhere.name]
    assert await storage.enabled_hooks("other", foreign.trigger) == (foreign,)


async def test_enabling_an_enabled_hook_disables_nothing(storage, nouns):
    """A client that sends the whole hook again changes nothing."""
    hook = nouns.hook(enabled=True)
    await storage.create_hook(hook)

    written = await storage.update_hook("acme", hook.id, HookChange(enabled=True), 2.0)

    assert written.disabled is None
    assert await storage.enabled_hooks("acme", hook.trigger) == (written.hook,)


async def test_disabling_leaves_none_enabled(storage, nouns):
    """`enabled: false` is a change; nobody is enabled in its place."""
    hook = nouns.hook(enabled=True)
    await storage.create_hook(hook)
    await storage.create_hook(nouns.hook())

    await storage.update_hook("acme", hook.id, HookChange(enabled=False), 2.0)

    assert await storage.enabled_hooks("acme", hook.trigger) == ()


async def test_an_update_changes_what_it_names(storage, nouns):
    """None leaves a field; `updated_at` moves, `created_at` does not."""
    hook, version = nouns.hook(enabled=True), nouns.version(dependencies={"a": "1"})
    await storage.create_hook(hook)

    renamed = await storage.update_hook("acme", hook.id, HookChange(name="new name"), 2.0)
    replaced = await storage.update_hook("acme", hook.id, HookChange(version=version), 3.0)

    assert (renamed.hook.name, renamed.hook.version, renamed.hook.enabled) == ("new name", hook.version, True)
    assert (replaced.hook.name, replaced.hook.version, replaced.hook.enabled) == ("new name", version, True)
    assert (replaced.hook.created_at, replaced.hook.updated_at) == (1.0, 3.0)
    assert await storage.get_hook("acme", hook.id) == replaced.hook


async def test_an_update_to_a_taken_name_changes_nothing(storage, nouns):
    """Neither the name nor what came with it; its own name is not taken."""
    taken, hook = nouns.hook(name="taken", enabled=True), nouns.hook(name="mine")
    await storage.create_hook(taken)
    await storage.create_hook(hook)

    with pytest.raises(HookNameTaken):
        await storage.update_hook("acme", hook.id, HookChange(name="taken", enabled=True, version=nouns.version()), 2.0)
    assert await storage.get_hook("acme", hook.id) == hook
    assert await storage.enabled_hooks("acme", hook.trigger) == (taken,)

    assert (await storage.update_hook("acme", hook.id, HookChange(name="mine"), 2.0)).hook.name == "mine"


async def test_a_version_may_be_shared_and_come_back(storage, nouns):
    """Two hooks, two tenants or one hook at two times may have the same content."""
    first, second = nouns.version(), nouns.version()
    hook = nouns.hook(version=first)
    await storage.create_hook(hook)
    await storage.create_hook(nouns.hook(version=first))
    await storage.create_hook(nouns.hook(version=first, tenant="other"))

    await storage.update_hook("acme", hook.id, HookChange(version=second), 2.0)
    written = await storage.update_hook("acme", hook.id, HookChange(version=first), 3.0)

    assert written.hook.version == first


@pytest.mark.parametrize("change", [{"enabled": True}, {"version": True}])
async def test_a_change_that_was_decided_on_another_state_is_stale(storage, nouns, change):
    """When version or `enabled` are not as seen, nothing is written."""
    seen = nouns.hook()
    await storage.create_hook(seen)
    version = nouns.version() if "version" in change else None
    await storage.update_hook("acme", seen.id, HookChange(enabled=change.get("enabled"), version=version), 2.0)
    before = await storage.get_hook("acme", seen.id)

    with pytest.raises(StaleHook):
        await storage.update_hook("acme", seen.id, HookChange(name="late"), 3.0, seen=seen)

    assert await storage.get_hook("acme", seen.id) == before


async def test_a_new_name_makes_no_change_stale(storage, nouns):
    """What was decided does not depend on the name."""
    seen = nouns.hook()
    await storage.create_hook(seen)
    await storage.update_hook("acme", seen.id, HookChange(name="other"), 2.0)

    written = await storage.update_hook("acme", seen.id, HookChange(enabled=True), 3.0, seen=seen)

    assert (written.hook.name, written.hook.enabled) == ("other", True)


async def test_many_who_enable_at_once_leave_one_enabled(storage, nouns):
    """The last one wins; each answer names the one that it disabled."""
    hooks = [nouns.hook() for _ in range(20)]
    for hook in hooks:
        await storage.create_hook(hook)

    written = await asyncio.gather(
        *(storage.update_hook("acme", hook.id, HookChange(enabled=True), 2.0) for hook in hooks)
    )

    enabled = await names(storage, HookFilter(enabled=True))
    assert len(enabled) == 1
    disabled = [one.disabled.name for one in written if one.disabled]
    assert sorted(disabled + enabled) == sorted(hook.name for hook in hooks)


async def test_a_deleted_hook_is_gone_with_its_secrets(storage, nouns):
    """The answer is what it was; its name is free again, and a hook of the same id has no old secret."""
    hook = nouns.hook(enabled=True)
    await storage.create_hook(hook)
    await storage.add_secrets("acme", hook.id, {"A": b"1"}, most=20)

    assert await storage.delete_hook("acme", hook.id) == hook

    assert await storage.enabled_hooks("acme", hook.trigger) == ()
    assert await names(storage) == []
    await storage.create_hook(hook)
    assert await storage.get_secrets("acme", hook.id) == {}


CALLS: dict[str, Callable[[Storage, str, str], Awaitable[object]]] = {
    "get_hook": lambda storage, tenant, hook: storage.get_hook(tenant, hook),
    "update_hook": lambda storage, tenant, hook: storage.update_hook(tenant, hook, HookChange(name="x"), 2.0),
    "delete_hook": lambda storage, tenant, hook: storage.delete_hook(tenant, hook),
    "get_secrets": lambda storage, tenant, hook: storage.get_secrets(tenant, hook),
    "add_secrets": lambda storage, tenant, hook: storage.add_secrets(tenant, hook, {"B": b"2"}, most=20),
    "update_secrets": lambda storage, tenant, hook: storage.update_secrets(tenant, hook, {"A": b"2"}),
    "get_document": lambda storage, tenant, hook: storage.get_document(tenant, hook),
    "put_document": lambda storage, tenant, hook: storage.put_document(tenant, hook, "1", etag=None),
    "delete_secrets": lambda storage, tenant, hook: storage.delete_secrets(tenant, hook, ["A"]),
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_hook_is_not_found_under_another_tenant_or_id(storage, nouns, call):
    """Each call that names a hook, and none changes anything."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    await storage.add_secrets("acme", hook.id, {"A": b"1"}, most=20)

    for tenant, hook_id in (("other", hook.id), ("acme", "missing"), ("ACME", hook.id)):
        with pytest.raises(HookNotFound):
            await CALLS[call](storage, tenant, hook_id)

    assert await storage.get_hook("acme", hook.id) == hook
    assert await storage.get_secrets("acme", hook.id) == {"A": b"1"}
    assert await names(storage, tenant="other") == []


# the whole


async def test_a_caller_who_is_cancelled_takes_nothing_back(storage, nouns):
    """What was accepted is written, whole."""
    hook = nouns.hook(enabled=True)
    call = asyncio.ensure_future(storage.create_hook(hook))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    while await storage.enabled_hooks("acme", hook.trigger) == ():
        await asyncio.sleep(0)
    assert await storage.get_hook("acme", hook.id) == hook


async def test_close_finishes_what_was_accepted(storage, nouns):
    """Calls in progress are answered; later ones are `Unavailable`; closing again is no error."""
    calls = [asyncio.ensure_future(storage.create_hook(nouns.hook())) for _ in range(20)]
    calls_to_read = [asyncio.ensure_future(storage.enabled_hooks("acme", "t")) for _ in range(20)]
    await asyncio.sleep(0)

    await storage.close()

    assert len(await asyncio.gather(*calls)) == 20
    assert await asyncio.gather(*calls_to_read) == [()] * 20
    with pytest.raises(Unavailable):
        await storage.create_hook(nouns.hook())
    with pytest.raises(Unavailable):
        await storage.ping()
    await storage.close()


async def test_ping_answers(storage):
    """Nothing to return: that it returns is the answer."""
    assert await storage.ping() is None


async def test_a_trigger_is_left_out(storage, nouns):
    """Of the page and of the number."""
    hooks = [nouns.hook(trigger=trigger) for trigger in ("webtask", "credentials-exchange", "webtask")]
    for hook in hooks:
        await storage.create_hook(hook)

    assert await storage.list_hooks("acme", HookFilter(but_trigger="webtask"), start=0, limit=9) == ([hooks[1]], 1)


async def test_a_hook_takes_the_place_of_another(storage, nouns):
    """In one transaction: its name and its room among the most are free; where that is gone nothing is stored."""
    old = nouns.hook(trigger="webtask")
    await storage.create_hook(old, secrets={"A": b"1"})
    new = nouns.hook(name=old.name)
    await storage.create_hook(new, most=1, secrets={"B": b"2"}, instead_of=old.id)

    assert await storage.list_hooks("acme", ALL, start=0, limit=9) == ([new], 1)
    assert await storage.get_secrets("acme", new.id) == {"B": b"2"}
    with pytest.raises(HookNotFound):
        await storage.create_hook(nouns.hook(), instead_of=old.id)
    same = nouns.hook(name=new.name)
    await storage.create_hook(same, instead_of=new.id)
    with pytest.raises(HookNotFound):
        await storage.create_hook(nouns.hook(tenant="other"), instead_of=same.id)
    assert await storage.list_hooks("acme", ALL, start=0, limit=9) == ([same], 1)
