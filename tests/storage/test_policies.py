"""Which hooks may be enabled beside each other, and in which order they run: the contract of every backend."""

from __future__ import annotations

import asyncio

import pytest

from runtime.model import Policy
from runtime.storage.base import ENABLED, HookChange, HookFilter, StaleHook, TooManyEnabled

TRIGGER = "credentials-exchange"


async def enabled(storage) -> list[str]:
    """The names of the enabled hooks, as they run."""
    return [hook.name for hook in await storage.enabled_hooks("acme", TRIGGER)]


async def test_a_policy_and_meta_come_back_as_they_were(storage, nouns):
    """All fields, through a create and through a change."""
    policy = Policy(clients=("b", "a"), audiences=("https://api/",), order=3, on_error="allow")
    hook = nouns.hook(policy=policy, meta={"wt-compiler": "x"})
    await storage.create_hook(hook)
    assert await storage.get_hook("acme", hook.id) == hook

    change = HookChange(policy=Policy(order=0), meta={})
    written = await storage.update_hook("acme", hook.id, change, 2.0)

    assert written.hook == await storage.get_hook("acme", hook.id)
    assert (written.hook.policy, written.hook.meta) == (Policy(order=0), {})


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Policy(), Policy(), False),
        (Policy(), Policy(on_error="allow"), False),
        (Policy(), Policy(order=0), True),
        (Policy(order=1), Policy(order=1), True),
        (Policy(), Policy(clients=("a",)), True),
        (Policy(clients=("a",)), Policy(clients=("b",)), True),
        (Policy(clients=("a", "b")), Policy(clients=("b", "a")), False),
        (Policy(clients=("a",)), Policy(audiences=("a",)), True),
    ],
)
@pytest.mark.parametrize("by", ["create", "enable", "change of policy"])
async def test_without_an_order_one_is_enabled_for_the_same(storage, nouns, first, second, both, by):
    """However the second comes to be enabled, the first makes way for it, or does not have to."""
    old = nouns.hook(name="first", enabled=True, policy=first)
    await storage.create_hook(old)
    if by == "create":
        written = await storage.create_hook(nouns.hook(name="second", enabled=True, policy=second))
    else:
        new = nouns.hook(name="second", enabled=by != "enable", policy=second if by == "enable" else Policy(order=9))
        await storage.create_hook(new)
        change = HookChange(enabled=True) if by == "enable" else HookChange(policy=second)
        written = await storage.update_hook("acme", new.id, change, 2.0)

    assert sorted(await enabled(storage)) == (["first", "second"] if both else ["second"])
    assert (None if written.disabled is None else written.disabled.id) == (None if both else old.id)


async def test_hooks_run_by_order_then_for_all_before_bound_then_by_age(storage, nouns):
    """No order counts as 0."""
    policies = {
        "ordered 1": Policy(order=1),
        "bound": Policy(clients=("a",)),
        "ordered 0": Policy(order=0),
        "for all": Policy(),
        "ordered -1": Policy(order=-1),
    }
    for name, policy in policies.items():
        await storage.create_hook(nouns.hook(name=name, enabled=True, policy=policy))

    assert await enabled(storage) == ["ordered -1", "ordered 0", "for all", "bound", "ordered 1"]


async def test_at_most_twenty_are_enabled_at_once(storage, nouns):
    """The one more is refused by name of the rule, and one may still take another's place."""
    for order in range(ENABLED - 1):
        await storage.create_hook(nouns.hook(enabled=True, policy=Policy(order=order)))
    await storage.create_hook(nouns.hook(enabled=True))
    late = nouns.hook(policy=Policy(order=99))
    await storage.create_hook(late)

    with pytest.raises(TooManyEnabled, match="At most 20 hooks"):
        await storage.update_hook("acme", late.id, HookChange(enabled=True), 2.0)
    assert (await storage.create_hook(nouns.hook(enabled=True))).disabled is not None
    assert len(await enabled(storage)) == ENABLED


async def test_of_many_who_enable_at_once_one_is_left(storage, nouns):
    """Also where they are bound."""
    policy = Policy(clients=("a",))
    hooks = [nouns.hook(policy=policy) for _ in range(8)]
    for hook in hooks:
        await storage.create_hook(hook)

    await asyncio.gather(*(storage.update_hook("acme", hook.id, HookChange(enabled=True), 2.0) for hook in hooks))

    assert len(await enabled(storage)) == 1


async def test_a_change_decided_on_another_policy_is_stale(storage, nouns):
    """Else two who add a client each would lose one."""
    seen = nouns.hook()
    await storage.create_hook(seen)
    await storage.update_hook("acme", seen.id, HookChange(policy=Policy(clients=("a",))), 2.0)

    with pytest.raises(StaleHook):
        await storage.update_hook("acme", seen.id, HookChange(policy=Policy(clients=("b",))), 3.0, seen=seen)


async def test_hooks_are_found_by_name(storage, nouns):
    """One for each trigger at most."""
    hook = nouns.hook(name="wanted")
    for one in (hook, nouns.hook(), nouns.hook(name="wanted", tenant="other")):
        await storage.create_hook(one)

    assert await storage.list_hooks("acme", HookFilter(name="wanted"), start=0, limit=9) == ([hook], 1)
