"""Does the operations of all runs: requests by the network's client, storage by the storage. Owners share what there is."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from runtime.model import Operation
from runtime.network.client import Client, Request
from runtime.network.failing import NetworkError
from runtime.sandbox.asked import MOST_HEADER_BYTES, MOST_HEADERS, MOST_URL, Asked, Fetch, StorageSet
from runtime.sandbox.operations.base import Failed, Place
from runtime.sandbox.turns import Turns

_MOST_TEXT: Final = 512
_TOO_LONG: Final = (
    f"A request has a URL of at most {MOST_URL:,} characters, and {MOST_HEADERS} headers of {MOST_HEADER_BYTES:,}."
)
MOST_DOCUMENT: Final = 500 << 10
"""Bytes of a hook's document (contract-full 9)."""


class Documents(Protocol):
    """Where hooks keep theirs: a JSON text and its etag. `Failed`, 409 with what there is where it has another etag by now."""

    async def get(self, owner: str, hook: str) -> tuple[str, str] | None:
        """None where there is none."""

    async def put(self, owner: str, hook: str, data: str, etag: str | None) -> str:
        """The new etag. "" is that of no document; None: in place of whatever there is."""


class Performer:
    """One per process. `connections` is how many operations there may be at once."""

    def __init__(self, client: Client, documents: Documents, *, connections: int) -> None:
        self._client = client
        self._documents = documents
        self._turns = Turns(connections)
        self._most = max(1, connections // 2)
        self._halves: dict[str, asyncio.Semaphore] = {}
        self._busy: Counter[str] = Counter()

    async def __call__(self, place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
        """See `Perform`."""
        async with self._turn(place.owner):
            if isinstance(asked, Fetch):
                return await self._fetch(place, asked, notes)
            note = Operation(kind="storage_set" if isinstance(asked, StorageSet) else "storage_get", error="cancelled")
            notes.append(note)
            return await self._store(place, asked, note)

    @asynccontextmanager
    async def _turn(self, owner: str) -> AsyncIterator[None]:
        """One of half of the connections: who waits for slow servers keeps nobody else's operations from theirs."""
        half = self._halves.setdefault(owner, asyncio.Semaphore(self._most))
        self._busy[owner] += 1
        try:
            async with half:
                since = await self._turns.take(owner)
                try:
                    yield
                finally:
                    self._turns.give(owner, since)
        finally:
            self._busy[owner] -= 1
            if not self._busy[owner]:
                del self._busy[owner], self._halves[owner]

    async def _fetch(self, place: Place, asked: Fetch, notes: list[Operation]) -> Mapping[str, object]:
        if asked.is_too_long:
            raise Failed("ERR_OPERATION_TOO_LARGE", _TOO_LONG)
        request = Request(
            method=asked.method, url=asked.url, headers=asked.headers, body=asked.body, redirect=asked.redirect
        )
        try:
            response = await self._client.request(place.owner, request, notes)
        except NetworkError as error:
            raise Failed(error.code, error.message[:_MOST_TEXT]) from None
        return {
            "status": response.status,
            "reason": response.reason.encode("utf-8", "replace").decode(),
            "url": response.url,
            "redirected": response.redirected,
            "headers": response.headers,
            "body": base64.b64encode(response.body).decode(),
        }

    async def _store(self, place: Place, asked: Asked, note: Operation) -> Mapping[str, object]:
        began = time.perf_counter()
        try:
            if isinstance(asked, StorageSet):
                result: Mapping[str, object] = {"etag": await self._put(place, asked)}
            else:
                found = await self._documents.get(place.owner, place.hook)
                result = {"data": found[0], "etag": found[1]} if found else {"etag": ""}
            note.error = ""
        except Failed as failed:
            note.error = str(failed.said["code"])
            raise
        finally:
            note.ms = (time.perf_counter() - began) * 1000
        return result

    async def _put(self, place: Place, asked: StorageSet) -> str:
        if len(asked.data.encode()) > MOST_DOCUMENT:
            raise Failed(413, f"the data is larger than {MOST_DOCUMENT >> 10} kB")
        if place.dry:
            return asked.etag or ""
        return await self._documents.put(place.owner, place.hook, asked.data, asked.etag)
