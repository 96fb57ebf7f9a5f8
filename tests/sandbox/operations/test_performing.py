"""From what a guest asks for to what it is told."""

from __future__ import annotations

import base64

import pytest
from aiohttp import web

from runtime.model import Operation
from runtime.network.client import Client
from runtime.sandbox.asked import Fetch
from runtime.sandbox.operations.base import Failed, Place, nothing
from runtime.sandbox.operations.performing import Performer
from runtime.settings import NetworkSettings
from tests.network.servers import serving


def fetch(url: str, body: bytes | None = None) -> Fetch:
    return Fetch(id=1, method="POST", url=url, headers=(("a", "b"),), body=body, redirect="follow")


async def test_a_fetch():
    """The response as JSON can hold it, a note for the record."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await request.read() + b"\xff", headers={"X-A": request.headers["a"]}, status=201)

    notes: list[Operation] = []
    async with serving(answer) as server:
        client = Client(NetworkSettings(allow=(server.place,)))
        perform = Performer(client, connections=1)
        got = await perform(Place("acme"), fetch(server.url("/x"), b"\x00"), notes)
        with pytest.raises(Failed) as refused:
            await perform(Place("acme"), fetch("http://10.0.0.1/"), notes)
        await client.close()

    assert (got["status"], got["reason"], got["url"], got["redirected"]) == (201, "Created", server.url("/x"), False)
    assert base64.b64decode(str(got["body"])) == b"\x00\xff"
    assert ("X-A", "b") in got["headers"]  # type: ignore[operator]
    assert refused.value.said == {"code": "ERR_ACCESS_DENIED", "message": "10.0.0.1 is not a public host"}
    assert [(note.status, note.error) for note in notes] == [(201, ""), (0, "ERR_ACCESS_DENIED")]


async def test_where_there_is_nothing():
    """An engine without operations refuses each."""
    with pytest.raises(Failed):
        await nothing(Place(), fetch("http://a/"), [])
