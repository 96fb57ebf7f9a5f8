"""Somebody logs out of the dashboard: a copy of the cookie is refused in every worker, at every node, and after a restart."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.end_to_end.serving import CONFIG, Service, serving
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

HERE = {"Sec-Fetch-Site": "same-origin"}
ASKED = 16
"""Requests, each on a connection of its own: both of two workers have some."""


@dataclass(slots=True)
class Browser:
    """It keeps no cookie by itself, and no connection."""

    client: aiohttp.ClientSession
    bearer: str

    async def log_in(self, service: Service) -> dict[str, str]:
        """What a request with the session sends."""
        sent = {"token": self.bearer}
        async with self.client.post(f"{service.process.url}/dashboard/login", json=sent, headers=HERE) as answer:
            assert answer.status == 200, await answer.text()
            # A service has a port, and a cookie's name has it.
            return {**HERE, "Cookie": answer.headers["Set-Cookie"].partition(";")[0]}

    async def log_out(self, service: Service, session: dict[str, str]) -> int:
        async with self.client.post(f"{service.process.url}/dashboard/logout", headers=at(service, session)) as answer:
            assert "Max-Age=0" in answer.headers["Set-Cookie"]
            return answer.status

    async def ask(self, service: Service, session: dict[str, str]) -> int:
        """The status of what takes a session, and no storage but for that."""
        url = f"{service.process.url}/dashboard/settings.json"
        async with self.client.get(url, headers=at(service, session)) as answer:
            return answer.status

    async def often(self, service: Service, session: dict[str, str]) -> set[int]:
        return {await self.ask(service, session) for _ in range(ASKED)}


def at(service: Service, session: dict[str, str]) -> dict[str, str]:
    """The same cookie, by its name at this service."""
    value = session["Cookie"].partition("=")[2]
    return {**session, "Cookie": f"hookd_session_{service.process.address['port']}={value}"}


@asynccontextmanager
async def browsing(bearer: str) -> AsyncIterator[Browser]:
    connector, timeout = aiohttp.TCPConnector(force_close=True), aiohttp.ClientTimeout(total=PATIENCE)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as client:
        yield Browser(client, bearer)


def configured(folder: Path, storage: str = "", workers: int = 2) -> Path:
    """A configuration in a folder of its own."""
    folder.mkdir()
    text = CONFIG.replace("workers = 2", f"workers = {workers}").replace("[storage]", f"[storage]\n{storage}")
    (folder / "config.toml").write_text(text)
    return folder / "config.toml"


def changes_of(service: Service) -> Counter[str]:
    """Of the audit log: the routes that had an effect."""
    return Counter(re.findall(r" hookd.audit change tenant=acme .*route=(\S+) .*status=20[04] ", service.process.log))


async def test_every_worker_refuses_it_at_once_and_after_a_restart(tmp_path: Path, engine_cache: Path):
    """Whichever of them answered the logout. Other sessions go on; login and logout have a line in the audit log each."""
    config = configured(tmp_path / "one")
    async with serving(config, engine_cache) as service, browsing(service.bearer) as browser:
        stays = await browser.log_in(service)
        for _ in range(4):
            ends = await browser.log_in(service)
            assert await browser.often(service, ends) == {200}
            assert await browser.log_out(service, ends) == 204
            assert await browser.often(service, ends) == {401}
            assert await browser.often(service, stays) == {200}
        assert len(service.workers) == 2
        wanted = {"/dashboard/login": 5, "/dashboard/logout": 4}
        await until(lambda: changes_of(service) == wanted, lambda: service.process.log)
    async with serving(config, engine_cache) as service, browsing(service.bearer) as browser:
        assert await browser.often(service, ends) == {401}
        assert await browser.often(service, stays) == {200}


async def test_every_node_refuses_it(tmp_path: Path, engine_cache: Path):
    """At once. Without Redis, the one that answered a logout refuses the session, and tells the others when it is back."""
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer(tmp_path / "redis"))
        storage = f'url = "{redis.url}"\ntimeout_ms = 500'
        configs = [configured(tmp_path / name, storage, workers=1) for name in ("one", "other")]
        one, other = [await stack.enter_async_context(serving(config, engine_cache)) for config in configs]
        browser = await stack.enter_async_context(browsing(one.bearer))
        first, second, third = [await browser.log_in(one) for _ in range(3)]
        for service in (one, other):
            assert await browser.ask(service, first) == 200
        assert await browser.log_out(other, first) == 204
        assert [await browser.ask(service, first) for service in (one, other)] == [401, 401]

        redis.kill()
        assert await browser.log_out(one, second) == 503
        assert [await browser.ask(service, first) for service in (one, other)] == [401, 401]
        assert [await browser.ask(service, second) for service in (one, other)] == [401, 200]
        redis.start()
        async with asyncio.timeout(PATIENCE):
            while await browser.ask(other, second) != 401:
                assert await browser.ask(other, third) == 200
        assert [await browser.ask(service, first) for service in (one, other)] == [401, 401]
        assert [await browser.ask(service, third) for service in (one, other)] == [200, 200]
