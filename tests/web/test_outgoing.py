"""What hooks do on the network, as the APIs tell it: in the records, on the tail, in a test run; never more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from runtime.settings import LimitSettings, NetworkSettings, Settings, TenantNetwork
from tests.network.servers import Server, serving
from tests.web.conftest import REQUEST, Api, hook_of, token

SECRET = "correct-horse-battery"
SOURCE = """module.exports = async (client, scope, audience, context) => {
  const { base, key } = context.webtask.secrets;
  const told = [];
  for (const url of [`${base}/plan?key=${key}`, 'http://10.0.0.1/inside', `http://${key}.example.com:22/`]) {
    told.push(await fetch(url, { headers: { authorization: key } }).then((r) => r.text(), (e) => e.cause.code));
  }
  return { scope, 'https://foo.com/told': told };
};"""


async def plan(request: web.Request) -> web.Response:
    return web.Response(text="gold")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(plan) as server:
        yield server


@pytest.fixture
def settings(settings: Settings, server: Server) -> Settings:
    """Only tenant acme may reach the server. A busy machine may keep a hook waiting."""
    network = NetworkSettings(tenants=(TenantNetwork(tenant="acme", allow=(server.place,)),))
    return replace(settings, network=network, limits=LimitSettings(cpu_ms=2_000, wall_ms=20_000))


async def deployed(api: Api, server: Server) -> dict[str, Any]:
    hook = await api.create(SOURCE)
    secrets = {"base": server.url()[:-1], "key": SECRET}
    answer = await api.call("POST", f"/api/v2/hooks/{hook['id']}/secrets", secrets)
    assert answer.status < 300, answer.body
    return hook


async def record(api: Api) -> dict[str, Any]:
    """The newest, when there is one."""
    async with asyncio.timeout(20):
        while not (found := (await api.call("GET", "/api/v1/logs")).body["executions"]):
            await asyncio.sleep(0.02)
    newest: dict[str, Any] = found[0]
    return newest


async def test_a_record_has_each_request(api: Api, server: Server):
    """Kind, method, host, status, time and error; neither paths nor headers, and no secret in a host."""
    await deployed(api, server)
    told = (await api.execute())["claims"]["https://foo.com/told"]
    kept = await record(api)
    times = [operation.pop("ms") for operation in kept["operations"]]

    assert told == ["gold", "ERR_ACCESS_DENIED", "ERR_ACCESS_DENIED"]
    refused = {"kind": "fetch", "method": "GET", "status": None, "error": "ERR_ACCESS_DENIED"}
    assert kept["operations"] == [
        {"kind": "fetch", "method": "GET", "host": server.place, "status": 200, "error": None},
        {**refused, "host": "10.0.0.1"},
        {**refused, "host": "[secret].example.com:22"},
    ]
    assert times[0] > 0
    assert SECRET not in str(kept)
    assert "plan" not in str(kept["operations"])


async def test_a_test_run_shows_them_too(api: Api, server: Server):
    """Beside the console."""
    hook = await deployed(api, server)
    tested = await api.call("POST", f"/api/v1/hooks/{hook['id']}/test", {"request": REQUEST})

    assert tested.status == 200, tested.body
    assert [operation["status"] for operation in tested.body["run"]["operations"]] == [200, None, None]


async def test_another_tenant_may_not(api: Api, server: Server):
    """What is allowed to one is refused to the next."""
    other = api.with_token(token(tenant="other"))
    source = hook_of(f"fetch('{server.url()}').then((r) => cb(null, {{}}), (e) => cb(new Error(e.cause.code)));")
    await other.create(source)
    decision = await other.execute(client={**REQUEST["client"], "tenant": "other"})

    assert (decision["decision"], decision["error_description"]) == ("deny", "ERR_ACCESS_DENIED")
    assert server.requests == []


async def test_a_webtask_fetches(api: Api, server: Server):
    """As hooks do."""
    code = f"module.exports = (ctx, req, res) => fetch('{server.url()}').then((r) => r.text()).then((t) => res.end(t));"
    assert (await api.call("PUT", "/api/webtask/acme/task", {"code": code})).status == 200
    async with aiohttp.ClientSession() as client, client.get(f"{api.url}/api/run/acme/task") as answer:
        assert await answer.text() == "gold"
