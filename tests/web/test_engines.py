"""Which engine runs a hook: said when it is made or changed, part of its version, and the same answers from either."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runtime.bootstrap import open_runtime
from runtime.errors import SettingsError
from runtime.settings import NodeSettings, Settings
from tests.web.conftest import Api, hook_of

CONTAINER = "/api/webtask/acme"
HOOKS = "/api/v2/hooks"
WHERE = hook_of(
    """let where = 'node';
    try { require('worker_threads'); } catch { where = 'wasm'; }
    cb(null, { 'https://a/where': where });"""
)
ASLEEP = NodeSettings(enabled=True, processes=1)


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With Node, unless a test is marked to have none."""
    return settings if request.node.get_closest_marker("usefixtures") else replace(settings, node=ASLEEP)


@pytest.fixture
def without_node() -> None:
    """The server has no Node."""


async def where(api: Api) -> str:
    """Which engine answered."""
    decision = await api.execute()
    assert decision["decision"] == "allow", decision
    return str(decision["claims"]["https://a/where"])


async def engines(api: Api, hook: str) -> list[str]:
    """Those of the hook's versions, newest first."""
    path = f"/api/v1/hooks/{hook}/versions"
    listed = (await api.call("GET", path)).body["versions"]
    return [(await api.call("GET", f"{path}/{version['number']}")).body["engine"] for version in listed]


async def test_a_hook_runs_where_it_says(api: Api):
    """And where it says nothing, in wasm. The vendor's fields stay the vendor's."""
    hook = await api.create(WHERE, engine="node")
    assert set(hook) == {"id", "name", "script", "dependencies", "triggerId", "enabled"}
    assert await where(api) == "node"
    await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"engine": "wasm"})
    assert await where(api) == "wasm"
    await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"script": WHERE + "//"})
    assert await where(api) == "wasm"

    assert await engines(api, hook["id"]) == ["wasm", "wasm", "node"]


async def test_the_engine_belongs_to_the_version(api: Api):
    """One that is deployed again runs where it ran; a change of the script keeps the engine."""
    hook = (await api.create(WHERE, engine="node"))["id"]
    await api.call("PATCH", f"{HOOKS}/{hook}", {"script": WHERE + "// node, too"})
    await api.call("PATCH", f"{HOOKS}/{hook}", {"engine": "wasm"})
    assert await where(api) == "wasm"
    answer = await api.call("POST", f"/api/v1/hooks/{hook}/rollback", {"version": 2})

    assert answer.status == 200
    assert await where(api) == "node"
    assert await engines(api, hook) == ["node", "wasm", "node", "node"]


async def test_the_same_source_in_another_engine_is_another_version(api: Api):
    """Its id says what it is; and that of a wasm hook is what it was before there was a choice."""
    hook = (await api.create(WHERE))["id"]
    await api.call("PATCH", f"{HOOKS}/{hook}", {"engine": "node"})
    await api.call("PATCH", f"{HOOKS}/{hook}", {"engine": "node"})
    ids = [version["id"] for version in (await api.call("GET", f"/api/v1/hooks/{hook}/versions")).body["versions"]]

    assert len(ids) == len(set(ids)) == 2


async def test_a_test_run_may_try_the_other_engine(api: Api):
    """Without deploying it."""
    hook = (await api.create(WHERE))["id"]
    answer = await api.call("POST", f"/api/v1/hooks/{hook}/test", {"engine": "node"})

    assert answer.body["claims"] == {"https://a/where": "node"}
    assert await where(api) == "wasm"


@pytest.mark.parametrize("engine", ["deno", "", None, 1, "WASM"])
async def test_an_unknown_engine_is_refused(api: Api, engine: Any):
    """As any value that is none of its enumeration."""
    answer = await api.call(
        "POST", HOOKS, {"name": "h", "script": WHERE, "triggerId": "credentials-exchange", "engine": engine}
    )

    assert answer.status == 400
    assert "on property engine" in answer.body["message"]


async def test_a_limit_and_an_error_are_told_as_for_wasm(api: Api):
    """Secrets are masked, and the line is the user's."""
    source = "module.exports = function (client, scope, audience, context, cb) {\n  throw new Error(context.webtask.secrets.KEY);\n};"
    hook = (await api.create(source, engine="node"))["id"]
    await api.call("POST", f"{HOOKS}/{hook}/secrets", {"KEY": "open sesame"})
    decision = await api.execute()

    assert decision["decision"] == "deny"
    assert decision["hook_error"]["code"] == "threw"
    assert "sesame" not in str(decision)
    assert "hook.js:2:9" in decision["hook_error"]["stack"]


async def test_an_action_and_typescript_run_in_node(api: Api):
    """Both are made JavaScript before."""
    action = """import { createHash } from 'node:crypto';
    export const onExecuteCredentialsExchange = async (event: any, api: any) => {
      api.accessToken.setCustomClaim('https://a/where', createHash('sha256').update('x').digest('hex').slice(0, 4));
    };"""
    await api.create(action, engine="node")

    assert await where(api) == "2d71"


async def test_a_webtask_has_its_engine_in_its_metadata(api: Api):
    """Shown as it was sent; the Management API and these say the same."""
    meta = {"hookd-engine": "node", "auth0-extension": "runtime", "auth0-extension-name": "credentials-exchange"}
    answer = await api.call("PUT", f"{CONTAINER}/h", {"code": WHERE, "meta": meta})
    assert answer.status == 200, answer.body
    assert await where(api) == "node"
    hook = (await api.call("GET", HOOKS)).body[0]["id"]
    await api.call("PATCH", f"{HOOKS}/{hook}", {"engine": "wasm"})
    assert "hookd-engine" not in (await api.call("GET", f"{CONTAINER}/h")).body["meta"]
    await api.call("PATCH", f"{HOOKS}/{hook}", {"engine": "node"})
    assert (await api.call("GET", f"{CONTAINER}/h")).body["meta"]["hookd-engine"] == "node"

    refused = await api.call("PUT", f"{CONTAINER}/h", {"code": WHERE, "meta": {**meta, "hookd-engine": "x"}})
    assert (refused.status, "hookd-engine" in refused.body["message"]) == (400, True)


async def test_a_plain_webtask_runs_in_node(api: Api):
    """With Node's own modules."""
    code = "module.exports = (ctx, cb) => cb(null, require('path').join('a', 'b'));"
    await api.call("PUT", f"{CONTAINER}/w", {"code": code, "meta": {"hookd-engine": "node"}})

    assert (await api.call("GET", "/api/run/acme/w")).body == "a/b"


async def test_a_hook_for_node_survives_a_server_without_it(settings: Settings):
    """It fails with an error that says why, and runs again when Node is back."""
    async with open_runtime(settings) as runtime:
        body = {"name": "h", "script": WHERE, "triggerId": "credentials-exchange", "enabled": True, "engine": "node"}
        await runtime.admin.create_hook("acme", body)
    request = {"client": {"id": "c"}, "scope": [], "audience": "a", "context": {"ip": "192.0.2.1"}}
    for node, expected in [(NodeSettings(), "source_rejected"), (ASLEEP, None)]:
        async with open_runtime(replace(settings, node=node)) as runtime:
            executed = await runtime.dispatch.execute("acme", "credentials-exchange", request)
            assert getattr(executed.fault, "code", None) == expected
            assert expected is None or "[node] enabled = true" in str(executed.fault)


@pytest.mark.usefixtures("without_node")
async def test_a_server_without_node_refuses_it_when_it_is_to_run(api: Api):
    """With the setting that is missing; stored, disabled, it has a warning, as whatever can not be enabled."""
    body = {"name": "h", "script": WHERE, "triggerId": "credentials-exchange", "engine": "node"}
    refused = await api.call("POST", HOOKS, {**body, "enabled": True})
    assert (refused.status, refused.body["errorCode"]) == (400, "engine_missing")
    assert (
        refused.body["message"]
        == "The engine node is not there: this server's configuration must say [node] enabled = true."
    )
    stored = await api.call("POST", HOOKS, body)
    assert stored.status == 201
    assert "[node] enabled = true" in stored.headers["X-Hook-Warning"]
    tested = await api.call("POST", f"/api/v1/hooks/{stored.body['id']}/test", {"engine": "node"})
    assert (tested.status, tested.body["errorCode"]) == (400, "engine_missing")


async def test_the_default_is_a_setting(settings: Settings):
    """For hooks that name none; and it must be there."""
    async with open_runtime(replace(settings, sandbox=replace(settings.sandbox, engine="node"))) as runtime:
        body = {"name": "h", "script": WHERE, "triggerId": "credentials-exchange"}
        assert (await runtime.admin.create_hook("acme", body)).hook.version.engine == "node"
    with pytest.raises(SettingsError, match=r"sandbox\.engine"):
        async with open_runtime(
            replace(settings, node=NodeSettings(), sandbox=replace(settings.sandbox, engine="node"))
        ):
            pass
