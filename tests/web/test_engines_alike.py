"""What hooks have beside their own source, npm modules and a storage, is the same whichever engine runs them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.model import ENGINES
from runtime.settings import BundleSettings, LimitSettings, NodeSettings, Settings
from tests.registry import Registry
from tests.web.conftest import REQUEST, Api, hook_of

HOOKS, TASK, RUN = "/api/v2/hooks", "/api/webtask/acme/task", "/api/run/acme/task"
MODULES = {
    "index.js": """// a comment
const { inner } = require('b'), path = require('path');
exports.all = (scope) => [inner(scope), path.posix.join('a', '..', 'b'), require.main === undefined, typeof module.id];
exports.fail = () => {
  throw new TypeError('no');
};
exports.print = () => console.log('printed by', __filename);
""",
}
PLACE = re.compile(r"\((.*?:\d+)[:\d]*\)")
USES = """const a = require('a@1.2.3');
module.exports = function (client, scope, audience, context, cb) {
  a.print();
  if (audience === 'fail') a.fail();
  cb(null, { scope, 'https://a/made': a.all(scope), 'https://a/late': require('b').inner(1) });
};"""


@pytest.fixture
async def settings(settings: Settings, registry: Registry, module_cache: Path) -> Settings:
    """With Node, and modules of the local registry. A busy machine's disk may keep a hook waiting."""
    return replace(
        settings,
        bundle=BundleSettings(registry=registry.url),
        node=NodeSettings(enabled=True, processes=1),
        limits=LimitSettings(cpu_ms=2_000, wall_ms=20_000),
    )


async def in_each(api: Api, script: str, *requests: dict[str, Any], **more: Any) -> list[list[Any]]:
    """For each engine what comes of these requests, less what is measured, and what was printed."""
    said = []
    hook = (
        await api.call("POST", HOOKS, {"name": "h", "script": script, "triggerId": "credentials-exchange", **more})
    ).body
    for engine in ENGINES:
        changed = await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"engine": engine, "enabled": True})
        assert changed.status == 200, changed.body
        said.append([await ran(api, hook["id"], request) for request in requests])
    return said


async def ran(api: Api, hook: str, request: dict[str, Any]) -> Any:
    """An execution, and a test run, which shows what was printed."""
    decision = await api.execute(**request)
    run = (await api.call("POST", f"/api/v1/hooks/{hook}/test", {"request": {**REQUEST, **request}})).body
    decision.pop("execution")
    return decision, run["run"]["console"]


async def test_modules(api: Api, registry: Registry):
    """What they make, print and throw, and where; required at the top, by one another, and in the function."""
    registry.add("b", "2.0.0", {"index.js": "exports.inner = (x) => [x, 'inner']"})
    registry.add("a", "1.2.3", MODULES, dependencies={"b": "^2"})
    wasm, node = await in_each(api, USES, {}, {"audience": "fail"}, dependencies={"b": "2.x"})

    stacks = [engine[1][0]["hook_error"].pop("stack") for engine in (wasm, node)]
    assert wasm == node
    (decision, lines), _ = node
    assert decision["claims"]["https://a/made"] == [[["read:orders"], "inner"], "b", True, "undefined"]
    assert [line["text"] for line in lines] == ["printed by /hook.js"]
    assert [PLACE.findall(stack) for stack in stacks] == [["node_modules/a/index.js:5", "hook.js:4"]] * 2


async def test_a_module_that_needs_node_has_it(api: Api, registry: Registry):
    """What throws in wasm is Node's own there."""
    registry.add("a", "1.2.3", {"index.js": "exports.all = () => require('vm').runInNewContext('1 + 1')"})
    wasm, node = await in_each(api, hook_of("cb(null, { scope: [`${require('a@1').all()}`] })"), {})

    assert 'engine = "node"' in wasm[0][0]["hook_error"]["message"]
    assert node[0][0]["scope"] == ["2"]


COUNTS = """module.exports = function (context, cb) {
  context.storage.get(function (error, data) {
    if (error) return cb(error);
    data = data || { counter: 0 };
    data.counter += 1;
    context.storage.set(data, { force: 0 }, (error) => cb(error, [data, context.secrets]));
  });
};"""
CONFLICTS = """module.exports = ({ storage }, cb) => storage.get(() => {
  const told = [];
  const tell = (error) => {
    told.push(error ? [error.code, error.message, error.conflict, Object.keys(error)] : 'kept');
    if (told.length === 2) cb(null, told.sort());
  };
  storage.set('a', tell);
  storage.set('a', tell);
});"""
KEEPS_TOO_MUCH = "module.exports = (ctx, cb) => ctx.storage.set('x'.repeat(512000), (error) => cb(null, [error.code, error.message]));"
KEEPS_NO_JSON = "module.exports = (ctx, cb) => { try { ctx.storage.set(() => 1, cb); } catch (error) { cb(null, error.message); } };"
THROWS = "module.exports = (ctx, cb) => ctx.storage.get(() => { throw new RangeError('mine'); });"
PROMISES = """module.exports = (ctx, cb) => {
  (async () => { await ctx.storage.get(); await ctx.storage.set('first'); return ctx.storage.get(); })().then((v) => cb(null, v), cb);
};"""


async def test_storage(api: Api):
    """What one engine keeps the other reads; conflicts, limits and errors are told in the same words."""
    said: dict[str, list[Any]] = {engine: [] for engine in ENGINES}
    for script in (CONFLICTS, KEEPS_TOO_MUCH, KEEPS_NO_JSON, THROWS, PROMISES):
        for engine in ENGINES:
            said[engine].append(await kept(api, script, engine))
            await api.call("PUT", f"{TASK}/data", {"data": "null"})
    counted = [(await kept(api, COUNTS, engine))[0]["counter"] for engine in (*ENGINES, *ENGINES)]

    assert said["wasm"] == said["node"]
    assert said["node"][0] == [
        [409, "The stored data was changed since it was read.", "a", ["code", "conflict"]],
        "kept",
    ]
    assert said["node"][-1] == "first"
    assert counted == [1, 2, 3, 4]


async def kept(api: Api, script: str, engine: str) -> Any:
    """What the webtask says in this engine."""
    put = await api.call("PUT", TASK, {"code": script, "meta": {"hookd-engine": engine}})
    assert put.status == 200, put.body
    async with api.client.get(api.url + RUN) as answer:
        return json.loads(await answer.text())


async def test_hooks_keep_too(api: Api):
    """By context.webtask.storage."""
    body = """context.webtask.storage.get((error, data) => context.webtask.storage.set((data || 0) + 1, (error) =>
      cb(error, { 'https://foo.com/n': data || 0 })));"""
    wasm, node = await in_each(api, hook_of(body), {}, {})

    assert [decision["claims"]["https://foo.com/n"] for decision, _ in [*wasm, *node]] == [0, 1, 2, 3]


async def test_what_an_action_caches_is_there_on_either_engine(api: Api):
    """One cache for the trigger; a test run sees it and changes nothing."""
    script = """exports.onExecuteCredentialsExchange = async (event, api) => {
      const kept = api.cache.get('n'), n = kept ? +kept.value + 1 : 1;
      api.cache.set('n', `${n}`);
      api.accessToken.setCustomClaim('https://a/n', n);
    };"""
    hook = await api.create(script)
    counted = []
    for engine in (*ENGINES, *ENGINES):
        # A write of its own: what was cached before is written by then.
        await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"engine": engine})
        tested = (await api.call("POST", f"/api/v1/hooks/{hook['id']}/test", {"request": REQUEST})).body
        counted.append([(said["claims"]["https://a/n"]) for said in (tested, await api.execute())])

    assert counted == [[1, 1], [2, 2], [3, 3], [4, 4]]
