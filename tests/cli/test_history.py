from __future__ import annotations

import pytest


def script(number: int) -> str:
    """The hook's script, in its versions."""
    return f"const number = {number};\nmodule.exports = (user, context, cb) => cb();\n"


@pytest.fixture(autouse=True)
def hook(dev) -> str:
    """One with three versions, the last with a dependency that it does not use."""
    made: str = dev.make("history", script(1))
    dev.call("PATCH", f"/api/v2/hooks/{made}", {"script": script(2)})
    dev.call("PATCH", f"/api/v2/hooks/{made}", {"script": script(3), "dependencies": {"ms": "2.1.3"}})
    return made


def test_versions_are_listed(installed, dev, remote):
    """The newest first."""
    lines = installed("versions", "history", folder=dev.folder).stdout.splitlines()

    assert lines[0].split() == ["VERSION", "DEPLOYED", "CONTENT"]
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert [set(row) for row in remote("versions", "history", "--json").json] == [{"number", "id", "at"}] * 3


def test_what_differs_is_shown(remote):
    """Script and dependencies; from a version to the newest, or to another."""
    to_newest, to_second = (
        remote("versions", "history", "--diff", 1),
        remote("versions", "history", "--diff", 1, "--to", 2),
    )

    assert "-const number = 1;\n+const number = 3;\n" in to_newest.stdout
    assert "+dependency ms 2.1.3\n" in to_newest.stdout
    assert "+const number = 2;\n" in to_second.stdout
    assert "dependency" not in to_second.stdout
    assert set(remote("versions", "history", "--diff", 1, "--json").json) == {"from", "to", "script", "dependencies"}
    assert remote("versions", "history", "--diff", 2, "--to", 2).stderr == "Version 2 and version 2 are alike.\n"


def test_an_earlier_version_is_deployed_again(remote, dev):
    """The one before, or any; each is a new version."""
    back = remote("rollback", "history")
    first = remote("rollback", "history", "--to", 1, "--json").json

    assert back.stdout == "history is as in version 2 again; this is version 4.\n"
    assert (first["version"], first["restored"]) == (5, 1)
    assert remote("show", "history", "--script").stdout == script(1)


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (("rollback", "history", "--to", 77), 5, "has no version 77, or no longer has it. hookd versions lists those"),
        (("versions", "history", "--diff", 77), 5, "hookd versions lists those that there are"),
        (("versions", "history", "--to", 1), 2, "--to goes with --diff. See `hookd versions --help`."),
        (("rollback", "custom-claims"), 5, "one version only"),
    ],
)
def test_what_is_not_there_is_said(remote, arguments, code, remedy):
    """With the exit code for it."""
    done = remote(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert remedy in done.stderr
