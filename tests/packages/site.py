"""The HTTP server that cases ask, over http and, for those that want it so, https."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeAlias

import orjson
from aiohttp import web
from aiohttp.web_runner import TCPSite

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

SHOWN = {"content-type", "x-token", "x-more", "authorization"}
"""Headers of a request that /echo answers: what else a client sends says which engine it runs on."""
USERS: dict[str, dict[str, Any]] = {"auth0|1": {"user_id": "auth0|1", "email": "ann@example.com", "app_metadata": {}}}


async def echo(request: web.Request) -> web.Response:
    """What was asked."""
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() in SHOWN}
    body = await request.text()
    query = [[name, value] for name, value in request.query.items()]
    return _json({"method": request.method, "query": query, "headers": headers, "body": body})


async def status(request: web.Request) -> web.Response:
    """The status of the path."""
    return web.Response(status=int(request.match_info["status"]), text="as you wish")


async def moved(_: web.Request) -> web.Response:
    """Elsewhere."""
    return web.Response(status=302, headers={"Location": "/text"})


async def text(_: web.Request) -> web.Response:
    """A text."""
    return web.Response(text="grüezi")


async def packed(_: web.Request) -> web.Response:
    """JSON, compressed."""
    body = gzip.compress(b'{"packed": true}', mtime=0)
    return web.Response(body=body, content_type="application/json", headers={"Content-Encoding": "gzip"})


async def every_byte(_: web.Request) -> web.Response:
    """Bytes that are no text."""
    return web.Response(body=bytes(range(0, 256, 5)), content_type="application/octet-stream")


async def token(request: web.Request) -> web.Response:
    """As an authorization server answers."""
    body = await request.text()
    return _json({"access_token": f"token-{len(body) > 0}", "token_type": "Bearer", "expires_in": 86400})


async def user(request: web.Request) -> web.Response:
    """As Auth0's Management API answers."""
    found = USERS[request.match_info["id"]]
    if request.method == "PATCH":
        return _json({**found, **await request.json()})
    return _json({**found, "asked_with": request.headers["Authorization"]})


async def role(_: web.Request) -> web.Response:
    """None."""
    return _json({"statusCode": 404, "error": "Not Found", "message": "No such role"}, 404)


async def profile(request: web.Request) -> web.Response:
    """As userinfo answers."""
    return _json({"sub": "auth0|1", "asked_with": request.headers["Authorization"]})


def file_of(content: str) -> Answer:
    """What answers this text."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=content)

    return answer


def _json(value: Any, code: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=code, content_type="application/json", charset="utf-8")


ROUTES = [
    web.route("*", "/echo", echo),
    web.route("*", "/status/{status}", status),
    web.route("*", "/moved", moved),
    web.route("*", "/text", text),
    web.route("*", "/gzip", packed),
    web.route("*", "/bytes", every_byte),
    web.post("/oauth/token", token),
    web.route("*", "/api/v2/users/{id}", user),
    web.get("/api/v2/roles/{id}", role),
    web.get("/userinfo", profile),
]


class Site:
    """`url` and, over TLS, `domain`: its address and port."""

    url: str
    domain: str

    def __init__(self, tls: ssl.SSLContext, files: Mapping[str, str] | None = None) -> None:
        """`files` are texts by their paths, beside ROUTES."""
        app = web.Application()
        app.add_routes([*ROUTES, *(web.get(path, file_of(text)) for path, text in (files or {}).items())])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        self._tls = tls

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await TCPSite(self._runner, "127.0.0.1", 0).start()
        await TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        plain, secure = self._runner.addresses
        self.url, self.domain = f"http://127.0.0.1:{plain[1]}", f"127.0.0.1:{secure[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
