"""What every backend promises of the modules of versions."""

from __future__ import annotations

import pytest

from runtime.errors import HookNotFound
from runtime.storage.base import VERSIONS, HookChange, StaleHook

BUNDLE = bytes(range(256)) * 50


async def test_a_bundle_comes_with_its_version(storage, nouns):
    """It is read as it was written; to write it again changes nothing."""
    version = nouns.version(modules="m" * 64)
    hook, other = nouns.hook(version=version), nouns.hook(tenant="other")
    await storage.create_hook(hook, bundle=BUNDLE)
    await storage.create_hook(other)
    await storage.update_hook("other", other.id, HookChange(version=version, bundle=b"another"), 2.0)

    assert await storage.get_bundle("m" * 64) == BUNDLE
    assert await storage.get_bundle("n" * 64) is None
    assert (await storage.get_hook("acme", hook.id)).version == version
    assert await storage.get_version("other", other.id, 2) == version


async def test_a_bundle_goes_with_its_last_version(storage, nouns):
    """Of whichever hook and tenant; as long as one is kept, so is the bundle."""
    first, second = (nouns.hook(version=nouns.version(modules="m" * 64)) for _ in range(2))
    await storage.create_hook(first, bundle=BUNDLE)
    await storage.create_hook(second)
    for _ in range(VERSIONS):
        await storage.update_hook("acme", first.id, HookChange(version=nouns.version()), 2.0)
    kept = await storage.get_bundle("m" * 64)
    await storage.delete_hook("acme", second.id)

    assert kept == BUNDLE
    assert await storage.get_bundle("m" * 64) is None


async def test_no_version_is_stored_without_its_bundle(storage, nouns):
    """Who read it a moment ago may be too late."""
    version, hook = nouns.version(modules="m" * 64), nouns.hook()
    await storage.create_hook(hook)
    with pytest.raises(StaleHook):
        await storage.update_hook("acme", hook.id, HookChange(version=version), 2.0)
    with pytest.raises(StaleHook):
        await storage.create_hook(late := nouns.hook(version=version))

    assert (await storage.get_hook("acme", hook.id)).version == hook.version
    with pytest.raises(HookNotFound):
        await storage.get_hook("acme", late.id)
