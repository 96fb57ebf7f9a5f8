"""What `runtime/storage/resealing.py` promises, of every backend."""

from __future__ import annotations

import pytest

from runtime.errors import HookNotFound
from runtime.storage.base import Storage
from runtime.storage.resealing import ENOUGH
from runtime.storage.secret_tables import _TOGETHER
from tests.storage.conftest import Nouns


async def all_of(storage: Storage) -> list[tuple[str, str]]:
    """Walked to the end."""
    found: list[tuple[str, str]] = []
    at = ""
    while True:
        some, at = await storage.hooks_with_secrets(at)
        found += some
        if not at:
            return found


async def test_every_hook_with_secrets_is_found(storage: Storage, nouns: Nouns):
    """Of all tenants, however they are called and however many there are; hooks without any are not."""
    assert await all_of(storage) == []
    hooks = [nouns.hook(tenant=tenant) for tenant in ("acme", "a:b", "{x}*[y]") for _ in range(2)]
    for number, hook in enumerate(hooks):
        await storage.create_hook(hook, secrets={"A": b"1"} if number % 2 else None)

    assert sorted(await all_of(storage)) == sorted((hook.tenant, hook.id) for hook in hooks[1::2])


async def test_a_walk_goes_on_where_it_was(storage: Storage, nouns: Nouns):
    """More than one call gives, one of them removed meanwhile: each of the others is there."""
    version = nouns.version()
    hooks = [nouns.hook(version=version) for _ in range(_TOGETHER + 20)]
    for hook in hooks:
        await storage.create_hook(hook, secrets={"A": b"1"})
    found, at = await storage.hooks_with_secrets("")
    await storage.delete_hook("acme", hooks[0].id)
    while at:
        some, at = await storage.hooks_with_secrets(at)
        found += some

    assert {("acme", hook.id) for hook in hooks[1:]} <= set(found)


async def test_only_what_was_read_is_replaced(storage: Storage, nouns: Nouns):
    """What somebody else has changed meanwhile stays as it is, and what is gone stays gone; others' hooks are not touched."""
    hook, other = nouns.hook(), nouns.hook(tenant="other")
    for one in (hook, other):
        await storage.create_hook(one, secrets={"A": b"1", "B": b"2", "C": b"3"})
    await storage.update_secrets("acme", hook.id, {"B": b"new"})
    await storage.delete_secrets("acme", hook.id, ["C"])
    anew = {"A": (b"1", b"one\0"), "B": (b"2", b"two"), "C": (b"3", b"three"), "D": (b"", b"four")}
    for _ in range(2):
        await storage.replace_secrets("acme", hook.id, anew)
        await storage.replace_secrets("other", hook.id, anew)

    assert await storage.get_secrets("acme", hook.id) == {"A": b"one\0", "B": b"new"}
    assert await storage.get_secrets("other", other.id) == {"A": b"1", "B": b"2", "C": b"3"}
    await storage.delete_hook("acme", hook.id)
    await storage.replace_secrets("acme", hook.id, anew)
    with pytest.raises(HookNotFound):
        await storage.get_secrets("acme", hook.id)
    assert await all_of(storage) == [("other", other.id)]


async def test_a_proof_takes_the_place_of_the_one_that_was_there(storage: Storage):
    """Of none, too; and none of it. Where another is there by now, that stays, and who asks twice has it once."""
    assert await storage.get_proof() is None
    for old, new, then in (
        (b"a", b"b", None),
        (None, b"a\0\xff", b"a\0\xff"),
        (None, b"b", b"a\0\xff"),
        (b"c", b"b", b"a\0\xff"),
        (b"a\0\xff", b"b", b"b"),
        (b"a\0\xff", b"c", b"b"),
        (b"c", None, b"b"),
        (b"b", None, None),
        (b"b", None, None),
    ):
        await storage.replace_proof(old, new)
        assert await storage.get_proof() == then


async def test_some_secrets_are_found_wherever_they_are(storage: Storage, nouns: Nouns):
    """By where they belong; however tenants and secrets are called."""
    assert await storage.some_secrets() == {}
    await storage.create_hook(nouns.hook())
    assert await storage.some_secrets() == {}
    hook = nouns.hook(tenant="a:b{x}*[y]/")
    await storage.create_hook(hook, secrets={"A/b": b"1\0", "\u202e": b"\xff"})

    assert await storage.some_secrets() == {
        f"a:b{{x}}*[y]//{hook.id}/A/b": b"1\0",
        f"a:b{{x}}*[y]//{hook.id}/\u202e": b"\xff",
    }
    for _ in range(ENOUGH):
        await storage.create_hook(nouns.hook(version=hook.version), secrets={"A": b"1"})
    assert len(await storage.some_secrets()) >= ENOUGH
