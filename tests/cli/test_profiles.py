from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from runtime.cli.failures import WrongUsage
from runtime.cli.profiles import (
    Profile,
    Profiles,
    checked_url,
    choose,
    find_demo,
    profiles_file,
    read_profiles,
    write_profiles,
)

PROD = Profile(name="prod", url="https://hooks.example.com", token="prod-token")
TEST = Profile(name='te"st\\ü', url="http://127.0.0.1:1", token="")


ODD = ("http://x:99999", "http://x:-1", "http://[::1", "http://exa mple", "http://..", "http://%zz", "ftp://x")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """A folder without a demo above it."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def known() -> None:
    """A file with two profiles; the first one is the current one."""
    write_profiles(profiles_file(), Profiles().with_profile(TEST).with_profile(PROD))


def demo_in(folder: Path, url: str = "http://127.0.0.1:8080") -> Path:
    """A `.hookd` of `hookd dev`."""
    file = folder / ".hookd/demo.env"
    file.parent.mkdir(parents=True)
    file.write_text(f"# for a shell\nBASE_URL={url}\nAPI_TOKEN='demo-token'\nexport BASE_URL API_TOKEN\n")
    return file


def chosen(environ: dict[str, str] | None = None, **options: str) -> tuple[str, str]:
    """Where a command goes, and with what."""
    given = dict.fromkeys(("profile", "url", "token")) | options
    profile = choose(**given, environ=environ or {})
    return profile.url, profile.token


def test_what_is_written_is_read(known):
    """Any name, and nobody else reads the tokens."""
    read = read_profiles(profiles_file())

    assert (read.current, list(read.known)) == ("prod", [TEST.name, "prod"])
    assert (read.known["prod"].url, read.known["prod"].token) == (PROD.url, PROD.token)
    assert stat.S_IMODE(profiles_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(profiles_file().parent.stat().st_mode) == 0o700


def test_no_file_is_no_profiles():
    """And removing the current one leaves none current."""
    assert read_profiles(profiles_file()) == Profiles()
    assert Profiles().with_profile(PROD).without("prod") == Profiles()


@pytest.mark.parametrize("text", ["=", "profiles = 1", "[profiles.a]\ntoken = 'x'", "\x00"])
def test_a_broken_file_says_what_to_do(text):
    """Never written over by itself: tokens may be in it."""
    profiles_file().parent.mkdir(parents=True)
    profiles_file().write_text(text)

    with pytest.raises(WrongUsage, match=r"can not be read .*hookd login"):
        read_profiles(profiles_file())


def test_options_win_over_variables_and_those_over_the_current_profile(known):
    """The nearer to the command, the stronger."""
    assert chosen() == (PROD.url, "prod-token")
    assert chosen({"HOOKD_TOKEN": "v"}) == (PROD.url, "v")
    assert chosen({"HOOKD_URL": "http://v:1", "HOOKD_TOKEN": "v"}) == ("http://v:1", "v")
    assert chosen({"HOOKD_URL": "http://v:1", "HOOKD_TOKEN": "v"}, url="http://o:1") == ("http://o:1", "v")
    assert chosen({"HOOKD_URL": "http://v:1", "HOOKD_TOKEN": "v"}, token="o") == ("http://v:1", "o")
    assert chosen({"HOOKD_PROFILE": TEST.name}, token="o") == (TEST.url, "o")
    assert chosen({"HOOKD_PROFILE": TEST.name}, profile="prod") == (PROD.url, "prod-token")


def test_a_token_goes_to_its_own_server_only(known):
    """An address alone finds the token that was given for it, and no other."""
    assert chosen(url=PROD.url + "/") == (PROD.url, "prod-token")
    with pytest.raises(WrongUsage, match=r"no token for https://other\.example.*hookd login --url"):
        chosen(url="https://other.example")
    with pytest.raises(WrongUsage, match="no token"):
        chosen(url="https://other.example", profile="prod")


def test_the_demo_of_a_folder_is_found_where_nothing_else_is_said(tmp_path):
    """Here or above."""
    demo_in(tmp_path)
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    os.chdir(below)

    assert chosen() == ("http://127.0.0.1:8080", "demo-token")
    assert chosen(profile="demo") == ("http://127.0.0.1:8080", "demo-token")
    write_profiles(profiles_file(), Profiles().with_profile(PROD))
    assert chosen() == (PROD.url, "prod-token")


def test_a_token_that_was_given_is_not_the_files(tmp_path):
    """What is wrong with it no new file mends."""
    demo_in(tmp_path)
    said = choose(profile=None, url=None, token="mine", environ={})
    assert (said.name, said.token, said.source) == ("demo", "mine", "")
    assert choose(profile=None, url=None, token=None, environ={}).source.endswith("demo.env")


def test_a_folder_from_elsewhere_sends_nothing_away(tmp_path):
    """A demo is on this machine: a file that says otherwise is none of `hookd dev`."""
    demo_in(tmp_path, "https://thief.example")

    assert find_demo(tmp_path) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_another_users_demo_is_not_believed(tmp_path):
    """In /tmp, say."""
    os.chown(demo_in(tmp_path), 12345, 12345)

    assert find_demo(tmp_path) is None


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({}, "hookd dev"),
        ({"token": "x"}, "HOOKD_URL"),
        ({"profile": "nobody"}, "hookd login --profile nobody --url URL"),
        ({"url": "hooks.example.com"}, "https://hooks.example.com"),
        ({"url": "https://user@hooks.example.com"}, "token is an option"),
        *(({"url": url}, "no address of a server") for url in ODD),
        ({"url": PROD.url, "token": "two words"}, "That is no token"),
        ({"url": PROD.url, "token": "\u00fc"}, "That is no token"),
    ],
)
def test_what_is_missing_is_said(options, remedy):
    """With the command that helps."""
    with pytest.raises(WrongUsage, match=remedy):
        chosen(**options)


def test_a_profile_without_a_token_says_how_to_log_in(known):
    """It may have been logged out."""
    with pytest.raises(WrongUsage, match="hookd login --profile"):
        chosen(profile=TEST.name)


def test_a_token_is_in_no_repr():
    """Of a profile in a traceback."""
    assert "prod-token" not in repr(Profiles().with_profile(PROD))
    assert checked_url("https://a.example/hookd//") == "https://a.example/hookd"
