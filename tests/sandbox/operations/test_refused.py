"""What hooks may not reach, through real hooks: whatever they write, the server on loopback gets no connection.

The engine's resolver says that every name leads to 127.0.0.1, where the server is: what is refused is refused by the guard.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from runtime.model import Answer
from tests.network.servers import Server, saying, serving, speaking
from tests.sandbox.operations.waiting import Reaching, reaching

pytestmark = pytest.mark.asyncio(loop_scope="module")

FETCH = """module.exports = async (url, init) => {
  try { return (await fetch(url, init)).status; } catch (error) { return [error.name, error.cause && error.cause.code]; }
};"""

# {port} is the server's. One form a line where the parts matter.
FORMS = [
    *("http://127.0.0.1:{port}/", "http://127.0.0.2:{port}/", "http://127.255.255.254:{port}/", "http://0.0.0.0:{port}/"),
    *("http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://localhost.:{port}/", "http://a.localhost:{port}/"),
    *("http://rebind.example:{port}/", "http://127.0.0.1.nip.example:{port}/", "http://metadata.google.internal/", "http://metadata/"),
    *("http://127.1:{port}/", "http://127.0.1:{port}/", "http://127.0.0.01:{port}/", "http://127.0.0.1.:{port}/"),
    *("http://2130706433:{port}/", "http://017700000001:{port}/", "http://0x7f000001:{port}/", "http://0X7F000001:{port}/"),
    *("http://0x7f.0.0.1:{port}/", "http://0177.0.0.1:{port}/", "http://0x7f.1:{port}/", "http://0:{port}/", "http://00:{port}/"),
    *("http://4294967297:{port}/", "http://127.0.0.1%00.example.com:{port}/", "http://%31%32%37.0.0.1:{port}/"),
    *("http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/", "http://127\u30020\u30020\u30021:{port}/", "http://\uff11\uff12\uff17.0.0.1:{port}/"),
    *("http://127.0.0.1\u00ad:{port}/", "http://l\u2092calhost:{port}/", "http://localho\u017ft:{port}/"),
    *("http://[::1]:{port}/", "http://[::]:{port}/", "http://[0:0:0:0:0:0:0:1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/"),
    *("http://[::ffff:7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/", "http://[::ffff:0:127.0.0.1]:{port}/"),
    *("http://[64:ff9b::127.0.0.1]:{port}/", "http://[64:ff9b:1::7f00:1]:{port}/", "http://[2002:7f00:1::]:{port}/"),
    *("http://[2001:0:7f00:1::]:{port}/", "http://[fe80::1]:{port}/", "http://[fe80::1%25lo]:{port}/", "http://[::1%25lo]:{port}/"),
    *("http://[fc00::1]:{port}/", "http://[fd00:ec2::254]/", "http://[ff02::1]:{port}/", "http://[2600::5efe:7f00:1]:{port}/"),
    *("http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.254/", "http://192.168.1.1/", "http://100.64.0.1/"),
    *("http://169.254.169.254/latest/meta-data/", "http://169.254.170.2/", "http://100.100.100.200/", "http://192.0.0.192/"),
    *("http://168.63.129.16/", "http://198.18.0.1/", "http://192.0.2.1/", "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/"),
    *("http://user@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/", "http://127.0.0.1:{port}@example.com/"),
    *("http://a@127.0.0.1:{port}@example.com/", "http://example.com:80@127.0.0.1:{port}/", "http://127.0.0.1:{port}#@example.com/"),
    *("http://127.0.0.1:{port}\\@example.com/", "http://example.com\\@127.0.0.1:{port}/", "http:\\\\127.0.0.1:{port}\\"),
    *("http:127.0.0.1:{port}/", "http:/127.0.0.1:{port}/", "http:///127.0.0.1:{port}/", "//127.0.0.1:{port}/", "\thttp://127.0.0.1:{port}/"),
    *("http://127.0.0.1:{port}/\r\nHost: example.com", "ht\ntp://127.0.0.1:{port}/", "HTTP://127.0.0.1:{port}/"),
    *("https://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/", "file:///etc/passwd", "data:text/plain,a", "blob:http://127.0.0.1:{port}/"),
    *("gopher://127.0.0.1:{port}/_GET", "dict://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/", "unix:/var/run/docker.sock", "about:blank"),
    *("http://8.8.8.8:22/", "http://8.8.8.8:25/", "http://8.8.8.8:6379@127.0.0.1:{port}/", "http://127.0.0.1:{port}", ""),
]  # fmt: skip


@dataclass
class Target:
    """The server that nobody may reach, and an engine that may reach another one only, on the same address."""

    engine: Reaching
    server: Server
    allowed: Server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def target(engine_cache: Path) -> AsyncIterator[Target]:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query.get("status", "302")), headers={"Location": request.query["to"]})

    async with (
        speaking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")) as server,
        serving(redirect) as allowed,
        reaching(engine_cache, allow=(allowed.place,)) as engine,
    ):
        yield Target(engine, server, allowed)


async def test_there_are_sixty_forms_at_least():
    """Of the issue; each another one."""
    assert len(set(FORMS)) == len(FORMS) >= 60


@pytest.mark.parametrize("form", FORMS)
async def test_it_is_refused(target: Target, form: str):
    """By an error that the hook can catch; nobody connects."""
    url = form.format(port=target.server.port)
    done = await target.engine.run(FETCH, url)

    assert isinstance(done.outcome, Answer)
    assert done.outcome.value in (
        ["TypeError", "ERR_ACCESS_DENIED"],
        ["TypeError", "ERR_INVALID_URL"],
        ["TypeError", None],
    )
    assert target.server.connections == 0
    assert [note.status for note in done.operations] in ([], [0])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "//[::1]:{port}/", "http://2130706433:{port}/"])  # fmt: skip
async def test_a_redirect_is_refused(target: Target, form: str, status: int):
    """What an allowed server says is no more than what the hook says."""
    to = form.format(port=target.server.port)
    done = await target.engine.run(
        FETCH, f"{target.allowed.url('/from')}?status={status}&to={to}", {"method": "POST", "body": "x"}
    )

    assert done.outcome == Answer(["TypeError", "ERR_ACCESS_DENIED"])
    assert target.server.connections == 0
    assert [(note.status, note.error) for note in done.operations] == [(status, ""), (0, "ERR_ACCESS_DENIED")]


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Proxy-Authorization", "TE"])  # fmt: skip
async def test_headers_that_frame_a_message_are_ours(target: Target, name: str):
    """They are left out: no message within another one."""
    before = len(target.allowed.requests)
    url = f"{target.allowed.url('/')}?status=204&to=x"
    done = await target.engine.run(FETCH, url, {"headers": {name: "1", "X-Kept": "1"}})

    assert done.outcome == Answer(204)
    headers = target.allowed.requests[before].headers
    assert headers["X-Kept"] == "1"
    assert headers.get(name) in (None, target.allowed.place)


@pytest.mark.parametrize("init", [{"headers": {"a": "b\r\nHost: c"}}, {"headers": {"a\r\nb": "c"}}, {"method": "GET / HTTP/1.1\r\n\r\n"}])  # fmt: skip
async def test_nothing_ends_a_line(target: Target, init: dict[str, object]):
    """A name, value or method with a line's end is a TypeError before anything is asked for."""
    before = len(target.allowed.requests)
    done = await target.engine.run(FETCH, target.allowed.url("/"), init)

    assert done.outcome == Answer(["TypeError", None])
    assert (len(target.allowed.requests), done.operations) == (before, ())


@pytest.mark.parametrize("headers", [{"a" * 300: "1"}, {f"a{n}": "" for n in range(98)}], ids=["a long name", "many"])
async def test_what_is_long_is_sent(target: Target, headers: dict[str, str]):
    """As a hook has said it."""
    before = len(target.allowed.requests)
    done = await target.engine.run(FETCH, f"{target.allowed.url('/')}?status=204&to=x", {"headers": headers})

    assert done.outcome == Answer(204)
    assert target.allowed.requests[before].headers.items() >= headers.items()


@pytest.mark.parametrize("init", [{"headers": {f"a{n}": "" for n in range(101)}}, {"headers": {"a" * 40_000: "1", "b": "c" * 30_000}}, {"method": "M" * 33}, {"more": "a" * 16_384}])  # fmt: skip
async def test_what_is_too_long_is_an_error_of_the_hook(target: Target, init: dict[str, object]):
    """Which it may catch; the run goes on."""
    before = len(target.allowed.requests)
    done = await target.engine.run(FETCH, target.allowed.url(f"/{init.pop('more', '')}"), init)

    assert done.outcome == Answer(["TypeError", "ERR_OPERATION_TOO_LARGE"])
    assert len(target.allowed.requests) == before


async def test_a_guest_that_is_not_ours(target: Target):
    """Whoever goes around fetch asks the same guard; what no honest guest says ends the run."""
    source = """module.exports = async (url, detail) => {
      const { operate } = globalThis[Symbol.for('hookd.native')];
      try { return (await operate('fetch', { method: 'GET', url, headers: [], redirect: 'follow', ...detail })).status; } catch (error) { return error.code; }
    };"""
    url = target.server.url()
    refused = await target.engine.answer(source, url, {})
    nonsense = [
        {"headers": [["Host", "a\r\nb"]]},
        {"url": f"{url}\r\n"},
        {"method": "A B"},
        {"body": "%"},
        {"redirect": 1},
    ]
    ends = [(await target.engine.run(source, url, detail)).outcome for detail in nonsense]

    assert refused == "ERR_ACCESS_DENIED"
    assert {getattr(end, "code", "") for end in ends} == {"sandbox_crashed"}
    assert target.server.connections == 0
