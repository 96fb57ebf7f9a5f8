from __future__ import annotations

import pytest

SCRIPT = "module.exports = (user, context, cb) => cb();"


def test_a_hook_is_enabled_and_disabled(remote, installed, dev):
    """As the installed command; the hook that is disabled for it is named."""
    dev.make("one", SCRIPT, enabled=True)
    dev.make("two", SCRIPT)
    enabled = installed("enable", "two", folder=dev.folder)
    again = remote("enable", "two", "--json")
    disabled = remote("disable", "two")

    assert enabled == (
        0,
        "two is enabled, at post-user-registration.\n",
        "Disabled one, which was enabled before.\n",
    )
    assert (again.json["hook"]["enabled"], again.json["changed"]) == (True, False)
    assert disabled.stdout == "two is disabled, at post-user-registration.\n"
    assert remote("disable", "two").stdout == "two is disabled already.\n"


def test_a_broken_hook_is_not_enabled(remote, dev):
    """The engine's words, with line and column."""
    dev.make("broken", "module.exports = (")
    done = remote("enable", "broken")

    assert (done.returncode, done.stdout) == (4, "")
    assert "does not load: SyntaxError" in done.stderr
    assert "(line 1, column" in done.stderr


def test_a_hook_is_removed_for_good(remote, dev):
    """With --yes; otherwise somebody is asked, and told what goes with it."""
    hook = dev.make("gone", SCRIPT)
    dev.call("POST", f"/api/v2/hooks/{hook}/secrets", {"KEY": "x"})
    asked = remote("rm", "gone")
    removed = remote("rm", "gone", "--yes", "--json")

    assert (asked.returncode, asked.stdout) == (2, "")
    assert "Remove gone (post-user-registration, disabled) with 1 version and 1 secret, for good?" in asked.stderr
    assert "give --yes" in asked.stderr
    assert removed.json["removed"]["id"] == hook
    assert remote("show", "gone").returncode == 5


@pytest.mark.parametrize("command", ["enable", "disable", "rm", "show", "versions", "rollback", "edit"])
def test_a_hook_that_is_not_there(remote, command):
    """The same words everywhere, and the exit code 5."""
    done = remote(command, "nope")

    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("hookd: There is no hook 'nope' at http://127.0.0.1:")
    assert done.stderr.endswith("hookd ls lists those that there are.\n")
