"""auth0-deploy-cli, with which teams keep their tenant's configuration in a repository (contract 1.3).

7.24.3: version 8.44.0 does the same here, but needs Node 20.19, which is newer than the one that the tests have.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.installed import NODE
from tests.web.conftest import Api, hook_of

Deploy: TypeAlias = Callable[..., Awaitable[str]]

HOOKS = "/api/v2/hooks"
HIDDEN = "_VALUE_NOT_SHOWN_"
SCRIPT = hook_of("cb(null, {'https://foo.com/secrets': context.webtask.secrets})")
FIELDS = {
    "name": "secrets-for-all",
    "triggerId": "credentials-exchange",
    "enabled": True,
    "dependencies": {"lodash": "4.17.21"},
}
HOOK = {**FIELDS, "script": "./secrets-for-all.js", "secrets": {"KEY": "##KEY##", "OTHER": "fixed"}}


@pytest.fixture
def deploy(run: Callable[..., Awaitable[tuple[int | None, str]]], node_modules: Path, https: str, api: Api) -> Deploy:
    """`deploy("import", "--input_file", folder)`: what it printed. An exit code other than 0 fails."""
    program = node_modules / "auth0-deploy-cli" / "lib" / "index.js"

    async def deploy(*arguments: str | Path, **more: str) -> str:
        settings = {
            "AUTH0_DOMAIN": https,
            "AUTH0_ACCESS_TOKEN": str(api.bearer),
            "AUTH0_INCLUDED_ONLY": '["hooks"]',
            "AUTH0_KEYWORD_REPLACE_MAPPINGS": '{"KEY": "from the environment"}',
        }
        code, printed = await run(NODE, program, *arguments, "--env", "true", **settings, **more)
        assert (code, "rror" in printed) == (0, False), printed
        return printed

    return deploy


def write(folder: Path, hook: dict[str, Any]) -> None:
    hooks = folder / "hooks"
    hooks.mkdir(parents=True, exist_ok=True)
    (hooks / f"{hook['name']}.json").write_text(json.dumps(hook))
    (hooks / f"{hook['name']}.js").write_text(SCRIPT)


async def secrets_seen(api: Api) -> Any:
    return (await api.execute())["claims"]["https://foo.com/secrets"]


async def test_import_export_and_import_again(deploy: Deploy, tmp_path: Path, api: Api):
    """A folder becomes hooks with secrets; what is exported goes in again and changes nothing but what was edited.

    One test: each import takes seconds, in which the tool compiles the schema of a whole tenant.
    """
    stale = await api.create(SCRIPT, name="stale", enabled=False)
    write(tmp_path / "tenant", HOOK)
    await deploy("import", "--input_file", tmp_path / "tenant", AUTH0_ALLOW_DELETE="true")
    (made,) = (await api.call("GET", HOOKS)).body
    assert made["id"] != stale["id"]
    assert made == {**FIELDS, "id": made["id"], "script": SCRIPT}
    assert await secrets_seen(api) == {"KEY": "from the environment", "OTHER": "fixed"}

    await deploy("export", "--format", "directory", "--output_folder", tmp_path / "out")
    exported = json.loads((tmp_path / "out/hooks/secrets-for-all.json").read_text())
    assert exported == HOOK | {"secrets": {"KEY": HIDDEN, "OTHER": HIDDEN}}
    assert (tmp_path / "out/hooks/secrets-for-all.js").read_text() == SCRIPT

    write(tmp_path / "out", {**exported, "secrets": {"KEY": HIDDEN, "NEW": "one"}})
    write(tmp_path / "out", {**HOOK, "name": "second", "enabled": False, "secrets": {}, "script": "./second.js"})
    await deploy("import", "--input_file", tmp_path / "out")
    first, second = (await api.call("GET", HOOKS)).body
    assert first == made
    assert second == {**made, "id": second["id"], "name": "second", "enabled": False}
    assert len((await api.call("GET", f"/api/v1/hooks/{made['id']}/versions")).body["versions"]) == 1
    assert await secrets_seen(api) == {"KEY": "from the environment", "NEW": "one"}
