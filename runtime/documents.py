"""What hooks and webtasks keep by `context.storage`, as their operations and the Webtask API see it."""

from __future__ import annotations

from runtime.errors import HookdError
from runtime.sandbox.operations.base import Failed
from runtime.storage.base import DocumentChanged, Storage


class StoredDocuments:
    """See `Documents`. What goes wrong is told to the hook by the status that HTTP would have."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def get(self, owner: str, hook: str) -> tuple[str, str] | None:
        """See `Documents.get`."""
        try:
            found = await self._storage.get_document(owner, hook)
        except HookdError as error:
            raise Failed(error.status, error.message) from None
        return (found.data, found.etag) if found else None

    async def put(self, owner: str, hook: str, data: str, etag: str | None) -> str:
        """See `Documents.put`."""
        try:
            return (await self._storage.put_document(owner, hook, data, etag=etag)).etag
        except DocumentChanged as changed:
            now = changed.document
            more = {"data": now.data, "etag": now.etag} if now else {"etag": ""}
            raise Failed(changed.status, changed.message, more) from None
        except HookdError as error:
            raise Failed(error.status, error.message) from None
