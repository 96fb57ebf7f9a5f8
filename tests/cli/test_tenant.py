"""An exported tenant: both of the tool's formats give the same, and each fault has its place in the message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.tenant import ACTION, HOOK, RULE, Exported, read_export
from runtime.errors import SettingsError

SCRIPT = "module.exports = (client, scope, audience, context, cb) => cb(null, {});\n"
CODE = "exports.onExecutePostLogin = async () => {};\n"
HOOKS = {
    "claims": {
        "name": "claims",
        "triggerId": "credentials-exchange",
        "enabled": True,
        "secrets": {"KEY": "_VALUE_NOT_SHOWN_", "MARKED": "##KEY##", "KNOWN": "a\nb"},
        "dependencies": {"ms": "2.1.3"},
    }
}
ACTIONS = {
    "After_Login": {
        "name": "After_Login",
        "runtime": "node18",
        "status": "built",
        "deployed": True,
        "dependencies": [{"name": "ms", "version": "2.1.3"}],
        "secrets": [{"name": "TOKEN"}],
        "supported_triggers": [{"id": "post-login", "version": "v3"}],
    },
    "unbound": {"name": "unbound", "deployed": True, "supported_triggers": [{"id": "post-login", "version": "v3"}]},
    "other": {"name": "other", "deployed": False, "supported_triggers": [{"id": "custom-phone-provider"}]},
}
TRIGGERS = {"post-login": [{"action_name": "first"}, {"action_name": "After_Login", "display_name": "After"}]}
RULES = {"old": {"name": "old", "order": 1, "stage": "login_success", "enabled": True}}


def write_sources(folder: Path) -> None:
    """The scripts, which lie alike in both formats."""
    for name in HOOKS:
        write(folder / f"hooks/{name}.js", SCRIPT)
    for name in ACTIONS:
        write(folder / f"actions/{name}/code.js", CODE)
    for name in RULES:
        write(folder / f"rules/{name}.js", "function (user, context, callback) {}")


def write_folder(folder: Path) -> Path:
    """As `a0deploy export --format directory` does it; an Action's code has the path from where the tool ran."""
    write_sources(folder)
    for name, hook in HOOKS.items():
        write(folder / f"hooks/{name}.json", json.dumps({**hook, "script": f"./{name}.js"}))
    for name, action in ACTIONS.items():
        write(folder / f"actions/{name}.json", json.dumps({**action, "code": f"/elsewhere/out/actions/{name}/code.js"}))
    for name, rule in RULES.items():
        write(folder / f"rules/{name}.json", json.dumps({**rule, "script": f"./{name}.js"}))
    write(folder / "triggers/triggers.json", json.dumps(TRIGGERS))
    return folder


def write_yaml(folder: Path) -> Path:
    """As `a0deploy export --format yaml` does it: JSON is YAML."""
    write_sources(folder)
    tenant: dict[str, Any] = {
        "hooks": [{**hook, "script": f"./hooks/{name}.js"} for name, hook in HOOKS.items()],
        "actions": [{**action, "code": f"./actions/{name}/code.js"} for name, action in sorted(ACTIONS.items())],
        "rules": [{**rule, "script": f"./rules/{name}.js"} for name, rule in RULES.items()],
        "triggers": TRIGGERS,
        "clients": [{"name": "passed by"}],
    }
    write(folder / "tenant.yaml", json.dumps(tenant))
    return folder


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize("writes", [write_folder, write_yaml])
def test_what_an_export_has(tmp_path: Path, writes):
    """Hooks, then Actions, then rules; which secrets have no value; which Action runs, and when."""
    hook, after, other, unbound, rule = read_export(writes(tmp_path))

    assert hook == Exported(
        kind=HOOK,
        name="claims",
        point="credentials-exchange",
        script=SCRIPT,
        is_enabled=True,
        dependencies={"ms": "2.1.3"},
        secrets={"KNOWN": "a\nb"},
        missing=("KEY", "MARKED"),
    )
    assert (after.kind, after.trigger, after.script, after.fit_name) == (
        ACTION,
        "password-exchange",
        CODE,
        "After-Login",
    )
    assert (after.is_enabled, after.order, after.missing, after.dependencies) == (True, 2, ("TOKEN",), {"ms": "2.1.3"})
    assert (other.point, other.trigger, other.is_enabled) == ("custom-phone-provider", "", False)
    assert (unbound.name, unbound.is_enabled, unbound.order) == ("unbound", False, None)
    assert (rule.kind, rule.name, rule.trigger) == (RULE, "old", "")
    assert "a\nb" not in repr(hook)


def test_a_yaml_file_is_an_export_too(tmp_path: Path):
    """It may be called otherwise; a mark of the tool's may stand where YAML has no such character, or in place of a list."""
    write_sources(tmp_path)
    text = "actions:\n  - {name: a, code: ./actions/other/code.js, deployed: true, secrets: @@SECRETS@@,\n"
    write(tmp_path / "my.yml", f"{text}     supported_triggers: [{{id: send-phone-message}}]}}\n")
    (action,) = read_export(tmp_path / "my.yml")

    assert (action.name, action.trigger, action.is_enabled, action.missing) == ("a", "send-phone-message", True, ())


@pytest.mark.parametrize(
    "file, text, message",
    [
        (
            "other.json",
            "{}",
            r"has no tenant.yaml and none of hooks/, actions/ and rules/: name the folder or the file",
        ),
        ("hooks/a.json", "{", r"hooks/a.json is not JSON: line 1, column 2: "),
        ("hooks/a.json", "[]", r"hooks/a.json: it must be an object\."),
        ("hooks/a.json", '{"name": 1}', r"hooks/a.json: 'name' must be a string\."),
        ("hooks/a.json", '{"name": "a", "secrets": {"K": 1}}', r"hooks/a.json: 'secrets.K' must be a string\."),
        ("tenant.yaml", "hooks: [", r"tenant.yaml is not YAML: while parsing"),
        ("tenant.yaml", "hooks: {}\nactions: x", r"tenant.yaml: 'actions' must be a list\."),
        ("tenant.yaml", "actions: [1]", r"tenant.yaml, actions\[0\]: it must be an object\."),
    ],
)
def test_what_is_no_export(tmp_path: Path, file: str, text: str, message: str):
    """The file, the row, the field."""
    write(tmp_path / file, text)
    with pytest.raises(SettingsError, match=message):
        read_export(tmp_path)


@pytest.mark.parametrize("path", ["../secret.js", "/etc/hostname", "./absent.js"])
def test_a_source_is_read_from_the_export_alone(tmp_path: Path, path: str):
    """An export is somebody else's: it must not have this user's files deployed."""
    write(tmp_path / "secret.js", "not part of it")
    hook = {"name": "a", "triggerId": "credentials-exchange", "script": path}
    write(tmp_path / "tenant/hooks/a.json", json.dumps(hook))
    with pytest.raises(SettingsError, match="which is not in the export"):
        read_export(tmp_path / "tenant")
