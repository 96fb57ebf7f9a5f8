"""What hooks keep, between their operations and the storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.documents import StoredDocuments
from runtime.model import Hook, HookVersion
from runtime.sandbox.operations.base import Failed
from runtime.storage.base import Storage
from runtime.storage.sqlite import open_sqlite

HOOK = Hook(
    tenant="acme",
    id="h1",
    name="a",
    trigger="webtask",
    enabled=False,
    version=HookVersion(id="v1", trigger="webtask", script="1", dependencies={}),
    created_at=1.0,
    updated_at=1.0,
)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = await open_sqlite(tmp_path / "hookd.db")
    await storage.create_hook(HOOK)
    yield storage
    await storage.close()


async def test_what_is_put_is_there(storage: Storage):
    """With the etag that was told."""
    documents = StoredDocuments(storage)
    assert await documents.get("acme", "h1") is None
    etag = await documents.put("acme", "h1", "1", "")

    assert await documents.get("acme", "h1") == ("1", etag)


async def test_a_conflict_says_what_there_is(storage: Storage):
    """409, as webtask has it."""
    documents = StoredDocuments(storage)
    with pytest.raises(Failed) as none:
        await documents.put("acme", "h1", "2", "gone")
    etag = await documents.put("acme", "h1", "1", None)
    with pytest.raises(Failed) as other:
        await documents.put("acme", "h1", "2", "")

    message = "The stored data was changed since it was read."
    assert none.value.said == {"code": 409, "message": message, "etag": ""}
    assert other.value.said == {"code": 409, "message": message, "data": "1", "etag": etag}


async def test_a_hook_that_is_gone_and_a_storage_that_is_closed(storage: Storage):
    """The hook is told the status that HTTP would have."""
    documents = StoredDocuments(storage)
    codes = []
    for call in (documents.get("acme", "h2"), documents.put("acme", "h2", "1", None)):
        with pytest.raises(Failed) as failed:
            await call
        codes.append(failed.value.said["code"])
    await storage.close()
    with pytest.raises(Failed) as closed:
        await documents.get("acme", "h1")

    assert [*codes, closed.value.said["code"]] == [404, 404, 503]
