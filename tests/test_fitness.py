from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from runtime.bootstrap import open_runtime
from runtime.errors import SettingsError
from runtime.fitness import require_named, require_production
from runtime.master_keys import new_master_key
from runtime.settings import Settings, TrustedIssuer, parse

TRUSTED = {"issuer": "i", "audience": "a", "algorithm": "HS256", "secret": "x" * 32}
VARIABLE = "HOOKD_STORAGE_MASTER_KEY"


@pytest.mark.parametrize(
    "trusted, words",
    [
        (None, "auth.trusted"),
        ({"issuer": ""}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"secret": "short"}, "32 characters"),
        ({"algorithm": "RS256"}, "jwks_url"),
        ({"tenant": "a/b"}, "the tenant must be"),
    ],
)
def test_production_needs_issuers_whose_tokens_can_be_verified(trusted, words):
    """A runtime that nobody could call, or anybody, does not start."""
    rows = [] if trusted is None else [TRUSTED | trusted]
    settings = parse({"storage": {"master_key": new_master_key()}, "auth": {"trusted": rows}}, {})

    with pytest.raises(SettingsError, match=words):
        require_production(settings)


def test_production_needs_proxies_that_are_networks():
    """Before any worker starts."""
    document = {"server": {"trusted_proxies": ["proxy"]}, "storage": {"master_key": new_master_key()}}
    with pytest.raises(SettingsError, match=r"'server\.trusted_proxies' must be"):
        require_production(parse(document | {"auth": {"trusted": [TRUSTED]}}, {}))


def test_production_needs_a_master_key():
    """The message says how to make one."""
    with pytest.raises(SettingsError, match="hookd keys new"):
        require_production(Settings())


def test_a_whole_configuration_is_enough():
    """Master key and one issuer."""
    settings = parse({"storage": {"master_key": new_master_key()}, "auth": {"trusted": [TRUSTED]}}, {})
    require_production(settings)

    assert settings.auth.trusted == (TrustedIssuer(**TRUSTED),)


def test_another_key_than_the_storage_s_is_not_fit(settings, runtime_database, monkeypatch):
    """Told before the service starts anew: where the key comes from, and what to do. Nothing is changed."""
    asyncio.run(opened(settings))
    require_named(settings)
    before = runtime_database.read_bytes()
    other = replace(settings, storage=replace(settings.storage, master_key=new_master_key()))
    for where, environ in (("[storage] master_key", {}), (VARIABLE, {VARIABLE: "x"})):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError, match=rf"The master key in {re.escape(where)} is not .* Put the key back"):
            require_named(other)
    assert runtime_database.read_bytes() == before
    with pytest.raises(SettingsError, match="is not that of the storage"):
        asyncio.run(opened(other))


def test_a_storage_that_is_away_or_not_there_says_nothing_of_the_key(settings, tmp_path):
    """It may be back when the service has started anew, and is made where there is none."""
    for url in ("redis://127.0.0.1:1/0", f"sqlite:///{tmp_path}/none.db"):
        require_named(replace(settings, storage=replace(settings.storage, url=url, timeout_ms=100)))
    assert not (tmp_path / "none.db").exists()


def test_certificates_that_are_not_there_are_not_fit(settings, tmp_path):
    """Hooks' requests would have nobody to believe: no worker would start with them."""
    (tmp_path / "no.pem").write_text("no certificate")
    for name, words in (("none.pem", "can not be read: No such file"), ("no.pem", "has no certificates that can be")):
        wrong = replace(settings, network=replace(settings.network, ca_file=str(tmp_path / name)))
        for attempt in (lambda: require_named(wrong), lambda: asyncio.run(opened(wrong))):  # noqa: B023 - called at once
            with pytest.raises(SettingsError, match=rf"The file 'network.ca_file', .*{name}, {words}"):
                attempt()


async def opened(settings: Settings) -> None:
    async with open_runtime(settings):
        pass
