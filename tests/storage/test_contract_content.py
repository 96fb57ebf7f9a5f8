"""What `runtime/storage/base.py` promises of versions, secrets, images and documents, of every backend."""

from __future__ import annotations

import asyncio

import pytest

from runtime.errors import HookdError, HookNotFound
from runtime.model import Deploy
from runtime.storage.base import (
    VERSIONS,
    Document,
    DocumentChanged,
    HookChange,
    SecretNameTaken,
    SecretNotFound,
    TooManySecrets,
    VersionNotFound,
)

STRANGE = "a'b\"c\0d\u202e\U0001f511%_; DROP TABLE hooks --"


# versions


async def test_a_hooks_deploys_are_numbered_and_its_versions_stay(storage, nouns):
    """Newest first; the number is the hook's own; what was deployed is read as it was."""
    first, second = nouns.version(dependencies={STRANGE: "1"}), nouns.version(script=STRANGE)
    hook = nouns.hook(version=first, created_at=5.0)
    await storage.create_hook(hook)
    await storage.update_hook("acme", hook.id, HookChange(version=second), 6.0)
    await storage.update_hook("acme", hook.id, HookChange(name="renamed"), 7.0)
    await storage.update_hook("acme", hook.id, HookChange(version=first), 8.0)

    assert await storage.list_deploys("acme", hook.id) == [
        Deploy(number=3, version_id=first.id, at=8.0),
        Deploy(number=2, version_id=second.id, at=6.0),
        Deploy(number=1, version_id=first.id, at=5.0),
    ]
    assert [await storage.get_version("acme", hook.id, number) for number in (1, 2, 3)] == [first, second, first]


async def test_the_newest_versions_are_kept(storage, nouns):
    """The numbers go on; an older version is not found any more."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    for _ in range(VERSIONS):
        await storage.update_hook("acme", hook.id, HookChange(version=nouns.version()), 2.0)

    assert [deploy.number for deploy in await storage.list_deploys("acme", hook.id)] == [*range(VERSIONS + 1, 1, -1)]
    with pytest.raises(VersionNotFound, match="no version 1, or no longer"):
        await storage.get_version("acme", hook.id, 1)


async def test_versions_of_another_tenant_or_of_no_hook_are_not_found(storage, nouns):
    """Also by a number that the hook has."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    for tenant, hook_id in (("other", hook.id), ("acme", "none")):
        with pytest.raises(HookNotFound):
            await storage.list_deploys(tenant, hook_id)
        with pytest.raises(HookNotFound):
            await storage.get_version(tenant, hook_id, 1)


# secrets


async def test_secrets_that_come_with_a_hook(storage, nouns):
    """Stored with a new one, and in place of all that it has with a change; without them a change leaves them."""
    hook = nouns.hook()
    await storage.create_hook(hook, secrets={"A": b"1", "B": b"2"})
    await storage.update_hook("acme", hook.id, HookChange(name="renamed"), 2.0)
    assert await storage.get_secrets("acme", hook.id) == {"A": b"1", "B": b"2"}
    await storage.update_hook("acme", hook.id, HookChange(secrets={"B": b"3", STRANGE: b"4"}), 2.0)
    assert await storage.get_secrets("acme", hook.id) == {"B": b"3", STRANGE: b"4"}
    await storage.update_hook("acme", hook.id, HookChange(secrets={}), 2.0)
    assert await storage.get_secrets("acme", hook.id) == {}


async def test_secrets_come_back_as_they_came(storage, nouns):
    """Bytes that are no text, and names that are strange."""
    hook = nouns.hook()
    await storage.create_hook(hook)

    await storage.add_secrets("acme", hook.id, {STRANGE: bytes(range(256)), "B": b""}, most=2)

    assert await storage.get_secrets("acme", hook.id) == {STRANGE: bytes(range(256)), "B": b""}


async def test_secrets_are_added_all_or_none(storage, nouns):
    """A name that exists and a number that is too large refuse the whole call."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    await storage.add_secrets("acme", hook.id, {"A": b"1"}, most=2)

    with pytest.raises(SecretNameTaken):
        await storage.add_secrets("acme", hook.id, {"B": b"2", "A": b"3"}, most=9)
    with pytest.raises(TooManySecrets, match="at most 2 secrets; this one would have 3"):
        await storage.add_secrets("acme", hook.id, {"B": b"2", "C": b"3"}, most=2)

    assert await storage.get_secrets("acme", hook.id) == {"A": b"1"}


async def test_secrets_are_changed_all_or_none(storage, nouns):
    """A name that does not exist refuses the whole call."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    await storage.add_secrets("acme", hook.id, {"A": b"1", "B": b"2"}, most=20)

    with pytest.raises(SecretNotFound):
        await storage.update_secrets("acme", hook.id, {"A": b"9", "C": b"9"})
    assert await storage.get_secrets("acme", hook.id) == {"A": b"1", "B": b"2"}

    await storage.update_secrets("acme", hook.id, {"B": b"3"})
    await storage.update_secrets("acme", hook.id, {})
    assert await storage.get_secrets("acme", hook.id) == {"A": b"1", "B": b"3"}


async def test_deleting_a_secret_twice_is_no_error(storage, nouns):
    """Names that do not exist are passed over."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    await storage.add_secrets("acme", hook.id, {"A": b"1", "B": b"2"}, most=20)

    for _ in range(2):
        await storage.delete_secrets("acme", hook.id, ["A", "C", "A"])

    assert await storage.get_secrets("acme", hook.id) == {"B": b"2"}


async def test_errors_never_show_a_sealed_value(storage, nouns):
    """Sealed is not plain, but it is nobody's business either."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    await storage.add_secrets("acme", hook.id, {"A": b"sealed-value"}, most=20)

    for call in (
        storage.add_secrets("acme", hook.id, {"A": b"sealed-value"}, most=20),
        storage.add_secrets("acme", hook.id, {"B": b"sealed-value"}, most=1),
        storage.update_secrets("acme", hook.id, {"C": b"sealed-value"}),
    ):
        with pytest.raises(HookdError) as caught:
            await call
        assert "sealed-value" not in f"{caught.value!r} {caught.value.debug} {caught.value.to_body()}"


# images


async def test_an_image_belongs_to_one_version_and_one_build(storage, nouns):
    """There is one per version; that of another build is none."""
    hooks = nouns.hook(), nouns.hook()
    for hook in hooks:
        await storage.create_hook(hook)
    v, w = (hook.version.id for hook in hooks)
    assert await storage.get_image(v, "build 1") is None

    await storage.put_image(v, "build 1", b"\0image")
    await storage.put_image(w, "build 1", b"")
    assert await storage.get_image(v, "build 1") == b"\0image"
    assert await storage.get_image(v, "build 2") is None
    assert await storage.get_image(w, "build 1") == b""

    await storage.put_image(v, "build 2", b"newer")
    assert await storage.get_image(v, "build 1") is None
    assert await storage.get_image(v, "build 2") == b"newer"


async def test_an_image_that_comes_too_late_is_not_kept(storage, nouns):
    """Made for a hook that was deleted or changed meanwhile, it would stay for ever."""
    deleted, changed = nouns.hook(), nouns.hook()
    for hook in (deleted, changed):
        await storage.create_hook(hook)
    await storage.delete_hook("acme", deleted.id)
    await storage.update_hook("acme", changed.id, HookChange(version=nouns.version()), 2.0)

    for hook in (deleted, changed):
        await storage.put_image(hook.version.id, "b", b"late")
        assert await storage.get_image(hook.version.id, "b") is None


async def test_a_document_comes_back_as_it_was_put(storage, nouns):
    """Each hook has its own; it stays when the hook is changed, and goes with it."""
    hook, other = nouns.hook(), nouns.hook()
    await storage.create_hook(hook)
    await storage.create_hook(other)

    assert await storage.get_document("acme", hook.id) is None
    written = await storage.put_document("acme", hook.id, '{"a": "\u00e9"}', etag=None)
    assert await storage.get_document("acme", hook.id) == written == Document('{"a": "\u00e9"}', written.etag)
    assert await storage.get_document("acme", other.id) is None
    await storage.update_hook("acme", hook.id, HookChange(name="renamed"), 2.0)
    assert await storage.get_document("acme", hook.id) == written
    await storage.delete_hook("acme", hook.id)
    await storage.create_hook(hook)
    assert await storage.get_document("acme", hook.id) is None


async def test_a_document_is_replaced_only_if_it_is_still_the_one(storage, nouns):
    """By its etag, which is "" where there is none; None takes any."""
    hook = nouns.hook()
    await storage.create_hook(hook)

    first = await storage.put_document("acme", hook.id, "1", etag="")
    with pytest.raises(DocumentChanged) as changed:
        await storage.put_document("acme", hook.id, "2", etag="")
    assert changed.value.document == first
    second = await storage.put_document("acme", hook.id, "2", etag=first.etag)
    with pytest.raises(DocumentChanged):
        await storage.put_document("acme", hook.id, "3", etag=first.etag)
    assert await storage.get_document("acme", hook.id) == second
    await storage.put_document("acme", hook.id, "4", etag=None)
    with pytest.raises(DocumentChanged):
        await storage.put_document("acme", hook.id, "5", etag=second.etag)


async def test_of_many_who_change_a_document_at_once_one_does(storage, nouns):
    """The others learn that it was changed."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    puts = [storage.put_document("acme", hook.id, str(number), etag="") for number in range(10)]
    done = await asyncio.gather(*puts, return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["Document"] + ["DocumentChanged"] * 9
