from __future__ import annotations

import tomllib

import pytest

from runtime.cli.display import HIDDEN, as_toml, show_toml
from runtime.settings import Settings, parse


def test_what_is_shown_is_the_configuration():
    """The output is TOML that means what is in effect."""
    document = {
        "server": {"port": 0, "host": "::1"},
        "auth": {"trusted": [{"issuer": 'a "quoted"\\ one\n'}, {"issuer": "b", "tenant": "t"}]},
        "issuer": {
            "runtime_timeout": 2.5,
            "clients": [{"client_id": "c", "grant_types": ["password"], "metadata": {"plan one": "gold"}}],
            "resource_servers": [{"identifier": "a", "allow_offline_access": True}],
            "users": [{"username": "u", "app_metadata": {"roles": ["x"], "deep": {"n": 1, "t": True}}}],
        },
    }
    settings = parse(document, {})

    assert parse(tomllib.loads(as_toml(settings)), {}) == settings


def test_the_defaults_can_be_shown():
    """Nothing given is a configuration too."""
    assert parse(tomllib.loads(as_toml(Settings())), {}) == Settings()


def test_secrets_are_hidden():
    """A set secret shows that it is set, an empty one that it is not."""
    secret = "do-not-show-me"
    settings = parse({"storage": {"master_key": secret}, "auth": {"trusted": [{"secret": secret}]}}, {})
    shown = tomllib.loads(as_toml(settings))

    assert shown["storage"]["master_key"] == HIDDEN
    assert shown["auth"]["trusted"][0]["secret"] == HIDDEN
    assert shown["issuer"]["runtime_token"] == ""


@pytest.mark.parametrize(
    "url, shown",
    [
        ("redis://u:do-not@h/1", "redis://u:(hidden)@h/1"),
        ("redis://:do/not@h@h", "redis://:(hidden)@h"),
        ("unix://u:do-not@/run/s", "unix://u:(hidden)@/run/s"),
        ("redis://u@h:1", "redis://u@h:1"),
        ("https://u:do-not@h:1/", "https://u:(hidden)@h:1/"),
        ("https://h:1/@a", "https://h:1/@a"),
        ("sqlite:///a:b@c", "sqlite:///a:b@c"),
    ],
)
def test_a_password_in_a_url_is_hidden(url, shown):
    """All else of it is shown."""
    assert tomllib.loads(as_toml(parse({"storage": {"url": url}}, {})))["storage"]["url"] == shown


def test_a_pipe_gets_plain_text(capsys):
    """Colours are for terminals."""
    show_toml("a = 1\n")

    assert capsys.readouterr().out == "a = 1\n"
