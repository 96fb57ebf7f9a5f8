from __future__ import annotations

import tomllib
from dataclasses import fields, is_dataclass, replace

import pytest

from runtime.errors import SettingsError
from runtime.settings import Settings, TrustedIssuer, parse, render_example, trust_fault


def test_nothing_given_means_the_defaults():
    """An empty document is the whole default configuration."""
    assert Settings() == parse({}, {})


def test_a_document_fills_sections_rows_and_arrays():
    """Tables, arrays of tables and arrays of strings become frozen records."""
    settings = parse(
        {
            "server": {"port": 0},
            "auth": {"trusted": [{"issuer": "https://a.example/", "algorithm": "ES256"}]},
            "issuer": {"clients": [{"client_id": "c", "grant_types": ["password"], "metadata": {"plan": "gold"}}]},
        },
        {},
    )

    assert settings.server.port == 0
    assert [(row.issuer, row.algorithm) for row in settings.auth.trusted] == [("https://a.example/", "ES256")]
    assert settings.issuer.clients[0].grant_types == ("password",)
    assert settings.issuer.clients[0].metadata == {"plan": "gold"}


def test_variables_win_over_the_document():
    """HOOKD_SECTION_NAME is read as the setting's own type."""
    settings = parse(
        {"server": {"port": 1234, "host": "0.0.0.0"}},
        {"HOOKD_SERVER_PORT": "4321", "HOOKD_ISSUER_RUNTIME_TIMEOUT": "2.5", "HOOKD_LOG_LEVEL": "debug", "OTHER": "x"},
    )

    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 4321)
    assert settings.issuer.runtime_timeout == 2.5
    assert settings.log.level == "debug"


@pytest.mark.parametrize(
    "document, named, rule",
    [
        ({"servers": {}}, "servers", "server, storage"),
        ({"server": {"ports": 1}}, "server.ports", "host, port"),
        ({"server": {"port": 65_536}}, "server.port", "from 0 to 65535"),
        ({"server": {"port": -1}}, "server.port", "from 0 to 65535"),
        ({"server": {"port": "80"}}, "server.port", "a whole number"),
        ({"server": {"port": True}}, "server.port", "a whole number"),
        ({"server": {"port": 80.0}}, "server.port", "a whole number"),
        ({"server": {"host": 1}}, "server.host", "a string"),
        ({"server": []}, "server", "a table"),
        ({"log": {"level": "loud"}}, "log.level", "debug, info"),
        ({"auth": {"trusted": {}}}, "auth.trusted", "[[auth.trusted]]"),
        ({"auth": {"trusted": [{"algorithm": "none"}]}}, "auth.trusted[0].algorithm", "HS256"),
        ({"auth": {"trusted": [{}, {"isuer": ""}]}}, "auth.trusted[1].isuer", "issuer, audience"),
        ({"issuer": {"clients": [{"grant_types": "password"}]}}, "issuer.clients[0].grant_types", "array of strings"),
        ({"issuer": {"clients": [{"metadata": []}]}}, "issuer.clients[0].metadata", "a table"),
        ({"issuer": {"runtime_timeout": "5"}}, "issuer.runtime_timeout", "a number"),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule(document, named, rule):
    """The message names the setting by its path, and what would be right."""
    with pytest.raises(SettingsError) as caught:
        parse(document, {})

    assert named in str(caught.value)
    assert rule in str(caught.value)


@pytest.mark.parametrize(
    "variable, value",
    [
        ("HOOKD_SERVER_PORT", "eighty"),
        ("HOOKD_ISSUER_RUNTIME_TIMEOUT", ""),
        ("HOOKD_AUTH_TRUSTED", "[{"),
        ("HOOKD_AUTH_TRUSTED", "issuer"),
        ("HOOKD_NETWORK_ALLOW", '["a'),
    ],
)
def test_a_wrong_variable_is_named(variable, value):
    """A variable that can not be read as its setting is named itself."""
    with pytest.raises(SettingsError, match=variable):
        parse({}, {variable: value})


def _numbers(section: object):
    assert is_dataclass(section)
    return [item for item in fields(section) if item.metadata["least"] is not None]


@pytest.mark.parametrize("name", [section.name for section in fields(Settings)])
def test_bounds_hold_at_both_ends(name):
    """The least and the most of every number are taken, the next beyond are not; the default lies between."""
    for item in _numbers(getattr(Settings(), name)):
        least, most = item.metadata["least"], item.metadata["most"]

        assert least <= item.default <= most
        for value in (least, most):
            assert getattr(getattr(parse({name: {item.name: value}}, {}), name), item.name) == value
        for value in (least - 1, most + 1):
            with pytest.raises(SettingsError, match=f"from {least} to {most}"):
                parse({name: {item.name: value}}, {})


def test_secrets_are_not_in_a_repr():
    """Nobody logs a secret by logging the settings."""
    secret = "do-not-show-me"
    settings = parse(
        {
            "storage": {"master_key": secret},
            "auth": {"trusted": [{"secret": secret}]},
            "issuer": {
                "runtime_token": secret,
                "clients": [{"client_secret": secret}],
                "users": [{"password": secret}],
            },
        },
        {},
    )

    assert secret not in repr(settings)


def test_every_setting_says_what_it_does():
    """The example shows each setting of each section, with a help text."""
    lines = render_example().splitlines()
    bare = [line for line in lines if line.startswith("# ") and " = " in line and not line.split("  # ", 1)[1:]]

    assert bare == []


SOUND = TrustedIssuer(issuer="urn:a", audience="urn:b", algorithm="HS256", secret="x" * 32)
PUBLISHED = TrustedIssuer(issuer="urn:a", audience="urn:b", algorithm="RS256", jwks_url="https://a/jwks")


@pytest.mark.parametrize(
    "entry", [SOUND, replace(SOUND, tenant="a.B-c_1"), PUBLISHED, replace(PUBLISHED, algorithm="ES256")]
)
def test_a_sound_issuer_has_no_fault(entry):
    """One rule for `serve`, for verifying, and for minting."""
    assert trust_fault(entry) == ""


@pytest.mark.parametrize(
    "entry, words",
    [
        (replace(SOUND, issuer=""), "it needs an issuer and an audience"),
        (replace(SOUND, audience=""), "it needs an issuer and an audience"),
        (replace(SOUND, secret="x" * 31), "HS256 needs a secret of at least 32 characters"),
        (replace(SOUND, jwks_url="https://a/jwks"), "HS256 takes a secret, not a jwks_url"),
        (replace(SOUND, tenant="a/b"), "the tenant must be 1 to 128 letters"),
        (replace(SOUND, tenant="a\n"), "the tenant must be 1 to 128 letters"),
        (replace(PUBLISHED, secret="x" * 32), "RS256 takes a jwks_url, not a secret"),
        (replace(PUBLISHED, jwks_url=""), "RS256 needs a jwks_url"),
        (replace(PUBLISHED, jwks_url="file:///etc/passwd"), "RS256 needs a jwks_url"),
        (replace(PUBLISHED, jwks_url="https://"), "RS256 needs a jwks_url"),
        (replace(PUBLISHED, jwks_url="http://["), "RS256 needs a jwks_url"),
    ],
)
def test_an_issuer_that_could_not_be_right_has_a_fault(entry, words):
    """The rule is named, the secret is not."""
    assert words in trust_fault(entry)
    assert "xxx" not in trust_fault(entry)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("name", ["issuer.runtime_timeout", "telemetry.sample"])
def test_a_number_is_one_that_can_be_counted_with(number: str, name: str):
    """Whether the file says it or a variable; in tables, too, which hooks are shown as JSON."""
    section, _, setting = name.partition(".")
    with pytest.raises(SettingsError, match=f"'{name}' must be a number, not {number}"):
        parse(tomllib.loads(f"[{section}]\n{setting} = {number}"), {})
    with pytest.raises(SettingsError, match=f"'{name}' must be a number, not {number}"):
        parse({}, {f"HOOKD_{section}_{setting}".upper(): number})
    with pytest.raises(SettingsError, match=r"'issuer.users\[0\].app_metadata' must be a number"):
        parse(tomllib.loads(f"[[issuer.users]]\napp_metadata = {{ a = [1, {{ b = {number} }}] }}"), {})


def test_a_name_that_is_there_twice_in_a_variable_is_refused():
    """As it is in TOML: which one would count, nobody knows. What it is, is not told."""
    row = '{"issuer": "not-to-be-seen", "audience": "x", "issuer": "b"}'
    with pytest.raises(SettingsError, match="HOOKD_AUTH_TRUSTED has a table in which a name is there twice") as caught:
        parse({}, {"HOOKD_AUTH_TRUSTED": f"[{row}]"})
    assert "not-to-be-seen" not in str(caught.value)
    with pytest.raises(SettingsError, match="HOOKD_ISSUER_USERS has a table"):
        parse({}, {"HOOKD_ISSUER_USERS": '[{"app_metadata": {"a": {"b": 1, "b": 2}}}]'})
