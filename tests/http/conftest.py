"""Routes of the test's own, served for real on a free port; a JWKS server of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

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
