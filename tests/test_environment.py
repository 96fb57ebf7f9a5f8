from __future__ import annotations

from dataclasses import fields

import pytest

from runtime.configuration import hints_of, row_type
from runtime.environment import files_of, unread, variables_of
from runtime.errors import SettingsError
from runtime.settings import Settings, TrustedIssuer, parse

SECRET = "not-to-be-seen-in-any-message-at-all"
ISSUER = TrustedIssuer(issuer="urn:a", audience="urn:b", algorithm="HS256", secret=SECRET)


@pytest.mark.parametrize("name", variables_of(Settings))
def test_every_setting_has_a_variable(name):
    """Whatever its type: each can be given without a file."""
    variable = variables_of(Settings)[name]
    section = hints_of(Settings)[variable.section]
    (item,) = (item for item in fields(section) if item.name == variable.name)
    default = getattr(section(), item.name)
    text, value = {
        bool: ("false" if default else "true", not default),
        int: (str(item.metadata["most"]), item.metadata["most"]),
        float: ("0.5", 0.5),
        str: ((item.metadata["choices"] or ["x"])[-1],) * 2,
        tuple: ("a, b", ("a", "b")),
    }[type(default)]
    row = row_type(variable.hint)
    if row:
        text, value = "[{}]", (row(),)

    assert getattr(getattr(parse({}, {name: text}), variable.section), variable.name) == value


@pytest.mark.parametrize(
    "text",
    [
        f'[{{"issuer": "urn:a", "audience": "urn:b", "algorithm": "HS256", "secret": "{SECRET}"}}]',
        f'[{{issuer = "urn:a", audience = "urn:b", algorithm = "HS256", secret = "{SECRET}"}}]',
        f'[\n  {{issuer = "urn:a", audience = "urn:b", algorithm = "HS256", secret = "{SECRET}"}},\n]',
    ],
    ids=["JSON", "TOML", "TOML in lines"],
)
def test_tables_are_json_or_toml(text):
    """They stand in place of those of the file."""
    assert parse({"auth": {"trusted": [{"issuer": "urn:other"}]}}, {"HOOKD_AUTH_TRUSTED": text}).auth.trusted == (
        ISSUER,
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a.example", ("a.example",)),
        ("a.example, 10.0.0.0/8:443 ,", ("a.example", "10.0.0.0/8:443")),
        ('["a.example", "[fd00::/8]"]', ("a.example", "[fd00::/8]")),
        ("['a.example']", ("a.example",)),
        ("", ()),
    ],
)
def test_lists_are_comma_separated_or_arrays(text, expected):
    """An empty one is a list of nothing."""
    assert parse({"network": {"allow": ["b"]}}, {"HOOKD_NETWORK_ALLOW": text}).network.allow == expected


@pytest.mark.parametrize(
    "text, words",
    [
        (f'[{{"secret": "{SECRET}"', "HOOKD_AUTH_TRUSTED must be an array of tables, as JSON or as TOML has it"),
        (f'{{"secret": "{SECRET}"}}', "'auth.trusted' must be an array of tables"),
        (f'[{{"secrets": "{SECRET}"}}]', "There is no setting 'auth.trusted[0].secrets'"),
        (f'[{{"secret": ["{SECRET}"]}}]', "'auth.trusted[0].secret' must be a string"),
        (f"{SECRET}", "must be an array of tables"),
        ("[" * 10_000, "must be an array of tables"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_without_its_values(text, words):
    """By its place, or by the setting's name: it may have secrets in it."""
    with pytest.raises(SettingsError) as caught:
        parse({}, {"HOOKD_AUTH_TRUSTED": text})

    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "name, words",
    [
        ("HOOKD_SERVER_CONFINMENT", "HOOKD_SERVER_CONFINMENT; did you mean HOOKD_SERVER_CONFINEMENT?"),
        ("HOOKD_STORAGE_MASTERKEY_FILE", "did you mean HOOKD_STORAGE_MASTER_KEY_FILE?"),
        ("HOOKD_METRICS_TOKEN_FILES", "did you mean HOOKD_METRICS_TOKEN_FILE?"),
        ("HOOKD_LOG_XYZZYQUUX", "There is no setting HOOKD_LOG_XYZZYQUUX."),
    ],
)
def test_a_variable_of_no_setting_is_refused(name, words):
    """Somebody relies on it."""
    with pytest.raises(SettingsError) as caught:
        parse({}, {name: SECRET})

    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_others_are_let_be():
    """Kubernetes makes variables for a service that is called hookd, the command line has some of its own."""
    environ = {"HOOKD_SERVICE_HOST": "10.0.0.1", "HOOKD_PORT": "tcp://10.0.0.1:80", "HOOKD_TOKEN": "t", "PATH": "/bin"}

    assert parse({}, environ) == Settings()
    assert [name for name, _ in unread(Settings, environ, ["HOOKD_TOKEN"])] == ["HOOKD_PORT", "HOOKD_SERVICE_HOST"]
    assert list(unread(Settings, ["HOOKD_SERVER_PROT"])) == [("HOOKD_SERVER_PROT", "HOOKD_SERVER_PORT")]


def test_what_is_secret_can_be_in_a_file():
    """And tables, which may have secrets in them; where a setting names the file, its variable is that setting's."""
    files = files_of(Settings)

    assert {"HOOKD_METRICS_TOKEN_FILE", "HOOKD_AUTH_TRUSTED_FILE", "HOOKD_ISSUER_CLIENTS_FILE"} <= files.keys()
    assert files["HOOKD_METRICS_TOKEN_FILE"] == "HOOKD_METRICS_TOKEN"
    assert "HOOKD_STORAGE_MASTER_KEY_FILE" not in files
    assert "HOOKD_SERVER_PORT_FILE" not in files
