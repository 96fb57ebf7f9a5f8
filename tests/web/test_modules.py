"""Hooks with npm modules, as the APIs take and show them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.bundle.npm import Npm
from runtime.settings import BundleSettings, Settings
from tests.registry import Registry

HOOKS = "/api/v2/hooks"
SCRIPT = "const a = require('a'); module.exports = (c, s, u, x, cb) => cb(null, { scope: [String(a.answer(1))] });"
NEW = {"name": "a-hook", "triggerId": "credentials-exchange", "script": SCRIPT}


@pytest.fixture
async def settings(
    settings: Settings, registry: Registry, module_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Of a runtime that asks the local registry for modules; esbuild is there. npm has no configuration: to ask for it takes a while."""

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    monkeypatch.setattr(Npm, "_configuration", nothing)
    return replace(settings, bundle=BundleSettings(registry=registry.url))


async def test_a_deploy_says_what_it_found(api, registry):
    """In headers, so that clients of the vendor's API see what they know; and the version has it."""
    registry.add("b", "2.0.0")
    registry.add("a", "1.2.3", {"index.js": "exports.answer = require('b').answer"}, dependencies={"b": "^2"})
    made = await api.call("POST", HOOKS, {**NEW, "enabled": True, "dependencies": {"a": "^1.0.0", "c": "1"}})
    again = await api.call(
        "PATCH", f"{HOOKS}/{made.body['id']}", {"script": SCRIPT, "dependencies": made.body["dependencies"]}
    )
    version = await api.call("GET", f"/api/v1/hooks/{made.body['id']}/versions/1")
    versions = await api.call("GET", f"/api/v1/hooks/{made.body['id']}/versions")
    decision = await api.execute()

    assert (made.status, list(made.body)) == (201, ["id", "name", "script", "dependencies", "triggerId", "enabled"])
    assert [row.split(";")[0] for row in made.headers["X-Hook-Modules"].split(", ")] == ["b@2.0.0", "a@1.2.3"]
    assert made.headers["Server-Timing"].startswith("modules;dur=")
    assert "not installed: c." in made.headers["X-Hook-Warning"]
    assert made.body["dependencies"] == {"a": "^1.0.0", "c": "1"}
    assert [(row["name"], row["version"]) for row in version.body["modules"]] == [("b", "2.0.0"), ("a", "1.2.3")]
    assert all(row["bytes"] > 10 and row["builtins"] == row["missing"] == [] for row in version.body["modules"])
    assert decision["scope"] == ["42"]
    # The same content is the same version: nothing was looked up again.
    assert "X-Hook-Modules" not in again.headers
    assert len(versions.body["versions"]) == 1


async def test_a_version_stays_what_it_was(api, registry):
    """Whatever the registry has later, and when the engine is another: an old version comes back as it was."""
    registry.add("a", "1.0.0", {"index.js": "exports.answer = () => 'old'"})
    hook = await api.create(SCRIPT, dependencies={"a": "1.x"})
    registry.add("a", "1.1.0", {"index.js": "exports.answer = () => 'new'"})
    await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"script": SCRIPT + " ", "dependencies": {"a": "^1.1"}})
    newer = await api.execute()
    registry.hangs = True
    images = api.runtime.admin._images
    images._recent.clear()
    images.build_id = "another engine"
    rolled = await api.call("POST", f"/api/v1/hooks/{hook['id']}/rollback", {"version": 1})
    older = await api.execute()

    assert rolled.status == 200
    assert [newer["scope"], older["scope"]] == [["new"], ["old"]]


FAULTS: dict[str, dict[str, object]] = {
    "module_not_found": {"dependencies": {"a": "1"}, "script": "require('a')"},
    "module_version_not_found": {"script": "require('b@7')"},
    "module_refused": {"dependencies": {"b": "http://192.0.2.1/b.tgz"}, "script": "require('b')"},
    "module_native": {"script": "require('native@1')"},
    "module_broken": {"script": "require('broken@1')"},
    "modules_too_large": {"script": "".join(f"require('b@{n}');" for n in range(41))},
}


async def test_a_failure_is_an_error_of_its_own(api, registry):
    """400 with a code and the module's name, where the hook is to be enabled; stored disabled, a warning."""
    registry.add("b")
    registry.add("native", files={"index.js": "", "binding.gyp": ""})
    registry.add("broken", files={"index.js": "let let"})
    for code, body in FAULTS.items():
        refused = await api.call("POST", HOOKS, {**NEW, **body, "enabled": True})
        assert (refused.status, refused.body["errorCode"]) == (400, code)
    stored = await api.call("POST", HOOKS, {**NEW, **body})
    assert stored.status == 201
    assert stored.headers["X-Hook-Warning"] == f"The hook can not be enabled: {refused.body['message']}"


async def test_a_hook_of_which_modules_were_not_found_can_be_enabled_later(api, registry):
    """They are looked for again."""
    stored = await api.call("POST", HOOKS, {**NEW, "dependencies": {"a": "1"}})
    registry.add("a")
    enabled = await api.call("PATCH", f"{HOOKS}/{stored.body['id']}", {"enabled": True})

    assert (enabled.status, enabled.headers["X-Hook-Modules"].split(";")[0]) == (200, "a@1.0.0")
    assert (await api.execute())["scope"] == ["42"]


async def test_no_registry_is_no_fault_of_the_hook(api, registry):
    """503: try again."""
    api.runtime.admin._images._bundler._settings = BundleSettings(registry="http://127.0.0.1:2")
    refused = await api.call("POST", HOOKS, {**NEW, "enabled": True, "dependencies": {"a": "1"}})

    assert (refused.status, refused.body["errorCode"]) == (503, "registry_unreachable")


async def test_a_draft_is_tested_with_its_modules(api, registry):
    """Nothing of it is kept with the hook."""
    registry.add("a")
    hook = await api.create("module.exports = (c, s, u, x, cb) => cb(null, {});")
    path = f"/api/v1/hooks/{hook['id']}/test"
    tested = await api.call("POST", path, {"script": SCRIPT, "dependencies": {"a": "1"}})
    unknown = await api.call("POST", path, {"script": SCRIPT, "dependencies": {"a": "2"}})

    assert (tested.status, tested.body["scope"]) == (200, ["42"])
    assert (unknown.status, unknown.body["errorCode"]) == (400, "module_version_not_found")


async def test_a_webtask_has_modules_too(api, registry):
    """By the metadata that wt-cli sets; and of its source."""
    registry.add("a")
    body = {
        "code": "module.exports = (ctx, cb) => cb(null, require('a').answer(2));",
        "meta": {"wt-node-dependencies": '{"a":"1.0.0"}'},
    }
    put = await api.call("PUT", "/api/webtask/acme/task", body)
    async with api.client.post(f"{api.url}/api/run/acme/task") as answer:
        said = await answer.json()

    assert (put.status, put.headers["X-Hook-Modules"].split(";")[0]) == (200, "a@1.0.0")
    assert said == 84
