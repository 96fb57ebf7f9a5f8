"""The shortest ways to use a client in tests, and the names that it knows."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp import web

from runtime.model import Operation
from runtime.network.client import Client, Request, Response
from runtime.network.failing import NetworkError
from runtime.network.guard import Address
from runtime.settings import NetworkSettings

NAMES = {
    "good.example": ["127.0.0.1"],
    "mixed.example": ["8.8.8.8", "127.0.0.1"],
    "inside.example": ["10.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
}


async def resolve(host: str) -> Sequence[Address]:
    if host == "busy.example":
        raise socket.gaierror(socket.EAI_AGAIN, "too many at once")
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "no such host")
    return [ip_address(address) for address in NAMES[host]]


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[Client]:
    """A client whose names are NAMES."""
    client = Client(NetworkSettings(**settings), resolve=resolve)
    try:
        yield client
    finally:
        await client.close()


async def fetched(client: Client, url: str, method: str = "GET", *, tenant: str = "acme", **parts: Any) -> Response:
    return await client.request(tenant, Request(method=method, url=url, **parts), [])


async def failed(client: Client, url: str, *, tenant: str = "acme", **parts: Any) -> str:
    """The code with which it fails, which is in the note too."""
    notes: list[Operation] = []
    with pytest.raises(NetworkError) as caught:
        await client.request(tenant, Request(method="GET", url=url, **parts), notes)
    assert notes[-1].error in (caught.value.code, "")
    return caught.value.code


async def echo(request: web.Request) -> web.Response:
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": [*request.headers.items()],
            "body": body.decode(),
        }
    )
