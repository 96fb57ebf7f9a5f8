from __future__ import annotations

from aiohttp import web

from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.client_address import PROXIES, client_address
from runtime.http.routes import Call, Public, Route, install
from runtime.proxies import proxies_of


async def _tell(call: Call) -> web.Response:
    return web.Response(text=client_address(call.request))


async def told(client, *trusted: str, forwarded: tuple[str, ...]) -> str:
    app = create_app()
    app[PROXIES] = proxies_of(trusted)
    install(app, [Route(method="GET", path="/", handler=_tell, access=Public("test"))], Authenticator(()))
    headers = [("X-Forwarded-For", value) for value in forwarded]
    async with serve(app, "127.0.0.1") as address, client.get(address.url, headers=headers) as answer:
        return str(await answer.text())


async def test_a_trusted_proxy_tells_who_asks(client):
    """What it wrote last, of several headers too; of who is not trusted nothing is heard."""
    assert await told(client, "127.0.0.1", forwarded=("6.6.6.6", "198.51.100.1")) == "198.51.100.1"
    assert await told(client, "127.0.0.1", forwarded=()) == "127.0.0.1"
    assert await told(client, "10.0.0.0/8", forwarded=("198.51.100.1",)) == "127.0.0.1"
    assert await told(client, forwarded=("198.51.100.1",)) == "127.0.0.1"
