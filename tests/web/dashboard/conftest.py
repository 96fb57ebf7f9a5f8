"""A runtime with its dashboard, served for real, and a browser's manners: cookies kept, its headers sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from runtime.bootstrap import Runtime, open_runtime
from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import install
from runtime.settings import Settings
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes
from tests.web.conftest import token

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass(kw_only=True)
class Browser:
    """Keeps the session's cookie, and says where its requests come from."""

    url: str
    client: aiohttp.ClientSession
    runtime: Runtime
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=lambda: dict(SAME_ORIGIN))

    async def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, Any]:
        """Status, body, headers. `headers` are sent beside the browser's own; an empty one is not sent."""
        sent = {**self.headers, **({"Cookie": self.cookie} if self.cookie else {}), **(headers or {})}
        sent = {name: value for name, value in sent.items() if value}
        more = {} if body is None else {"json": body}
        async with self.client.request(method, self.url + path, headers=sent, **more) as answer:
            raw = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, await answer.json() if raw and is_json else raw, answer.headers

    async def log_in(self, bearer: str | None = None) -> Any:
        """What the login answers; the cookie is kept, and so is the CSRF secret."""
        status, body, headers = await self.call("POST", "/dashboard/login", {"token": bearer or token()})
        assert status == 200, body
        self.cookie = headers["Set-Cookie"].partition(";")[0]
        self.headers["X-CSRF-Token"] = body["csrf"]
        return body


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[Browser]:
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings))
        authenticator = Authenticator(settings.auth.trusted)
        stack.push_async_callback(authenticator.close)
        app = create_app()
        install(app, [*web_routes(runtime), *dashboard_routes(runtime)], authenticator)
        address = await stack.enter_async_context(serve(app, "127.0.0.1", 0))
        client = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Browser(url=address.url, client=client, runtime=runtime)
