"""A whole runtime, served for real: SQLite in a file, the wasm sandbox, HTTP on a free port."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from runtime.bootstrap import Runtime, open_runtime
from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import install
from runtime.settings import Auth, SandboxSettings, Settings, StorageSettings, TrustedIssuer
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes
from runtime.web.metrics import Exposition
from runtime.workers.slates import Slates

ISSUER, AUDIENCE, SECRET = "urn:test", "urn:hookd", "a shared secret of more than 32 characters"
ALL_SCOPES = "execute:hooks read:hooks create:hooks update:hooks delete:hooks read:logs"
SEED = """module.exports = function(client, scope, audience, context, cb) { var access_token = {}; access_token['https://foo.com/claim'] = 'bar'; access_token.scope = scope; access_token.scope.push('extra'); cb(null, access_token); };"""
REQUEST: dict[str, Any] = {
    "client": {"id": "client-1", "name": "Test", "tenant": "acme", "metadata": {}},
    "scope": ["read:orders"],
    "audience": "https://api.example.com/",
    "context": {"ip": "192.0.2.1", "userAgent": "test"},
}
USER = {"tenant": "acme", "id": "user-1", "displayName": "Ada", "email": "ada@example.com"}


def hook_of(body: str, parameters: str = "client, scope, audience, context, cb") -> str:
    """The source of a hook with this function body."""
    return f"module.exports = function ({parameters}) {{ {body} }};"


def token(tenant: str = "acme", scope: str = ALL_SCOPES, **claims: Any) -> str:
    """A bearer token as a token server would make it."""
    now = int(time.time())
    own = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 86_400, "ten": tenant, "scope": scope, **claims}
    return jwt.encode(own, SECRET, algorithm="HS256")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer, read."""

    status: int
    body: Any
    headers: Any = field(compare=False)


@dataclass(kw_only=True)
class Api:
    """The runtime's API with one bearer token."""

    url: str
    client: aiohttp.ClientSession
    runtime: Runtime
    bearer: str | None

    def with_token(self, bearer: str | None) -> Api:
        """The same, as somebody else."""
        return Api(url=self.url, client=self.client, runtime=self.runtime, bearer=bearer)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.bearer is None else {"Authorization": f"Bearer {self.bearer}"}

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        """Call and read. Every error must have Auth0's shape (contract 1.1)."""
        sent = {} if body is None else {"json": body}
        async with self.client.request(method, self.url + path, params=query, headers=self.headers, **sent) as answer:
            raw = await answer.read()
            if raw:
                assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
            parsed: Any = await answer.json() if raw else None
            if answer.status >= 400:
                assert list(parsed) == ["statusCode", "error", "message", "errorCode"]
                assert parsed["statusCode"] == answer.status
            return Answer(status=answer.status, body=parsed, headers=answer.headers)

    async def create(self, script: str, trigger: str = "credentials-exchange", **more: Any) -> dict[str, Any]:
        """A new hook, enabled unless said otherwise."""
        body = {"name": "a-hook", "script": script, "triggerId": trigger, "enabled": True, **more}
        answer = await self.call("POST", "/api/v2/hooks", body)
        assert answer.status == 201, answer.body
        hook: dict[str, Any] = answer.body
        return hook

    async def execute(self, trigger: str = "credentials-exchange", **more: Any) -> dict[str, Any]:
        """A decision."""
        answer = await self.call("POST", f"/api/v1/triggers/{trigger}/execute", {**REQUEST, **more})
        assert answer.status == 200, answer.body
        decision: dict[str, Any] = answer.body
        return decision


@pytest.fixture
def settings(runtime_database: Path, engine_cache: Path) -> Settings:
    return settings_in(runtime_database.parent, engine_cache)


def settings_in(folder: Path, cache: Path) -> Settings:
    """Settings of a runtime whose data is in this folder, and the engine's code in that one."""
    trusted = TrustedIssuer(issuer=ISSUER, audience=AUDIENCE, algorithm="HS256", secret=SECRET)
    return Settings(
        storage=StorageSettings(
            url=f"sqlite:///{folder}/hookd.db", master_key=base64.b64encode(bytes(range(32))).decode()
        ),
        auth=Auth(trusted=(trusted,)),
        sandbox=SandboxSettings(cache_directory=str(cache), threads=1),
    )


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with opened(settings) as api:
        yield api


@asynccontextmanager
async def opened(
    settings: Settings, slates: Slates | None = None, number: int = 0, *, dashboard: bool = False
) -> AsyncIterator[Api]:
    """The API of a fresh runtime, with a token of tenant acme that may do everything. It may be one of several workers."""
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings))
        authenticator = Authenticator(settings.auth.trusted, leeway=settings.auth.leeway)
        stack.push_async_callback(authenticator.close)
        exposition, app = Exposition(runtime), create_app()
        if slates is not None:
            await stack.enter_async_context(exposition.share(slates, number))
        install(app, web_routes(runtime, exposition), authenticator, body_limit=settings.server.body_limit)
        if dashboard:
            install(app, dashboard_routes(runtime), authenticator)
        address = await stack.enter_async_context(serve(app, "127.0.0.1", 0))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        yield Api(url=address.url, client=client, runtime=runtime, bearer=token())
