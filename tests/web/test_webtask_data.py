"""What webtasks and hooks keep: by context.storage as their own code has it, and by the Webtask API."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from runtime.settings import LimitSettings, Settings
from tests.web.conftest import REQUEST, SEED, Api, hook_of, token

TASK, DATA, RUN = "/api/webtask/acme/task", "/api/webtask/acme/task/data", "/api/run/acme/task"
# As webtask's documentation has it.
COUNTER = """module.exports = function (context, cb) {
  context.storage.get(function (error, data) {
    if (error) return cb(error);
    data = data || { counter: 1 };
    data.counter += 1;
    var attempts = 3;
    context.storage.set(data, function set_cb(error) {
      if (!error) return cb(null, data.counter);
      if (error.code === 409 && attempts--) {
        data.counter = Math.max(data.counter, error.conflict.counter) + 1;
        return context.storage.set(data, set_cb);
      }
      cb(error);
    });
  });
};"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A busy machine's disk may keep a hook waiting."""
    return replace(settings, limits=LimitSettings(cpu_ms=2_000, wall_ms=20_000))


async def deploy(api: Api, script: str) -> None:
    answer = await api.call("PUT", TASK, {"code": script})
    assert answer.status == 200, answer.body


async def run(api: Api, **query: str) -> Any:
    async with api.client.get(api.url + RUN, params=query) as answer:
        return json.loads(await answer.text())


async def test_a_counter_counts(api: Api):
    """From run to run, and over a deployment; the record says what was done, and nothing of what."""
    await deploy(api, COUNTER)
    assert [await run(api), await run(api)] == [2, 3]
    await deploy(api, COUNTER + "//")
    assert await run(api) == 4

    assert json.loads((await api.call("GET", DATA)).body["data"]) == {"counter": 4}
    async with asyncio.timeout(60):
        while not (found := (await api.call("GET", "/api/v1/logs")).body["executions"]):
            await asyncio.sleep(0.02)
    assert [(one["kind"], one["error"]) for one in found[0]["operations"]] == [
        ("storage_get", None),
        ("storage_set", None),
    ]


async def test_who_counts_at_once_counts_one_after_the_other(api: Api):
    """A conflict is told with what is there by now, and the next try is made to that."""
    await deploy(api, COUNTER)
    counted = await asyncio.gather(*[run(api) for _ in range(3)])

    assert sorted(counted) == [2, 3, 4]


async def test_conflicts(api: Api):
    """Of two who change what they read, one does; the other learns what there is, and nothing else of ours."""
    script = """module.exports = ({ storage }, cb) => storage.get(() => {
      const told = [];
      const tell = (error) => {
        told.push(error ? [error.code, error.conflict, Object.keys(error)] : 'kept');
        if (told.length === 2) cb(null, told);
      };
      storage.set('a', tell);
      storage.set('b', tell);
    });"""
    await deploy(api, script)
    told = await run(api)
    there = json.loads((await api.call("GET", DATA)).body["data"])

    assert sorted(told, key=str) == [[409, there, ["code", "conflict"]], "kept"]


async def test_force(api: Api):
    """Who forces, or has not read, replaces whatever there is."""
    script = """module.exports = ({ storage }, cb) => storage.get(() => {
      storage.set('a', () => {});
      storage.set('b', { force: 1 }, (error) => cb(error, 'kept'));
    });"""
    for source in (script, "module.exports = ({ storage }, cb) => storage.set('c', (error) => cb(error, 'kept'));"):
        await deploy(api, source)
        assert await run(api) == "kept"

    assert (await api.call("GET", DATA)).body["data"] == '"c"'


async def test_promises(api: Api):
    """Without a callback."""
    await deploy(
        api,
        """module.exports = (ctx, cb) => {
          (async () => { await ctx.storage.get(); await ctx.storage.set('first'); return ctx.storage.get(); })().then((v) => cb(null, v), cb);
        };""",
    )
    assert await run(api) == "first"


async def test_errors(api: Api):
    """What is no JSON, and what is too much; what a callback throws is the webtask's."""
    await deploy(
        api,
        "module.exports = (ctx, cb) => ctx.storage.set('x'.repeat(512000), (error) => cb(null, [error.code, error.message]));",
    )
    assert await run(api) == [413, "the data is larger than 500 kB"]
    await deploy(
        api,
        "module.exports = (ctx, cb) => { try { ctx.storage.set(() => 1, cb); } catch (error) { cb(null, error.message); } };",
    )
    assert await run(api) == "The data can not be written as JSON."
    await deploy(api, "module.exports = (ctx, cb) => ctx.storage.get(() => { throw new RangeError('mine'); });")
    assert (await run(api))["message"] == "mine"


async def test_hooks_keep_too(api: Api):
    """By context.webtask.storage, each its own; a test run changes nothing."""
    body = """context.webtask.storage.get((error, data) => context.webtask.storage.set((data || 0) + 1, (error) =>
      cb(error, { 'https://foo.com/n': data || 0 })));"""
    hook = await api.create(hook_of(body))
    tested = await api.call("POST", f"/api/v1/hooks/{hook['id']}/test", {"request": REQUEST})
    assert tested.status == 200, tested.body
    claims = [(await api.execute())["claims"] for _ in range(2)]

    assert [claim["https://foo.com/n"] for claim in claims] == [0, 1]


async def test_the_api(api: Api):
    """As webtask.io documents it: data as JSON text, an etag, 409 where it is another by now."""
    await deploy(api, COUNTER)
    empty = (await api.call("GET", DATA)).body
    assert empty == {"data": "{}", "etag": ""}
    first = await api.call("PUT", DATA, {"data": '{"counter": 7}', "etag": ""})
    assert first.status == 200
    assert (await api.call("GET", DATA)).body == {"data": '{"counter": 7}', "etag": first.body["etag"]}
    assert await run(api) == 8
    late = await api.call("PUT", DATA, {"data": "{}", "etag": first.body["etag"]})
    assert (late.status, late.body["message"]) == (409, "The stored data was changed since it was read.")
    assert (await api.call("PUT", DATA, {"data": {"counter": 1}})).status == 200
    assert await run(api) == 2


async def test_the_api_refuses(api: Api):
    """Too much, unknown webtasks, other containers, and who may only read hooks."""
    await deploy(api, SEED)
    large = await api.call("PUT", DATA, {"data": "x" * 512_000})
    missing = await api.call("PUT", DATA, {})
    unknown = await api.call("GET", "/api/webtask/acme/nothere/data")
    foreign = await api.call("GET", "/api/webtask/other/task/data")
    reader = await api.with_token(token(scope="read:hooks")).call("GET", DATA)

    statuses = [answer.status for answer in (large, missing, unknown, foreign, reader)]
    assert statuses == [400, 400, 404, 403, 403]
