from __future__ import annotations

import pytest

from tests.end_to_end.processes import call

SCRIPT = "module.exports = (client, scope, audience, context, cb) => cb(null, { scope });\n"


@pytest.fixture(scope="module")
def policed(dev) -> str:
    """A hook with a policy and a secret, by its id."""
    made = {"name": "policed", "script": SCRIPT, "triggerId": "send-phone-message"}
    token = dev.shell["API_TOKEN"]
    hook: str = call("POST", f"{dev.url}/api/v2/hooks", json_body=made, token=token).body["id"]
    policy = {"clients": ["shop"], "order": 2, "on_error": "allow"}
    call("PATCH", f"{dev.url}/api/v1/hooks/{hook}/policy", json_body=policy, token=token)
    call("POST", f"{dev.url}/api/v2/hooks/{hook}/secrets", json_body={"KEY": "not-to-be-seen"}, token=token)
    return hook


def test_hooks_are_listed(installed, dev, policed):
    """As the installed command, in the folder of the demo."""
    lines = installed("ls", folder=dev.folder).stdout.splitlines()
    ours = next(line for line in lines if line.startswith("policed "))
    listed = installed("ls", "--json", folder=dev.folder).json

    assert lines[0].split() == ["NAME", "TRIGGER", "STATE", "ID"]
    assert lines[1].split()[:4] == ["custom-claims", "credentials-exchange", "●", "enabled"]
    assert ours.split() == ["policed", "send-phone-message", "○", "disabled", policed]
    assert {"id", "name", "triggerId", "enabled", "dependencies"} == set(listed[0])


def test_a_list_is_of_one_kind(hookd, dev, policed):
    """By extensibility point and by state."""

    def names(*arguments: str) -> list[str]:
        return [row["name"] for row in hookd("ls", "--json", *arguments, folder=dev.folder).json]

    assert "custom-claims" in names("--enabled")
    assert "policed" not in names("--enabled")
    assert "custom-claims" not in names("--disabled")
    assert names("--trigger", "send-phone-message") == ["policed"]
    none = hookd("ls", "--trigger", "send-phone-message", "--enabled", folder=dev.folder)
    assert (none.stdout, "hookd create" in none.stderr) == ("", True)


@pytest.mark.parametrize("name", ["policed", "send-phone-message/policed", None])
def test_a_hook_is_shown(hookd, dev, policed, name):
    """By its name, with its point, or by its id; of its secrets the names."""
    done = hookd("show", name or policed, folder=dev.folder)
    rows = dict(line.split("  ", 1) for line in done.stdout.splitlines() if "  " in line)

    assert {row: value.strip() for row, value in rows.items() if row not in ("Version", "module.exports")} == {
        "Name": "policed",
        "Trigger": "send-phone-message",
        "State": "○ disabled",
        "Id": policed,
        "Engine": "wasm",
        "Clients": "shop",
        "Order": "2",
        "On error": "allow",
        "Secrets": "KEY",
    }
    assert rows["Version"].strip().startswith("1, deployed ")
    assert done.stdout.endswith("\n\n" + SCRIPT)
    assert "not-to-be-seen" not in done.stdout


def test_programs_get_all_of_a_hook(hookd, dev, policed):
    """One document."""
    shown = hookd("show", "policed", "--json", folder=dev.folder).json

    assert {"id", "name", "script", "triggerId", "enabled", "dependencies", "engine", "modules"} < set(shown)
    assert shown["policy"] == {"clients": ["shop"], "audiences": [], "order": 2, "on_error": "allow"}
    assert shown["secrets"] == ["KEY"]
    assert shown["version"]["number"] == 1


def test_the_script_alone_is_what_was_deployed(installed, dev, policed):
    """Byte for byte."""
    assert installed("show", "policed", "--script", folder=dev.folder).stdout == SCRIPT


def test_a_project_folder_says_which_hook(hookd, dev, policed, tmp_path):
    """Also from below it."""
    below = tmp_path / "cases"
    below.mkdir()
    (tmp_path / "hookd.toml").write_text("name = 'policed'\ntrigger = 'send-phone-message'\n")
    where = {"HOOKD_URL": dev.url, "HOOKD_TOKEN": dev.shell["API_TOKEN"]}

    assert hookd("show", "--json", folder=below, **where).json["id"] == policed
    (tmp_path / "hookd.toml").write_text("name = 'policed'\n")
    assert "'trigger' is missing" in hookd("show", folder=below, **where).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (("show", "nope"), 5, "hookd ls lists those that there are"),
        (("show", "01M7ZWEPGZ3PP9CRZCPTTM0YVP"), 5, "hookd ls"),
        (("show", "policed", "--version", "7"), 5, "has no version 7"),
        (("show",), 2, "Which hook? Give its name or its id"),
        (("ls", "--trigger", "nope"), 2, "See `hookd ls --help`"),
    ],
)
def test_what_is_not_there_is_said(hookd, dev, policed, arguments, code, remedy):
    """With the exit code for it."""
    done = hookd(*arguments, folder=dev.folder)

    assert (done.returncode, done.stdout) == (code, "")
    assert remedy in done.stderr


def test_a_name_that_two_points_have_needs_one(hookd, dev):
    """The message has both, as they are typed."""
    for trigger in ("post-user-registration", "pre-user-registration"):
        made = {"name": "twice", "script": SCRIPT, "triggerId": trigger}
        call("POST", f"{dev.url}/api/v2/hooks", json_body=made, token=dev.shell["API_TOKEN"])
    done = hookd("show", "twice", folder=dev.folder)

    assert (done.returncode, done.stderr) == (
        2,
        "hookd: Several hooks are called 'twice'. Say which: post-user-registration/twice or pre-user-registration/twice.\n",
    )
