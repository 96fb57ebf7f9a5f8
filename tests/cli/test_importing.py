"""`hookd import`: project folders or hooks on a server, and what needs attention."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.project import read_project
from tests.end_to_end.processes import call

SCRIPT = "module.exports = async () => ({});\n"
CODE = "exports.onExecutePreUserRegistration = async (event, api) => api.user.setAppMetadata('k', event.secrets.KEY);\n"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def hook(folder: Path, name: str, **more: Any) -> None:
    """A hook of an export."""
    row = {"name": name, "triggerId": "post-change-password", "enabled": True, "script": f"./{name}.js", **more}
    write(folder / f"tenant/hooks/{name}.json", json.dumps(row))
    write(folder / f"tenant/hooks/{name}.js", SCRIPT)


def action(folder: Path, name: str, point: str, **more: Any) -> None:
    """An Action of an export."""
    row = {"name": name, "code": f"actions/{name}/code.js", "deployed": True, "supported_triggers": [{"id": point}]}
    write(folder / f"tenant/actions/{name}.json", json.dumps({**row, **more}))
    code = CODE if point != "post-login" else "exports.onExecutePostLogin = async () => {};\n"
    write(folder / f"tenant/actions/{name}/code.js", code)


@pytest.fixture
def tenant(tmp_path: Path) -> Path:
    """An export with something of everything."""
    hook(tmp_path, "first", secrets={"KEY": "_VALUE_NOT_SHOWN_", "PEM": "-----\nx\n"}, dependencies={"ms": "2.1.3"})
    action(tmp_path, "Sign_up", "pre-user-registration", secrets=[{"name": "KEY"}])
    action(tmp_path, "after", "post-login")
    action(tmp_path, "phone", "custom-phone-provider")
    write(tmp_path / "tenant/rules/old.json", json.dumps({"name": "old", "script": "./old.js", "enabled": True}))
    write(
        tmp_path / "tenant/triggers/triggers.json",
        json.dumps(
            {
                "post-login": [{"action_name": "after"}, {"action_name": "x"}],
                "pre-user-registration": [{"action_name": "Sign_up"}],
            }
        ),
    )
    return tmp_path / "tenant"


def rows_of(document: Any) -> dict[str, Any]:
    return {row["name"]: row for row in document["rows"]}


def test_an_export_becomes_project_folders(hookd, tmp_path, tenant):
    """What can be said of each is in its hookd.toml; values of secrets are in a private file; the rest is told."""
    done = hookd("import", "tenant", "--output", "hooks", "--json")
    rows = rows_of(json.loads(done.stdout))
    first, sign_up, after = (read_project(tmp_path / "hooks" / name) for name in ("first", "Sign-up", "after"))

    assert done.returncode == 1
    assert {name: (row["kind"], row["state"], row["trigger"]) for name, row in rows.items()} == {
        "first": ("hook", "imported", "post-change-password"),
        "Sign_up": ("action", "imported", "pre-user-registration"),
        "after": ("action", "imported", "password-exchange"),
        "phone": ("action", "not imported", None),
        "old": ("rule", "not imported", None),
    }
    assert (first.secrets, first.dependencies, first.policy) == (("KEY", "PEM"), {"ms": "2.1.3"}, None)
    assert (first.body()["script"], first.values()) == (SCRIPT, {"PEM": "-----\nx\n"})
    assert stat.S_IMODE((tmp_path / "hooks/first/secrets.env").stat().st_mode) == 0o600
    assert "# KEY=\n" in (tmp_path / "hooks/first/secrets.env").read_text()
    assert (sign_up.name, sign_up.body()["script"]) == ("Sign-up", CODE)
    assert after.policy is not None
    assert after.policy.order == 1
    assert rows["first"]["remarks"] == ["Without a value in the export: KEY. Put it into hooks/first/secrets.env."]
    assert "letters, digits, spaces and hyphens" in rows["Sign_up"]["remarks"][0]
    assert rows["phone"]["remarks"] == ["hookd has no extensibility point 'custom-phone-provider'."]
    assert rows["old"]["remarks"][0].startswith("Rules have no extensibility point here.")


def test_nothing_is_overwritten_unless_it_is_asked_for(hookd, tmp_path, tenant):
    """Nor written at all where it is only to be said."""
    dry = hookd("import", "tenant", "--output", "hooks", "--dry-run")
    assert not (tmp_path / "hooks").exists()
    hookd("import", "tenant", "--output", "hooks")
    (tmp_path / "hooks/first/hook.js").write_text("// mine")
    again = rows_of(json.loads(hookd("import", "tenant", "--output", "hooks", "--json").stdout))
    kept = (tmp_path / "hooks/first/hook.js").read_text()
    hookd("import", "tenant", "--output", "hooks", "--force")

    assert dry.stdout.splitlines()[0].split() == ["RESULT", "KIND", "NAME", "TRIGGER", "IN", "THE", "EXPORT", "PLACE"]
    assert dry.stdout.splitlines()[1].split()[:5] == ["would", "be", "imported", "hook", "first"]
    assert dry.stderr.endswith("It would be: 3 imported, 2 not imported.\n")
    assert (again["first"]["state"], kept) == ("there already", "// mine")
    assert again["first"]["remarks"] == ["Its folder is there, and stays as it is: --force replaces it."]
    assert (tmp_path / "hooks/first/hook.js").read_text() == SCRIPT


def test_names_that_clash_are_told_apart(hookd, tmp_path):
    """At one point by a number, at two by the point."""
    for name in ("a_b", "a.b"):
        action(tmp_path, name, "pre-user-registration")
    hook(tmp_path, "a-b")
    document = hookd("import", "tenant", "--output", "hooks", "--json").json
    found = [(row["hook"], row["place"]) for row in document["rows"]]

    assert found == [
        ("a-b", "hooks/a-b"),
        ("a-b", "hooks/a-b-pre-user-registration"),
        ("a-b-2", "hooks/a-b-2"),
    ]
    assert "It is called 'a-b-2' here: another one has its name." in document["rows"][2]["remarks"]


def test_what_no_server_would_take_is_told_before(hookd, tmp_path):
    """By its own rules."""
    hook(tmp_path, "large")
    write(tmp_path / "tenant/hooks/large.js", "x" * 102_401)
    (row,) = json.loads(hookd("import", "tenant", "--json").stdout)["rows"]

    assert row["state"] == "not imported"
    assert row["remarks"][0].startswith("'String is too long (102401 bytes), maximum 102400' on property script")


def test_a_folder_that_is_no_export(hookd, tmp_path):
    """Which one it must be."""
    done = hookd("import", ".")

    assert done.returncode == 2
    assert done.stderr.startswith(
        "hookd: . has no tenant.yaml and none of hooks/, actions/ and rules/: name the folder"
    )


def test_an_export_is_sent_to_the_server(hookd, dev, tenant):
    """Enabled if it was, but not as long as a secret is missing; a second time nothing is changed, but with --force."""
    (tenant / "hooks/first.json").unlink()
    hook(tenant.parent, "sent", secrets={"PEM": "-----\nx\n", "ON": "1"})

    def send(*more: str) -> Any:
        return rows_of(json.loads(hookd("import", tenant, "--deploy", "--json", *more, folder=dev.folder).stdout))

    def get(path: str) -> Any:
        return call("GET", f"{dev.url}/api{path}", token=dev.shell["API_TOKEN"]).body

    rows, again = send(), send()
    sent, sign_up, after = (get(f"/v2/hooks/{rows[name]['place']}") for name in ("sent", "Sign_up", "after"))
    assert (sent["enabled"], sent["script"], get(f"/v2/hooks/{sent['id']}/secrets")) == (
        True,
        SCRIPT,
        dict.fromkeys(("ON", "PEM"), "_VALUE_NOT_SHOWN_"),
    )
    assert rows["sent"]["remarks"][-1].startswith("Not masked where the hook prints it: ON. Values of fewer than 4")
    assert (sign_up["name"], sign_up["enabled"]) == ("Sign-up", False)
    assert rows["Sign_up"]["remarks"][-1] == (
        "Without a value: KEY. Set it: `hookd secrets set KEY --hook Sign-up`, then `hookd enable Sign-up`: it is disabled till then."
    )
    assert (after["enabled"], get(f"/v1/hooks/{after['id']}/policy")["order"]) == (True, 1)
    assert [row["state"] for row in again.values()].count("there already") == 3
    assert (again["sent"]["place"], "--force replaces it" in again["sent"]["remarks"][0]) == (sent["id"], True)
    call(
        "POST", f"{dev.url}/api/v2/hooks/{sign_up['id']}/secrets", json_body={"KEY": "v"}, token=dev.shell["API_TOKEN"]
    )
    send("--force")
    assert get(f"/v2/hooks/{sign_up['id']}")["enabled"] is True
