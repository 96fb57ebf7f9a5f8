"""The client against real servers: what it sends, what it follows, whom it reaches, what it notes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address

import orjson
import pytest
from aiohttp import web

from runtime.model import Operation
from runtime.network.client import Client, Request
from runtime.network.failing import NetworkError
from runtime.network.guard import Address
from runtime.settings import NetworkSettings, TenantNetwork
from tests.network.fetching import NAMES, echo, failed, fetched, opened
from tests.network.servers import saying, serving, speaking


async def test_a_request_arrives_as_it_was_asked_for():
    """Method, path, headers and body; nothing is added that says who we are, what frames the message is ours."""
    headers = (
        ("X-Own", "1"),
        ("Content-Type", "text/plain"),
        ("Host", "evil.example"),
        ("Content-Length", "99"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("Proxy-Authorization", "x"),
        ("Sec-Fetch-Site", "x"),
        ("Accept-Encoding", "br"),
    )
    async with serving(echo) as server, opened(allow=(server.place,)) as client:
        got = await fetched(client, server.url("/a%2Fb?c=%20d#e"), "POST", headers=headers, body=b"hi")

    said = orjson.loads(got.body)
    assert (got.status, got.reason, got.url, got.redirected) == (200, "OK", server.url("/a%2Fb?c=%20d"), False)
    assert (said["method"], said["path"], said["body"]) == ("POST", "/a%2Fb?c=%20d", "hi")
    assert dict(said["headers"]) == {
        "Host": server.place,
        "X-Own": "1",
        "Content-Type": "text/plain",
        "Accept-Encoding": "gzip, deflate",
        "Accept": "*/*",
        "Content-Length": "2",
    }


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(status: int):
    """Followed as the fetch standard says: 303, and POST at 301 and 302, become GET without a body."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/from":
            return web.Response(status=status, headers={"Location": "to?a=b"})
        return await echo(request)

    async with serving(answer) as server, opened(allow=(server.place,)) as client:
        headers = (("Content-Type", "text/plain"), ("Authorization", "x"))
        got = await fetched(client, server.url("/from"), "POST", headers=headers, body=b"hi")
        kept = await fetched(client, server.url("/from"), "POST", redirect="manual")
        refused = await failed(client, server.url("/from"), redirect="error")
        said = server.requests[1]

    assert (got.status, got.url, got.redirected) == (200, server.url("/to?a=b"), True)
    assert said.method == ("POST" if status > 303 else "GET")
    assert ("Content-Type" in said.headers) == (status > 303)
    assert "Authorization" in said.headers
    assert (kept.status, dict(kept.headers)["Location"]) == (status, "to?a=b")
    assert refused == "ERR_REDIRECT"


async def test_credentials_stay_with_their_origin():
    """Neither Authorization nor Cookie goes to where a server redirects to."""
    async with serving(echo) as other:

        async def answer(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(other.url("/x"))

        async with serving(answer) as server, opened(allow=(server.place, other.place)) as client:
            headers = (("Authorization", "a"), ("Cookie", "b"), ("X-Kept", "c"))
            await fetched(client, server.url(), headers=headers)

    assert other.requests[0].headers.getall("X-Kept") == ["c"]
    assert not {"Authorization", "Cookie"} & other.requests[0].headers.keys()


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "//127.0.0.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://inside.example/",
        "http://2130706433:{port}/",
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/",
        "http://user@127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_every_hop_is_looked_at(location: str):
    """Where an allowed server redirects to is as refused as if the hook had asked for it, and gets no connection."""
    async with speaking(saying(b"")) as secret:

        async def answer(request: web.Request) -> web.Response:
            raise web.HTTPFound(location.format(port=secret.port))

        async with serving(answer) as server, opened(allow=(server.place,)) as client:
            assert await failed(client, server.url()) in ("ERR_ACCESS_DENIED", "ERR_INVALID_REDIRECT")

    assert secret.connections == 0


async def test_too_many_redirects():
    """So many are followed, and not one more; each has a note."""

    async def answer(request: web.Request) -> web.Response:
        raise web.HTTPFound("/")

    notes: list[Operation] = []
    async with serving(answer) as server, opened(allow=(server.place,), redirects=3) as client:
        with pytest.raises(NetworkError, match="more than 3 redirects") as caught:
            await client.request("acme", Request(method="GET", url=server.url()), notes)

    assert caught.value.code == "ERR_TOO_MANY_REDIRECTS"
    assert [note.status for note in notes] == [302] * 4


@pytest.mark.parametrize("host", ["mixed.example", "inside.example", "mapped.example", "good.example"])
async def test_names_are_decided_by_what_they_resolve_to(host: str):
    """One address that is refused, and the name is; nobody is told which."""
    async with speaking(saying(b"")) as secret, opened() as client:
        with pytest.raises(NetworkError) as caught:
            await fetched(client, f"http://{host}:{secret.port}/")

    assert caught.value.code == "ERR_ACCESS_DENIED"
    assert not any(address in caught.value.message for address in NAMES[host])
    assert secret.connections == 0


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to():
    """A name that leads elsewhere when it is asked for again: it is asked for once, and the answer is kept."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]])

    async def rebinding(host: str) -> Sequence[Address]:
        return [ip_address(address) for address in next(answers)]

    async with serving(echo) as server:
        client = Client(NetworkSettings(allow=(f"rebind.example:{server.port}",)), resolve=rebinding)
        got = await fetched(client, f"http://rebind.example:{server.port}/")
        await client.close()

    assert got.status == 200


async def test_the_socket_looks_again():
    """What gets past the other two looks by a fault of ours still connects to nothing."""
    async with speaking(saying(b"")) as secret, opened() as client:
        egress = client._egress("acme")
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", secret.port))
        with pytest.raises(PermissionError):
            egress._socket(place)
        egress.check_resolved = lambda host, port, addresses: None  # type: ignore[method-assign]
        egress.session.connector._resolver._check = egress.check_resolved  # type: ignore[union-attr]
        code = await failed(client, f"http://good.example:{secret.port}/")

    assert code == "EACCES"
    assert secret.connections == 0


async def test_tenants_share_no_connection():
    """What one may reach, another may not, though a connection to it is open."""
    row = TenantNetwork(tenant="acme", allow=("good.example",))
    async with serving(echo) as server, opened(tenants=(row,)) as client:
        url = f"http://good.example:{server.port}/"
        assert (await fetched(client, url)).status == 200
        assert await failed(client, url, tenant="other") == "ERR_ACCESS_DENIED"
        first, second = [client._egress(tenant).session for tenant in ("acme", "other")]

    assert first is not second
    assert len(server.requests) == 1


async def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    """It would be what is connected to."""
    async with speaking(saying(b"")) as proxy, serving(echo) as server, opened(allow=(server.place,)) as client:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await fetched(client, server.url())).status == 200

    assert proxy.connections == 0


async def test_no_cookies_are_kept():
    """Neither for the next request nor for the next hop."""

    async def answer(request: web.Request) -> web.Response:
        response = web.Response(status=200 if request.path == "/to" else 302, headers={"Location": "/to"})
        response.set_cookie("a", "b")
        return response

    async with serving(answer) as server, opened(allow=(server.place,)) as client:
        for _ in range(2):
            await fetched(client, server.url())

    assert ["Cookie" in request.headers for request in server.requests] == [False] * 4


@pytest.mark.parametrize(
    "url, code",
    [
        ("http://nowhere.example/", "ENOTFOUND"),
        ("http://busy.example/", "EAI_AGAIN"),
        ("http://10.0.0.1/", "ERR_ACCESS_DENIED"),
        ("ftp://a/", "ERR_ACCESS_DENIED"),
        ("http://8.8.8.8:22/", "ERR_ACCESS_DENIED"),
    ],
)
async def test_what_never_leaves(url: str, code: str):
    """By its code one can tell why."""
    async with opened() as client:
        assert await failed(client, url) == code


async def test_nobody_listens():
    """ECONNREFUSED, as in Node, with the host that was asked for."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with opened(allow=("127.0.0.1", "good.example")) as client:
            for host in ("127.0.0.1", "good.example"):
                assert await failed(client, f"http://{host}:{port}/") == "ECONNREFUSED"


@pytest.mark.parametrize("method", ["CONNECT", "connect", "TRACE", "Track"])
async def test_methods_that_are_not_for_hooks(method: str):
    """They make a tunnel, or show what a proxy adds."""
    async with speaking(saying(b"")) as server, opened(allow=(server.place,)) as client:
        with pytest.raises(NetworkError, match="is not a method for hooks"):
            await fetched(client, server.url(), method)

    assert server.connections == 0


async def test_no_network_at_all():
    """As the configuration may have it, whatever is allowed."""
    async with speaking(saying(b"")) as server, opened(enabled=False, allow=(server.place,)) as client:
        assert await failed(client, server.url()) == "ERR_ACCESS_DENIED"

    assert server.connections == 0


async def test_notes():
    """Kind, method, host and status: neither path nor query nor headers, which may be secret. An open one says cancelled."""
    reached = asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    notes: list[Operation] = []
    async with serving(hold) as server, opened(allow=(server.place,)) as client:
        request = Request(method="GET", url=server.url("/secret?key=1"))
        waiting = asyncio.create_task(client.request("acme", request, notes))
        await reached.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert [(note.kind, note.method, note.host, note.status, note.error) for note in notes] == [
        ("fetch", "GET", server.place, 0, "cancelled")
    ]
    assert notes[0].ms > 0
    assert "secret" not in str(notes)


async def test_connections_of_many_tenants_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """Those of the tenants that were not heard of for longest are closed."""
    monkeypatch.setattr("runtime.network.client.MOST_TENANTS", 2)
    async with serving(echo) as server, opened(allow=(server.place,)) as client:
        sessions = []
        for tenant in "abc":
            await fetched(client, server.url(), tenant=tenant)
            sessions.append(client._egress(tenant).session)
        await asyncio.gather(*client._closing)

        assert [session.closed for session in sessions] == [True, False, False]
