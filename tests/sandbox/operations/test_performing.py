"""From what a guest asks for to what it is told."""

from __future__ import annotations

import asyncio
import base64

import pytest
from aiohttp import web

from runtime.model import Operation
from runtime.network.client import Client
from runtime.sandbox.asked import Fetch, StorageGet, StorageSet
from runtime.sandbox.operations.base import Failed, Place, nothing
from runtime.sandbox.operations.performing import MOST_DOCUMENT, Performer
from runtime.settings import NetworkSettings
from tests.network.servers import serving


def fetch(url: str, body: bytes | None = None) -> Fetch:
    return Fetch(id=1, method="POST", url=url, headers=(("a", "b"),), body=body, redirect="follow")


class Kept:
    """One document, whoever asks; its etag is how often it was put."""

    def __init__(self) -> None:
        self.data, self.times = "", 0

    async def get(self, owner: str, hook: str) -> tuple[str, str] | None:
        return (self.data, str(self.times)) if self.times else None

    async def put(self, owner: str, hook: str, data: str, etag: str | None) -> str:
        if etag is not None and etag != (str(self.times) if self.times else ""):
            raise Failed(409, "changed", {"data": self.data, "etag": str(self.times)})
        self.data, self.times = data, self.times + 1
        return str(self.times)


async def test_storage():
    """What is kept, and what was changed meanwhile; each in the notes. A dry run changes nothing."""
    client = Client(NetworkSettings())
    kept = Kept()
    notes: list[Operation] = []
    perform = Performer(client, kept, connections=1)
    place, get = Place("acme", "h"), StorageGet(id=1)

    def put(data: str, etag: str | None = None) -> StorageSet:
        return StorageSet(id=2, data=data, etag=etag)

    assert await perform(place, get, notes) == {"etag": ""}
    assert await perform(place, put("1", ""), notes) == {"etag": "1"}
    assert await perform(place, get, notes) == {"data": "1", "etag": "1"}
    with pytest.raises(Failed) as changed:
        await perform(place, put("2", ""), notes)
    assert changed.value.said == {"code": 409, "message": "changed", "data": "1", "etag": "1"}
    assert await perform(Place("acme", "h", dry=True), put("3", "1"), notes) == {"etag": "1"}
    with pytest.raises(Failed) as large:
        await perform(place, put("x" * (MOST_DOCUMENT + 1)), notes)
    assert large.value.said["code"] == 413
    await client.close()

    assert kept.data == "1"
    assert [(note.kind, note.error) for note in notes] == [
        ("storage_get", ""),
        ("storage_set", ""),
        ("storage_get", ""),
        ("storage_set", "409"),
        ("storage_set", ""),
        ("storage_set", "413"),
    ]


async def test_a_fetch():
    """The response as JSON can hold it, a note for the record."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await request.read() + b"\xff", headers={"X-A": request.headers["a"]}, status=201)

    notes: list[Operation] = []
    async with serving(answer) as server:
        client = Client(NetworkSettings(allow=(server.place,)))
        perform = Performer(client, Kept(), connections=1)
        got = await perform(Place("acme"), fetch(server.url("/x"), b"\x00"), notes)
        with pytest.raises(Failed) as refused:
            await perform(Place("acme"), fetch("http://10.0.0.1/"), notes)
        await client.close()

    assert (got["status"], got["reason"], got["url"], got["redirected"]) == (201, "Created", server.url("/x"), False)
    assert base64.b64decode(str(got["body"])) == b"\x00\xff"
    assert ("X-A", "b") in got["headers"]  # type: ignore[operator]
    assert refused.value.said == {"code": "ERR_ACCESS_DENIED", "message": "10.0.0.1 is not a public host"}
    assert [(note.status, note.error) for note in notes] == [(201, ""), (0, "ERR_ACCESS_DENIED")]


async def test_one_owner_has_half_of_the_connections():
    """Whoever waits for servers that do not answer, another owner's operation is done at once."""
    reached, go = asyncio.Semaphore(0), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        reached.release()
        await go.wait()
        return web.Response()

    async with serving(answer) as server:
        client = Client(NetworkSettings(allow=(server.place,)))
        perform = Performer(client, Kept(), connections=4)
        slow = [asyncio.create_task(perform(Place("acme"), fetch(server.url()), [])) for _ in range(5)]
        for _ in range(2):
            await reached.acquire()
        got = await asyncio.wait_for(perform(Place("other"), StorageGet(id=1), []), 5)
        connected = len(server.requests)
        go.set()
        answers = await asyncio.gather(*slow)
        await client.close()

    assert got == {"etag": ""}
    assert connected == 2
    assert [answer["status"] for answer in answers] == [200] * 5


async def test_where_there_is_nothing():
    """An engine without operations refuses each."""
    with pytest.raises(Failed):
        await nothing(Place(), fetch("http://a/"), [])
