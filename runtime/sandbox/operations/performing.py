"""Does the operations of all runs: requests by the network's client, storage by the storage. Owners share what there is."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from runtime.model import Operation
from runtime.network.client import Client, Request
from runtime.network.failing import NetworkError
from runtime.sandbox.asked import Asked, Fetch
from runtime.sandbox.operations.base import Failed, Place
from runtime.sandbox.turns import Turns

_MOST_TEXT: Final = 512


class Performer:
    """One per process. `connections` is how many operations there may be at once."""

    def __init__(self, client: Client, *, connections: int) -> None:
        self._client = client
        self._turns = Turns(connections)

    async def __call__(self, place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
        """See `Perform`."""
        await self._turns.take(place.owner)
        try:
            if isinstance(asked, Fetch):
                return await self._fetch(place, asked, notes)
            raise Failed("ERR_ACCESS_DENIED", "there is no storage here")
        finally:
            self._turns.give()

    async def _fetch(self, place: Place, asked: Fetch, notes: list[Operation]) -> Mapping[str, object]:
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
