from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidying import hooks_as_found

SCRIPT = "module.exports = (user, context, cb) => cb();\n"
POINT = ("--trigger", "post-user-registration")


@pytest.fixture(autouse=True)
def _none(dev) -> Iterator[None]:
    """None of these hooks is on the server."""
    with hooks_as_found(dev.url, dev.shell["API_TOKEN"]):
        yield


def project(folder, more: str = "", script: str = SCRIPT) -> None:
    """A project folder."""
    (folder / "hookd.toml").write_text(f"name = 'fresh-project'\ntrigger = 'post-user-registration'\n{more}")
    (folder / "hook.js").write_text(script)


def test_a_file_is_deployed_and_deployed_again(installed, remote, dev, tmp_path):
    """As the installed command: made, the same, a new version."""
    (tmp_path / "fresh-hook.js").write_text(SCRIPT)
    where = {"HOOKD_URL": dev.url, "HOOKD_TOKEN": dev.shell["API_TOKEN"]}
    made = installed("deploy", "fresh-hook.js", *POINT, **where)
    same = remote("deploy", "fresh-hook.js", "--json").json
    (tmp_path / "fresh-hook.js").write_text(SCRIPT + "// changed\n")
    changed = remote("deploy", "fresh-hook.js", "--enable", "--json").json

    assert made.returncode == 0
    assert made.stdout.startswith("fresh-hook  version 1  post-user-registration  ○ disabled  ")
    assert made.stderr == "No token request runs it yet: hookd enable fresh-hook\n"
    assert (same["created"], same["changed"], same["version"]) == (False, False, 1)
    assert (changed["changed"], changed["version"], changed["hook"]["enabled"]) == (True, 2, True)
    assert set(changed) == {"hook", "created", "changed", "version", "seconds", "disabled", "warning", "modules"}


def test_a_project_folder_is_deployed_with_all_that_it_says(remote, dev, tmp_path):
    """Dependencies, engine, policy; from inside it, from elsewhere, or by its file."""
    below = tmp_path / "cases"
    below.mkdir()
    project(tmp_path, "engine = 'wasm'\n[policy]\nclients = ['shop']\non_error = 'allow'\n")
    first = remote("deploy", "--enable", "--json", folder=below).json
    project(tmp_path, "engine = 'wasm'\n[policy]\nclients = ['shop', 'app']\non_error = 'allow'\n")
    second = remote("deploy", tmp_path / "hook.js", "--json", folder=tmp_path.parent).json
    shown = remote("show", "fresh-project", "--json").json

    assert (first["created"], first["hook"]["enabled"], second["created"]) == (True, True, False)
    assert shown["policy"] == {"clients": ["shop", "app"], "audiences": [], "order": None, "on_error": "allow"}
    assert shown["engine"] == "wasm"


def test_several_are_deployed_one_after_the_other(remote, at_terminal, dev, tmp_path):
    """Files, and all project folders of a folder; one that fails keeps no other, and its exit code is the command's."""
    for name in ("fresh-a", "fresh-b"):
        folder = tmp_path / "all" / name
        folder.mkdir(parents=True)
        project(folder, script=SCRIPT)
        (folder / "hookd.toml").write_text(f"name = '{name}'\ntrigger = 'post-user-registration'\n")
    (tmp_path / "fresh-c.js").write_text("")
    done = remote("deploy", "all", "fresh-c.js", "--json")
    seen = at_terminal("deploy", "all", folder=tmp_path, HOOKD_URL=dev.url, HOOKD_TOKEN=dev.shell["API_TOKEN"])
    named = remote("deploy", "all", "--name", "fresh-d")

    assert [json.loads(line)["hook"]["name"] for line in done.stdout.splitlines()] == ["fresh-a", "fresh-b"]
    assert done.returncode == 2
    assert "hookd: fresh-c.js: fresh-c.js is empty" in done.stderr
    assert done.stderr.endswith("2 deployed, 1 not.\n")
    assert ("2/2" in seen.stdout, "version 1 as before" in seen.stdout) == (True, True)
    assert (named.returncode, "--name is for one hook, and these are 2" in named.stderr) == (2, True)


def test_a_policy_is_there_before_the_hook_is_enabled(remote, dev, tmp_path):
    """A hook for some clients does not disable the one for all."""
    dev.make("fresh-for-all", SCRIPT, enabled=True)
    project(tmp_path, "[policy]\nclients = ['shop']\n")
    deployed = remote("deploy", "--enable", "--json").json

    assert (deployed["hook"]["enabled"], deployed["disabled"]) == (True, None)
    dev.call("PATCH", f"/api/v1/hooks/{deployed['hook']['id']}/policy", {"clients": ["other"]})
    remote("disable", "fresh-project")
    assert remote("deploy", "--enable", "--json").json["disabled"] is None


def test_a_secret_that_is_missing_is_named(remote, tmp_path):
    """With the command that sets it."""
    project(tmp_path, "secrets = ['KEY']\n")
    missing = remote("deploy")
    spaced = remote("deploy", "--name", "fresh with spaces")
    remote("secrets", "set", "KEY", stdin="x")

    assert "Warning: It reads the secret KEY, which it does not have: hookd secrets set KEY" in missing.stderr
    assert "KEY" not in remote("deploy").stderr
    assert "hookd enable 'fresh with spaces'\n" in spaced.stderr
    assert "hookd secrets set KEY --hook 'fresh with spaces'\n" in spaced.stderr


def test_a_script_that_does_not_load_is_stored_with_a_warning(remote, tmp_path):
    """While it is disabled; enabled, it is refused, and what runs goes on running."""
    (tmp_path / "fresh-broken.js").write_text("module.exports = (")
    stored = remote("deploy", "fresh-broken.js", *POINT)
    (tmp_path / "fresh-broken.js").write_text(SCRIPT)
    remote("deploy", "fresh-broken.js", "--enable")
    (tmp_path / "fresh-broken.js").write_text("module.exports = (")
    refused = remote("deploy", "fresh-broken.js")

    assert (stored.returncode, "Warning: The hook can not be enabled" in stored.stderr) == (0, True)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "SyntaxError" in refused.stderr
    assert remote("show", "fresh-broken", "--script").stdout == SCRIPT


def test_a_hook_is_made_from_the_standard_input_or_a_file(installed, remote, dev, tmp_path):
    """With an engine and dependencies, if one says so; a second one of the name is refused."""
    where = {"HOOKD_URL": dev.url, "HOOKD_TOKEN": dev.shell["API_TOKEN"]}
    made = installed("create", "fresh-one", *POINT, "--enable", stdin=SCRIPT, **where)
    (tmp_path / "hook.js").write_text(SCRIPT)
    by_file = remote("create", "fresh-two", *POINT, "--file", "hook.js", "--engine", "wasm", "--json").json
    again = remote("create", "fresh-two", *POINT, "--file", "-", stdin=SCRIPT)

    assert made.stdout.startswith("fresh-one  version 1  post-user-registration  ● enabled  ")
    assert (by_file["created"], by_file["hook"]["name"]) == (True, "fresh-two")
    assert (again.returncode, again.stderr) == (
        4,
        "hookd: There is a hook of this name at this extensibility point: `hookd deploy` updates it, `hookd edit` opens it.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (("deploy",), 2, "Name a file or a folder: hookd deploy hook.js, or make one: hookd init."),
        (("deploy", "nope.js"), 2, "does not exist. See `hookd deploy --help`."),
        (
            ("deploy", "fresh.js"),
            2,
            "There is no hook 'fresh' yet. To make one, say where: --trigger credentials-exchange",
        ),
        (("deploy", "empty.js", *POINT), 2, "is empty"),
        (("deploy", "folder"), 2, "There is no hookd.toml in folder"),
        (("deploy", "fresh.js", *POINT, "--dependency", "a b"), 2, "looks like lodash@4.17.21"),
        (("deploy", "fresh.js", *POINT, "--name", "no/name"), 2, "'name' must be letters, digits, hyphens and spaces"),
        (("create", "fresh", *POINT), 2, "The standard input is empty. Give the script there"),
        (("create", "fresh", *POINT, "--file", "nope.js"), 2, "There is no file nope.js"),
        (("create", "fresh-", *POINT, "--file", "fresh.js"), 2, "'name' must be letters"),
    ],
)
def test_what_is_wrong_is_said(remote, tmp_path, arguments, code, remedy):
    """With what to do."""
    (tmp_path / "fresh.js").write_text(SCRIPT)
    (tmp_path / "empty.js").write_text("\n")
    (tmp_path / "folder").mkdir()
    done = remote(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert remedy in done.stderr


def test_a_file_named_hook_is_called_after_its_folder(remote, tmp_path):
    """hook.js says nothing."""
    (tmp_path / "fresh_thing").mkdir()
    (tmp_path / "fresh_thing/hook.js").write_text(SCRIPT)

    assert remote("deploy", "fresh_thing/hook.js", *POINT, "--json").json["hook"]["name"] == "fresh-thing"


def test_several_points_may_have_the_name(remote, dev, tmp_path):
    """Then the point has to be said."""
    (tmp_path / "fresh-twice.js").write_text(SCRIPT)
    for point in ("post-user-registration", "pre-user-registration"):
        assert remote("deploy", "fresh-twice.js", "--trigger", point).returncode == 0
    unclear = remote("deploy", "fresh-twice.js")

    assert (unclear.returncode, "--trigger post-user-registration or pre-user-registration" in unclear.stderr) == (
        2,
        True,
    )


def test_each_change_is_deployed_until_ctrl_c(dev, tmp_path):
    """A line of JSON each; what does not load is said, and the next change is waited for."""
    file = tmp_path / "fresh-watched.js"
    file.write_text(SCRIPT)
    command = [
        sys.executable,
        "-m",
        "runtime.cli",
        "deploy",
        str(file),
        *POINT,
        "--enable",
        "--watch",
        "--json",
        "--quiet",
    ]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, cwd=dev.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout
        assert process.stderr
        versions = [json.loads(process.stdout.readline())["version"]]
        file.write_text("module.exports = (")
        refused = process.stderr.readline()
        file.write_text(SCRIPT + "// better\n")
        versions.append(json.loads(process.stdout.readline())["version"])
        process.send_signal(signal.SIGINT)
        code, beside = process.wait(30), process.stderr.read()

    assert versions == [1, 2]
    assert refused.startswith("hookd: Its script does not load: SyntaxError")
    assert refused.endswith("fresh-watched goes on running as it is deployed.\n")
    assert (code, beside) == (0, "")


def test_a_hook_is_made_of_an_example(remote, dev):
    """With its extensibility point; the secrets that it reads are named."""
    made = remote("create", "fresh-example", "--template", "signed-claim-with-secret")
    shown = remote("show", "fresh-example", "--json").json
    wrong = remote("create", "fresh-other", "--template", "nope")
    elsewhere = remote("create", "fresh-other", "--template", "deny-by-ip", "--trigger", "send-phone-message")

    assert made.returncode == 0
    assert "Warning: It reads the secret " in made.stderr
    assert shown["triggerId"] == "credentials-exchange"
    assert (wrong.returncode, "there are: async-risk-score" in wrong.stderr) == (2, True)
    assert (elsewhere.returncode, "leave --trigger out" in elsewhere.stderr) == (2, True)


@pytest.mark.parametrize(("name", "code"), [("fresh-written", 0), ("custom-claims", 4)])
def test_a_hook_is_written_in_the_editor(dev, tmp_path, name, code):
    """Where there is no script and somebody sits at a terminal; what can not be made stays in a file."""
    (tmp_path / "editor").write_text("#!/bin/sh\necho '// written' >> \"$1\"\n")
    (tmp_path / "editor").chmod(0o755)
    (tmp_path / "drafts").mkdir()
    terminal, seen = pty.openpty()
    environ = {"EDITOR": str(tmp_path / "editor"), "VISUAL": "", "TMPDIR": str(tmp_path / "drafts")}
    done = subprocess.run(
        [sys.executable, "-m", "runtime.cli", "create", name],
        cwd=dev.folder,
        stdin=seen,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
    )
    for end in (terminal, seen):
        os.close(end)
    kept = list((tmp_path / "drafts").glob("*/*.js"))

    assert done.returncode == code
    if code:
        assert f"Your text is in {kept[0]}." in done.stderr
        assert kept[0].read_text().endswith("};\n// written\n")
    else:
        assert done.stdout.startswith("fresh-written  version 1  credentials-exchange  ○ disabled  ")
        assert kept == []
