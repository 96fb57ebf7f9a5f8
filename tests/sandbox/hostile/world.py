"""The network that rows with `network` have: one site that they may reach, and much that they may not.

The site is open.example:0; any port 0 is the server's when the row is deployed. It echoes what it is sent; at /to?<URL> it redirects.
"""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address

import orjson
from aiohttp import web

from runtime.model import Operation
from runtime.network.client import Client
from runtime.network.guard import Address
from runtime.sandbox.asked import Asked
from runtime.sandbox.operations.base import Perform, Place, nothing
from runtime.sandbox.operations.performing import Performer
from runtime.settings import NetworkSettings
from tests.network.servers import Server, serving
from tests.sandbox.hostile.catalogue import Row

REACHABLE = "reachable"
"""The owner whose hooks have a network."""

SITE = "open.example"
_PORT = re.compile(r"((?:example|0\.0\.1):)0\b", re.IGNORECASE)
NAMES = {
    SITE: ["127.0.0.1"],
    "inside.example": ["10.0.0.1"],
    "loopback.example": ["127.0.0.1"],
    "mixed.example": ["8.8.8.8", "127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "translated.example": ["64:ff9b::7f00:1"],
    "tunnelled.example": ["2002:7f00:1::"],
    "metadata.example": ["169.254.169.254"],
    "metadata6.example": ["fd00:ec2::254"],
    "zero.example": ["0.0.0.0"],
    "unspecified.example": ["::"],
    "link.example": ["fe80::1"],
    "multicast.example": ["224.0.0.1"],
}


@dataclass(frozen=True, slots=True)
class World:
    """What does the operations, and the one server that there is."""

    perform: Perform
    server: Server

    def source(self, row: Row) -> str:
        """The row's, with the server's port."""
        return _PORT.sub(rf"\g<1>{self.server.port}", row.source) if row.network else row.source


def owner_of(row: Row) -> str:
    """Whose hook it is."""
    return REACHABLE if row.network else ""


@asynccontextmanager
async def opened() -> AsyncIterator[World]:
    """For a module of tests. Nobody but the site is connected to."""
    turn = 0

    async def resolve(host: str) -> Sequence[Address]:
        nonlocal turn
        if host == "rebind.example":  # another each time that it is asked for
            turn += 1
            return [ip_address("127.0.0.1" if turn % 2 else "10.0.0.1")]
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return [ip_address(address) for address in NAMES[host]]

    async with serving(_answer) as server:
        client = Client(NetworkSettings(allow=(f"{SITE}:{server.port}",)), resolve=resolve)
        performer = Performer(client, _Nothing(), connections=10)

        async def perform(place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
            return await (performer if place.owner == REACHABLE else nothing)(place, asked, notes)

        yield World(perform, server)
        await client.close()


class _Nothing:
    """No hook has a document."""

    async def get(self, owner: str, hook: str) -> tuple[str, str] | None:
        return None

    async def put(self, owner: str, hook: str, data: str, etag: str | None) -> str:
        return ""


async def _answer(request: web.Request) -> web.Response:
    assert request.headers["Host"].startswith(SITE), "somebody else was meant"
    if request.path.startswith("/to"):
        status = int(request.path.removeprefix("/to") or 302)
        return web.Response(status=status, headers={"Location": request.query_string})
    said = {"path": request.raw_path, "method": request.method, "headers": sorted(map(str.lower, request.headers))}
    return web.Response(body=orjson.dumps(said), content_type="application/json")
