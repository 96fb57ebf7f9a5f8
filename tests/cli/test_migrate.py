"""`hookd migrate`, the installed command, between two storages that a real runtime serves, or two of a token server."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.bootstrap import open_runtime
from runtime.errors import SettingsError
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.model import Allow
from runtime.settings import Settings
from runtime.storage.opening import choose_storage
from tests.databases import other_process
from tests.issuer.test_moving import STRANGE, fill, read
from tests.redis_servers import RedisServer

POINT = "credentials-exchange"
SCRIPT = "module.exports = (c, s, a, context, cb) => cb(null, { 'https://a/n': context.webtask.secrets.N });"
REQUEST = {"client": {"id": "c"}, "scope": ["read"], "audience": "https://api"}
PASSWORD = "moved-and-not-shown"


def served(settings: Settings, *, new: bool = False) -> Any:
    """What a token request is answered by a runtime on this storage."""

    async def serve() -> Any:
        async with open_runtime(settings) as runtime:
            if new:
                body = {"name": "moved", "script": SCRIPT, "triggerId": POINT}
                hook = (await runtime.admin.create_hook("acme", body)).hook
                await runtime.admin.add_secrets("acme", hook.id, {"N": "a secret"})
                await runtime.admin.update_hook("acme", hook.id, {"script": f"{SCRIPT}//2", "enabled": True})
            return (await runtime.dispatch.execute("acme", POINT, REQUEST)).decision

    return asyncio.run(serve())


def at(settings: Settings, url: str, **more: Any) -> Settings:
    return replace(settings, storage=replace(settings.storage, url=url, **more))


@pytest.fixture
def config(tmp_path: Path, settings: Settings, prefix: str) -> Path:
    """What an operator has."""
    file = tmp_path / "config.toml"
    file.write_text(f'[storage]\nurl = "{settings.storage.url}"\nprefix = "{prefix}"\n')
    return file


def test_there_and_back(
    installed, at_terminal, config: Path, settings: Settings, redis_server: RedisServer, prefix: str, tmp_path: Path
):
    """Each is served with the same claims, and the secret opens; both sides have one sum; the source is not changed by a byte."""
    answer = served(settings, new=True)
    assert isinstance(answer, Allow)
    assert answer.claims == {"https://a/n": "a secret"}
    file = Path(settings.storage.url.removeprefix("sqlite:///"))
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    done = installed("migrate", "--config", config, "--to", redis_server.url, "--json")

    document = done.json
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert document["from"]["sha256"] == document["to"]["sha256"]
    items = {"proof of the master key": 1, "hooks": 1, "older versions": 1, "execution records": 1}
    assert document["from"]["items"] == document["to"]["items"] == items
    assert (document["equal"], document["differences"]) == (True, [])
    assert "Put url = " in done.stderr

    there = at(settings, redis_server.url, prefix=prefix)
    assert served(there) == answer
    back = f"sqlite:///{tmp_path}/back.db"
    seen = at_terminal("migrate", "--config", config, "--from", redis_server.url, "--to", back)
    assert seen.returncode == 0, seen.stdout
    assert "Copying" in seen.stdout
    assert "Comparing" in seen.stdout
    assert "Both are equal" in seen.stdout
    assert served(at(settings, back)) == answer


def test_refusals(hookd, config: Path, settings: Settings, redis_server: RedisServer, tmp_path: Path):
    """What is wrong, what to do, and the exit code; no password is shown."""
    empty = f"sqlite:///{tmp_path}/empty.db"
    asyncio.run(make(at(settings, empty)))
    assert hookd("migrate", "--config", config, "--to", empty).returncode == 0
    none = hookd("migrate", "--from", f"sqlite:///{tmp_path}/none.db", "--to", empty)
    assert (none.returncode, none.stderr.count("There is no storage of hookd")) == (2, 1)
    wrong = hookd("migrate", "--config", config, "--to", "mysql://u:moved-and-not-shown@h/1")
    assert (wrong.returncode, wrong.stderr.count("hookd: --to must be sqlite:///FILE")) == (2, 1)
    other = hookd("migrate", "--config", config, "--to", empty, "--from", "sqlite:x")
    assert (other.returncode, other.stderr.count("hookd: --from must be sqlite:///FILE")) == (2, 1)
    away = hookd("migrate", "--config", config, "--to", f"redis://u:{PASSWORD}@127.0.0.1:1/0")
    assert away.returncode == 2
    assert "can not be used" in away.stderr
    whole = hookd("migrate", "--config", config, "--to", empty, "--discard")
    assert (whole.returncode, whole.stderr.count("is not unfinished")) == (2, 1)
    assert hookd("migrate", "--config", config).returncode == 2
    for said in (wrong, away):
        assert PASSWORD not in said.stderr + said.stdout


async def make(settings: Settings) -> None:
    await (await choose_storage(settings.storage).open()).close()


def test_a_target_that_is_left_unfinished(hookd, config: Path, settings: Settings, tmp_path: Path, monkeypatch):
    """Exit code 1, and why; no service starts on it; the next call goes on, or empties it; a full one is refused."""
    served(settings, new=True)
    target = f"sqlite:///{tmp_path}/target.db"
    with monkeypatch.context() as patch:
        patch.setattr("runtime.migration.finish", interrupted)
        assert hookd("migrate", "--config", config, "--to", target).returncode == 130
    with pytest.raises(SettingsError, match=r"The storage is unfinished: .* did not come to its end"):
        served(at(settings, target))
    discarded = hookd("migrate", "--config", config, "--to", target, "--discard", "--json")
    assert discarded.json == {"to": target, "discarded": True}
    assert hookd("migrate", "--config", config, "--to", target).returncode == 0
    full = hookd("migrate", "--config", config, "--to", target)
    assert (full.returncode, full.stderr.count("something in it already")) == (1, 1)


async def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def issuer(tmp_path: Path, prefix: str) -> IssuerSettings:
    """A token server's file, with every kind of record in it."""
    settings = IssuerSettings(database=str(tmp_path / "issuer.db"), database_prefix=prefix)
    asyncio.run(fill(settings))
    return settings


@pytest.fixture
def issuer_config(tmp_path: Path, issuer: IssuerSettings) -> Path:
    """What an operator has."""
    file = tmp_path / "issuer.toml"
    file.write_text(f'[issuer]\ndatabase = "{issuer.database}"\ndatabase_prefix = "{issuer.database_prefix}"\n')
    return file


def test_the_token_servers_data_there_and_back(
    installed, at_terminal, issuer: IssuerSettings, issuer_config: Path, redis_server: RedisServer, tmp_path: Path
):
    """Both sides have one sum; a token server opens what is there; nothing of any record is shown."""
    done = installed("migrate", "--issuer", "--config", issuer_config, "--to", redis_server.url, "--json")
    document = done.json
    items = {"clients": 2, "resource servers": 2, "client grants": 2, "users": 3, "refresh tokens": 4}
    items |= {"authorization codes": 3, "signing keys": 3}
    assert document["from"]["items"] == document["to"]["items"] == items
    assert document["from"]["sha256"] == document["to"]["sha256"]
    assert document["from"]["url"] == f"sqlite:///{issuer.database}"
    assert (document["equal"], document["differences"]) == (True, [])
    assert f'Put database = "{redis_server.url}" into [issuer], with the same master key if it has one; ' in done.stderr

    there = replace(issuer, database=redis_server.url)
    back = replace(issuer, database=f"sqlite:///{tmp_path}/back.db")
    command = ("migrate", "--issuer", "--config", issuer_config, "--from", there.database, "--to", back.database)
    seen = at_terminal(*command)
    assert seen.returncode == 0, seen.stdout
    for words in ("Copying", "Comparing", "authorization codes", "Both are equal"):
        assert words in seen.stdout
    for secret in ("secret", STRANGE[:4], "DROP TABLE"):
        assert secret not in done.stdout + done.stderr + seen.stdout
    assert asyncio.run(read(back)) == asyncio.run(read(issuer))


def test_refusals_for_the_token_server(
    hookd, installed, issuer: IssuerSettings, issuer_config: Path, redis_server: RedisServer
):
    """What is wrong, what to do, and the exit code; no password is shown."""
    command = ("migrate", "--issuer", "--config", issuer_config)
    none = hookd(*command, "--from", f"{issuer.database}.none", "--to", redis_server.url)
    assert (none.returncode, none.stderr.count("There is no data of a token server at sqlite:///")) == (2, 1)
    away = hookd(*command, "--to", f"redis://u:{PASSWORD}@127.0.0.1:1/0")
    wrong = hookd(*command, "--to", f"mysql://u:{PASSWORD}@h/1")
    for said, name in ((away, "'issuer.database'"), (wrong, "hookd: --to must be a file")):
        assert (said.returncode, said.stderr.count(name)) == (2, 1), said
        assert PASSWORD not in said.stderr + said.stdout
    whole = hookd(*command, "--to", redis_server.url, "--discard")
    assert (whole.returncode, whole.stderr.count("is not unfinished")) == (2, 1)

    with other_process(Path(issuer.database), "SELECT * FROM users"):
        used = installed(*command, "--to", redis_server.url)
    assert (used.returncode, used.stderr.count("Another process uses sqlite:///")) == (1, 1)
    assert "stop every hookd that has it in its configuration" in used.stderr


def test_a_token_servers_target_that_is_left_unfinished(
    hookd, issuer: IssuerSettings, issuer_config: Path, redis_server: RedisServer, monkeypatch
):
    """Exit code 1, and why; no token server starts on it; the next call does all of it, or empties it; a full one is refused."""
    command = ("migrate", "--issuer", "--config", issuer_config, "--to", redis_server.url)
    there = replace(issuer, database=redis_server.url)
    with monkeypatch.context() as patch:
        patch.setattr("runtime.issuer_migration.finish", interrupted)
        assert hookd(*command).returncode == 130
    database = {"HOOKD_ISSUER_DATABASE": there.database, "HOOKD_ISSUER_DATABASE_PREFIX": there.database_prefix}
    started = hookd("issuer", HOOKD_ISSUER_PORT="0", **database)
    assert (started.returncode, started.stderr.count("unfinished: `hookd migrate --issuer` from sqlite:///")) == (2, 1)
    assert hookd(*command, "--discard", "--json").json == {"to": redis_server.url, "discarded": True}
    with monkeypatch.context() as patch:
        patch.setattr("runtime.issuer_migration.copy", nothing)
        differs = hookd(*command, "--json")
    assert (differs.returncode, json.loads(differs.stdout)["differences"][0]) == (1, "clients: c")
    assert "They differ in 7 record kinds" in differs.stderr
    assert "Run this again, which begins anew" in differs.stderr
    assert hookd(*command).returncode == 0
    full = hookd(*command)
    assert (full.returncode, full.stderr.count("something in it already")) == (1, 1)
    assert asyncio.run(read(there)) == asyncio.run(read(issuer))


async def nothing(*_: object) -> None:
    """What is left of a copy where somebody else removes it."""
