from __future__ import annotations

import pytest

SCRIPT = "module.exports = (user, context, cb) => cb(null, context.webtask.secrets);"
VALUE = "not-to-be-seen"
HOOK = ("--hook", "sealed")


@pytest.fixture(autouse=True)
def hook(dev) -> str:
    """A hook without secrets."""
    made: str = dev.make("sealed", SCRIPT)
    return made


def value_of(dev, hook: str, name: str) -> str:
    """What the hook reads, backwards: what a hook prints has its secrets masked."""
    script = f"module.exports = (user, context, cb) => {{ console.log([...context.webtask.secrets.{name}].reverse().join('')); cb(); }};"
    run = dev.call("POST", f"/api/v1/hooks/{hook}/test", {"script": script})["run"]
    return "".join(reversed(run["console"][0]["text"]))


def test_a_value_comes_from_the_standard_input(installed, dev, hook):
    """As the installed command: nothing of it is shown, and its line break is no part of it."""
    done = installed("secrets", "set", "KEY", *HOOK, stdin=VALUE + "\n", folder=dev.folder)
    listed = installed("secrets", "ls", *HOOK, "--json", folder=dev.folder)

    assert done == (0, "Set KEY of sealed.\n", "")
    assert listed.json["secrets"] == ["KEY"]
    assert VALUE not in "".join([*done[1:], *listed[1:]])
    assert value_of(dev, hook, "KEY") == VALUE


def test_values_come_from_files(remote, tmp_path):
    """One each, or many from one; several at once, new ones and old ones."""
    (tmp_path / "key.pem").write_text("-----BEGIN\nabc\n-----END\n")
    (tmp_path / "secrets.env").write_text(f"# mine\nA={VALUE}\nexport B='two words'\n")
    one = remote("secrets", "set", "PEM=@key.pem", "A=env:KEPT", *HOOK, "--json", KEPT=VALUE)
    many = remote("secrets", "set", "--env-file", "secrets.env", *HOOK)
    listed = remote("secrets", "ls", *HOOK)

    assert one.json["set"] == ["A", "PEM"]
    assert many.stdout == "Set A, B of sealed.\n"
    assert listed.stdout == "A\nB\nPEM\n"
    assert VALUE not in one.stdout


def test_what_is_too_short_to_be_masked_is_told(remote, tmp_path):
    """By its name, never by its value; also to a program, which reads the standard output."""
    (tmp_path / "some.env").write_text("PIN=q7z\nON=1\nKEY=four\n")
    short = remote("secrets", "set", "--env-file", "some.env", *HOOK, "--json")
    long = remote("secrets", "set", "KEY", *HOOK, stdin="four\n")

    assert short.json["set"] == ["KEY", "ON", "PIN"]
    assert "Not masked where the hook prints them: ON, PIN. Values of fewer than 4 characters" in short.stderr
    assert "q7z" not in short.stderr + short.stdout
    assert long.stderr == ""


def test_secrets_are_removed(remote):
    """With --yes; one that is not there is said before anything goes."""
    remote("secrets", "set", "KEY", *HOOK, stdin=VALUE)
    missing = remote("secrets", "rm", "KEY", "NONE", *HOOK, "--yes")
    asked = remote("secrets", "rm", "KEY", *HOOK)
    removed = remote("secrets", "rm", "KEY", *HOOK, "--yes", "--json")

    assert (missing.returncode, "has no secret 'NONE'. hookd secrets ls --hook sealed" in missing.stderr) == (5, True)
    assert (asked.returncode, "Remove 1 secret of sealed: KEY?" in asked.stderr) == (2, True)
    assert removed.json["removed"] == ["KEY"]
    assert "has no secrets. Set one: hookd secrets set NAME --hook sealed" in remote("secrets", "ls", *HOOK).stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "remedy"),
    [
        ((f"KEY={VALUE}",), "", 2, "take it for lost, and make a new one"),
        (("KEY=@nope",), "", 2, "nope can not be read (No such file or directory). After the @"),
        (("A", "B"), VALUE, 2, "The standard input has one value only"),
        (("KEY",), "", 2, "The value of KEY is empty: nothing was set"),
        (("KEY",), VALUE * 400, 4, "String is too long"),
        (("K" * 129,), VALUE, 4, "must have 1 to 128 characters"),
        ((), "", 2, "Name them, or give --env-file"),
        (("--env-file", "nope"), "", 2, "does not exist. See `hookd secrets set --help`."),
    ],
)
def test_what_is_wrong_is_said_without_the_value(remote, arguments, stdin, code, remedy):
    """Nothing is set then."""
    done = remote("secrets", "set", *arguments, *HOOK, stdin=stdin)

    assert (done.returncode, done.stdout) == (code, "")
    assert remedy in done.stderr
    assert VALUE not in done.stderr
    assert remote("secrets", "ls", *HOOK).stdout == ""
