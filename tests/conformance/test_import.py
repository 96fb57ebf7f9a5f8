"""`hookd import` reads what auth0-deploy-cli writes: its own code makes the exports here, in both formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.cli.tenant import Exported, read_export
from tests.installed import NODE

# The handlers that write a tenant, as the tool calls them; what they are given is what its API has answered.
EXPORT = """
const fs = require('fs'), path = require('path'), tool = process.argv[1], folder = process.argv[2];
const assets = () => JSON.parse(process.argv[3]);
const handlers = (format) => ['hooks', 'actions', 'rules', 'triggers'].map((name) =>
  require(`${tool}/lib/context/${format}/handlers/${name}.js`).default);
(async () => {
  for (const handler of handlers('directory')) await handler.dump({ filePath: `${folder}/directory`, assets: assets() });
  let tenant = {};
  fs.mkdirSync(`${folder}/yaml`);
  for (const handler of handlers('yaml')) {
    tenant = { ...tenant, ...await handler.dump({ basePath: `${folder}/yaml`, assets: assets() }) };
  }
  fs.writeFileSync(`${folder}/yaml/tenant.yaml`, require(require.resolve('js-yaml', { paths: [tool] })).dump(tenant));
})();
"""
ASSETS = {
    "hooks": [
        {
            "id": "00001",
            "name": "my-hook",
            "triggerId": "credentials-exchange",
            "enabled": True,
            "script": "module.exports = 1;\n",
            "dependencies": {"bcrypt": "3.0.6"},
            "secrets": {"SSN": "_VALUE_NOT_SHOWN_"},
        }
    ],
    "actions": [
        {
            "id": "a-1",
            "name": "my/action: one",
            "code": "exports.onExecutePostLogin = async () => {};\n",
            "runtime": "node18",
            "status": "built",
            "all_changes_deployed": True,
            "dependencies": [{"name": "lodash", "version": "4.17.21", "registry_url": None}],
            "secrets": [{"name": "KEY", "updated_at": "2024-01-01T00:00:00.000Z"}],
            "supported_triggers": [{"id": "post-login", "version": "v3"}],
        }
    ],
    "rules": [{"name": "my rule", "order": 1, "stage": "login_success", "enabled": True, "script": "function () {}"}],
    "triggers": {
        "post-login": [
            {"action_name": "another", "display_name": "another"},
            {"action_name": "my/action: one", "display_name": "One"},
        ]
    },
}


@pytest.mark.parametrize("format", ["directory", "yaml"])
async def test_what_the_tool_writes_is_read(run, node_modules: Path, tmp_path: Path, format: str):
    """Names, sources, dependencies, the names of secrets; where an Action is bound, and as which of several."""
    code, printed = await run(NODE, "-e", EXPORT, node_modules / "auth0-deploy-cli", tmp_path, json.dumps(ASSETS))
    assert code == 0, printed

    hook, action, rule = read_export(tmp_path / format)

    assert hook == Exported(
        kind="hook",
        name="my-hook",
        point="credentials-exchange",
        script="module.exports = 1;\n",
        is_enabled=True,
        dependencies={"bcrypt": "3.0.6"},
        missing=("SSN",),
    )
    assert action == Exported(
        kind="Action",
        name="my/action: one",
        point="post-login",
        script="exports.onExecutePostLogin = async () => {};\n",
        is_enabled=True,
        order=2,
        dependencies={"lodash": "4.17.21"},
        missing=("KEY",),
    )
    assert (rule.kind, rule.name, rule.is_enabled) == ("rule", "my rule", True)
