"""Routes of the test's own, served for real on a free port; a JWKS server of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import cache
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import Route, install

Served = Callable[..., Awaitable[str]]
"""`await served(Route(...), ..., authenticator=..., body_limit=...)` gives the address."""


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with AsyncExitStack() as stack:

        async def start(*routes: Route, authenticator: Authenticator | None = None, body_limit: int = 1000) -> str:
            app = create_app()
            install(app, routes, authenticator or Authenticator(()), body_limit=body_limit)
            address = await stack.enter_async_context(serve(app, "127.0.0.1", 0))
            return address.url

        yield start


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to a server of `served`, for what no client would send."""
    return await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))


def public_row(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The public half as a row of a key set."""
    kind: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    row: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    row.pop("key_ops", None)
    return row


class JwksServer:
    """Publishes keys, or whatever else the test wants, and counts who asks. While `answers` is cleared, they wait; `reached` is set when one asks."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.keys: dict[str, dict[str, Any]] = {}
        self.body: bytes | None = None
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self.reached = asyncio.Event()

    def publish(self, key: Any, key_id: str | None, **more: Any) -> None:
        """Add a public key, with more members or changed ones."""
        self.keys[str(key_id)] = {**public_row(key), **({} if key_id is None else {"kid": key_id}), **more}

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.reached.set()
        keys = list(self.keys.values())
        await self.answers.wait()
        body = orjson.dumps({"keys": keys}) if self.body is None else self.body
        return web.Response(body=body, status=self.status, headers=self.headers, content_type="application/json")


@pytest.fixture
async def jwks() -> AsyncIterator[JwksServer]:
    server, app = JwksServer(), create_app()
    app.router.add_get("/jwks.json", server.answer)
    async with serve(app, "127.0.0.1", 0) as address:
        server.url = f"{address.url}/jwks.json"
        yield server
        server.answers.set()


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the same arguments: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)
