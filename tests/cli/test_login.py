from __future__ import annotations

import jwt
import pytest


@pytest.fixture
def token(dev) -> str:
    """The demo's."""
    return str(dev.shell["API_TOKEN"])


def test_a_login_is_kept_and_used(hookd, dev, token):
    """From any folder; the token is never shown."""
    done = hookd("login", "--url", dev.url, stdin=token + "\n")
    listed = hookd("ls")
    profiles = hookd("profile", "ls", "--json")

    assert done.returncode == 0
    assert done.stdout.startswith(f"Logged in to {dev.url} as tenant demo; this is the profile default.\n")
    assert "custom-claims" in listed.stdout
    row = {"name": "default", "url": dev.url, "current": True, "tenant": "demo", "token": "kept"}
    assert [row] == [{name: found[name] for name in row} for found in profiles.json]
    assert "read:hooks" in profiles.json[0]["scopes"]
    assert token not in "".join([*done[1:], *listed[1:], *profiles[1:]])


def test_a_token_that_the_server_does_not_know_is_not_kept(hookd, dev):
    """Nor is one for a server that is not there."""
    unknown = hookd("login", "--url", dev.url, stdin=jwt.encode({"exp": 1}, "k" * 32))
    nowhere = hookd("login", "--url", "http://127.0.0.1:1", "--token", "x")

    assert (unknown.returncode, nowhere.returncode) == (4, 4)
    assert "does not take this token: it expired" in unknown.stderr
    assert "Nothing answers at http://127.0.0.1:1 (Connection refused). Start it with `hookd dev`" in nowhere.stderr
    assert hookd("profile", "ls").stdout == ""


def test_profiles_are_chosen_and_forgotten(hookd, dev, token):
    """The last login is used, until another one is chosen."""
    for name in ("one", "two"):
        assert hookd("login", "--profile", name, "--url", dev.url, stdin=token).returncode == 0
    used = hookd("profile", "use", "one")
    out = hookd("logout")
    refused = hookd("ls")
    removed = hookd("profile", "rm", "one")
    names = {row["name"]: row["current"] for row in hookd("profile", "ls", "--json").json}

    assert used.stdout == f"Using one, {dev.url}.\n"
    assert out.stdout.startswith("Forgot the token of one.")
    assert (refused.returncode, refused.stderr) == (
        2,
        "hookd: The profile one has no token. Log in: hookd login --profile one. Or talk to another server: hookd profile use two.\n",
    )
    assert (removed.stdout, removed.stderr) == (
        f"Forgot one, {dev.url}.\n",
        "It was the current one. Choose another: hookd profile use NAME\n",
    )
    assert names == {"two": False}
    assert hookd("login", "--profile", "two", stdin=token).returncode == 0


def test_the_demo_of_the_folder_is_listed(hookd, dev):
    """As the current one, where there is no other."""
    assert [(row["name"], row["current"]) for row in hookd("profile", "ls", "--json", folder=dev.folder).json] == [
        ("demo", True)
    ]
    assert "good for 29 days" in hookd("profile", "ls", folder=dev.folder).stdout


def test_the_demo_of_the_folder_is_used_again(hookd, dev, token):
    """When another server was, and also when one has logged out of that."""
    hookd("login", "--url", dev.url, stdin=token)
    hookd("logout")
    refused = hookd("ls", folder=dev.folder)
    used = hookd("profile", "use", "demo", folder=dev.folder)

    assert refused.stderr.endswith(
        "Log in: hookd login --profile default. Or talk to another server: hookd profile use demo.\n"
    )
    assert used.stdout == f"Using demo, {dev.url}.\n"
    assert hookd("ls", folder=dev.folder).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "stdin", "remedy"),
    [
        (("login",), "x", "Where is the server? hookd login --profile default --url https://hooks.example.com"),
        (("login", "--url", "x.example"), "x", "looks like https://hooks.example.com"),
        (("login", "--url", "http://127.0.0.1:1"), "", "That is no token"),
        (("login", "--url", "http://127.0.0.1:1"), "two words", "That is no token"),
        (("login", "--profile", "a/b"), "x", "can not be a profile's name"),
        (("logout",), "", "hookd logout --profile NAME"),
        (("logout", "--profile", "x"), "", "There is no profile 'x'. Make one: hookd login --url URL."),
        (("profile", "use", "x"), "", "There is no profile 'x'"),
        (("profile", "use", "demo"), "", "go to that folder, or start one with `hookd dev`"),
        (("profile", "rm", "x"), "", "There is no profile 'x'"),
        (("ls",), "", "No server is known here. Start one with `hookd dev`"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(hookd, arguments, stdin, remedy):
    """Exit code 2."""
    done = hookd(*arguments, stdin=stdin)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hookd: ")
    assert remedy in done.stderr
