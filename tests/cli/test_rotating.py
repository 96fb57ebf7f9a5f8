from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.cli import rotating
from runtime.cli.failures import CommandFailed
from runtime.cli.output import Output
from runtime.errors import SettingsError
from runtime.fitness import look_at_key
from runtime.issuer.records import SigningKey
from runtime.issuer.sealing import KeySealer
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.master_keys import MasterKeys, new_master_key, read_keys, replace_keys, write_master_key
from runtime.settings import Settings, StorageSettings
from runtime.sources import load_settings
from runtime.storage.opening import choose_storage
from runtime.storage.sealing import Sealer
from tests.issuer.test_sealing import keep, kept
from tests.storage.conftest import Nouns

HOOK = Nouns().hook()


@pytest.fixture
def settings(tmp_path: Path) -> StorageSettings:
    write_master_key(tmp_path / "master.key")
    return StorageSettings(url=f"sqlite:///{tmp_path}/hookd.db", master_key_file=f"{tmp_path}/master.key")


def keys_of(settings: StorageSettings) -> MasterKeys:
    return read_keys(Path(settings.master_key_file))


def issuer_of(settings: StorageSettings) -> IssuerSettings:
    """The token server's file, beside the storage's."""
    return IssuerSettings(database=settings.url.replace("hookd.db", "issuer.db"))


async def put_signing_key(settings: StorageSettings, *keys: bytes) -> None:
    """One that is sealed."""
    key = SigningKey(kid="k", state="current", jwk={"kty": "RSA"}, private_pem="pem", since=1.0)
    await keep(issuer_of(settings), [KeySealer(lambda: keys).settled(key)])


async def signing_key(settings: StorageSettings, *keys: bytes) -> str:
    """Opened by these keys alone."""
    (key,) = await kept(issuer_of(settings))
    return KeySealer(lambda: keys).open(key)


async def put(settings: StorageSettings, sealer: Sealer, **secrets: str) -> None:
    storage = await choose_storage(settings).open()
    await storage.create_hook(HOOK, secrets=sealer.seal_secrets(HOOK.tenant, HOOK.id, secrets))
    await storage.close()


async def opened(settings: StorageSettings, *keys: bytes) -> Mapping[str, str]:
    storage = await choose_storage(settings).open()
    sealed = await storage.get_secrets(HOOK.tenant, HOOK.id)
    await storage.close()
    return Sealer(*keys).open_secrets(HOOK.tenant, HOOK.id, sealed)


def step(settings: StorageSettings, pid: int | None = None) -> None:
    rotating.rotate(Settings(storage=settings, issuer=issuer_of(settings)), pid, Output())


def test_step_by_step(settings, capsys):
    """For several services: three calls, each of which says what is next; at each of them all keys that seal anything are there."""
    (old,) = keys_of(settings).all
    asyncio.run(put(settings, Sealer(old), A="1"))
    step(settings)
    (new,) = keys_of(settings).following
    assert keys_of(settings).sealing == (old,)
    assert "run this again" in capsys.readouterr().err
    step(settings)
    assert keys_of(settings) == MasterKeys((new, old))
    assert asyncio.run(opened(settings, old)) == {"A": "1"}
    assert "run this again" in capsys.readouterr().err
    step(settings)
    told = capsys.readouterr()
    assert "Sealed 1 secrets anew." in told.err
    assert not Path(issuer_of(settings).database.removeprefix("sqlite:///")).exists()
    assert "run this again" not in told.err
    assert keys_of(settings) == MasterKeys((new,))
    assert asyncio.run(opened(settings, new)) == {"A": "1"}
    assert base64.b64decode(Path(f"{settings.master_key_file}.old").read_text()) == old


def test_where_no_token_server_is_found_it_says_where_it_looked(settings, tmp_path, monkeypatch, capsys):
    """At each step, before anything is done; not where there is one."""
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        rotating.rotate(Settings(storage=settings), None, Output())
        told = capsys.readouterr().err
        assert told.startswith(
            f"No token server's data is in sqlite:///{tmp_path}/.hookd/issuer.db, so no signing keys"
        )
        assert told.count("[issuer] database") == 1
    asyncio.run(put_signing_key(settings, *keys_of(settings).all))
    for _ in range(3):
        step(settings)
        assert "No token server" not in capsys.readouterr().err


def test_a_token_server_that_can_not_be_looked_at_keeps_the_key(settings):
    """Nothing is begun that could not be brought to its end."""
    (old,) = keys_of(settings).all
    Path(issuer_of(settings).database.removeprefix("sqlite:///")).write_bytes(b"no database" * 100)
    with pytest.raises(SettingsError, match=r"issuer\.db"):
        step(settings)
    assert keys_of(settings) == MasterKeys((old,))


def end_with(settings: StorageSettings, lost: bytes) -> MasterKeys:
    """The last step, with this key behind the two that are kept; those two."""
    before = keys_of(settings)
    assert len(before.all) == 2
    replace_keys(Path(settings.master_key_file), MasterKeys((*before.sealing, lost)))
    step(settings)
    return before


def test_a_secret_that_no_key_opens_keeps_the_old_key(settings, capsys):
    """It is named. With its key behind the others, or without it, the next call ends what was begun."""
    lost = base64.b64decode(new_master_key())
    asyncio.run(put(settings, Sealer(lost), A="1"))
    step(settings)
    step(settings)
    with pytest.raises(CommandFailed, match=f"1 secrets can not be opened by any of the keys.*acme/{HOOK.id}/A"):
        step(settings)
    before = end_with(settings, lost)
    assert keys_of(settings) == MasterKeys(before.sealing[:1])
    assert asyncio.run(opened(settings, before.sealing[0])) == {"A": "1"}


def test_signing_keys_are_sealed_anew(settings, capsys):
    """And counted; then the old key is of no use. Where no token server ever ran, none is told of, and no file is made."""
    (old,) = keys_of(settings).all
    asyncio.run(put_signing_key(settings, old))
    step(settings)
    step(settings)
    assert asyncio.run(signing_key(settings, old)) == "pem"
    step(settings)
    assert "Sealed 0 secrets and 1 signing key anew." in capsys.readouterr().err
    (new,) = keys_of(settings).all
    assert asyncio.run(signing_key(settings, new)) == "pem"


def test_a_signing_key_that_no_key_opens_keeps_the_old_key(settings, capsys):
    """It is named; with its key behind the others, the next call ends what was begun."""
    lost = base64.b64decode(new_master_key())
    asyncio.run(put_signing_key(settings, lost))
    step(settings)
    step(settings)
    with pytest.raises(CommandFailed, match=r"signing keys can not be opened .*signing key k: .*\[issuer\] database"):
        step(settings)
    end_with(settings, lost)
    assert asyncio.run(signing_key(settings, *keys_of(settings).all)) == "pem"
    assert len(keys_of(settings).all) == 1


def test_only_a_key_in_a_file_is_rotated(settings):
    """A variable is not ours to change."""
    with pytest.raises(SettingsError, match="master_key_file"):
        step(StorageSettings(url=settings.url, master_key=new_master_key()))


def test_one_at_a_time(settings):
    """Two would make two keys, and each would think the other's was the old one."""
    before = keys_of(settings)
    with rotating._alone(Path(settings.master_key_file)), pytest.raises(CommandFailed, match="by somebody else"):
        step(settings)
    assert keys_of(settings) == before


def test_what_is_no_service_is_told_nothing(settings):
    """A HUP would end it. Nothing is changed."""
    before = keys_of(settings)
    child = os.posix_spawnp("sleep", ["sleep", "60"], os.environ)
    try:
        with pytest.raises(CommandFailed, match="is no `hookd serve`"):
            step(settings, child)
        os.kill(child, 0)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert keys_of(settings) == before


@contextmanager
def looking_like_a_service(folder: Path, *words: str, **environ: str) -> Iterator[int]:
    """A process that is called as the service is, and has a child."""
    command = ["sh", "-c", "sleep 60 & wait", "serve", *words]
    with subprocess.Popen(command, cwd=folder, env={**os.environ, **environ}, start_new_session=True) as process:
        until = time.monotonic() + 60
        while not rotating._children(process.pid):
            assert time.monotonic() < until
            time.sleep(0.01)  # noqa: TID251 - another process sets no event
        try:
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("way", ["variable", "file", "none"])
def test_a_service_with_another_key_file_is_refused(settings, tmp_path, way):
    """Such as a copy that systemd has made for it: it would never know the new key, and find no secret any more."""
    before = keys_of(settings)
    other = tmp_path / "run" / "master.key"
    other.parent.mkdir()
    other.write_text(Path(settings.master_key_file).read_text())
    (other.parent / "c.toml").write_text("[storage]\nmaster_key_file = 'master.key'\n" if way == "file" else "")
    environ = {"HOOKD_STORAGE_MASTER_KEY_FILE": str(other)} if way == "variable" else {}
    with (
        looking_like_a_service(other.parent, "--config=c.toml", **environ) as pid,
        pytest.raises(CommandFailed, match="it would not know the new one"),
    ):
        step(settings, pid)
    assert keys_of(settings) == before


@pytest.mark.parametrize("words", [("--config", "c.toml"), ("--config=c.toml",)])
def test_the_service_s_own_file_is_found(settings, tmp_path, words):
    """By its command line, its variables and its folder, however they name it."""
    (tmp_path / "c.toml").write_text("[storage]\nmaster_key_file = './master.key'\n")
    with looking_like_a_service(tmp_path, *words) as pid:
        rotating._require_service(pid, Path(settings.master_key_file))


def test_what_was_interrupted_begins_with_a_start(settings, monkeypatch):
    """The file may be a step ahead of the service: it takes the file as it is before the next step, and ends where it should."""
    done = []
    monkeypatch.setattr(rotating, "_require_service", lambda pid, path: None)
    monkeypatch.setattr(rotating, "_start_anew", lambda pid: done.append(len(keys_of(settings).following)))
    step(settings)
    step(settings, 1)
    assert done == [1, 0, 0]
    assert len(keys_of(settings).all) == 1


def test_another_key_is_adopted(hookd, settings, tmp_path):
    """What it does not open is named, by its place; then it is the storage's, and the one of before is not."""
    asyncio.run(put(settings, Sealer(*keys_of(settings).all), A="hunter2"))
    (tmp_path / "c.toml").write_text(f"[storage]\nurl = '{settings.url}'\nmaster_key = '{new_master_key()}'\n")
    done = hookd("keys", "adopt", "--config", "c.toml", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"lost": [f"acme/{HOOK.id}/A"]})
    assert "1 secret can not be opened, and must be set anew." in done.stderr
    assert hookd("keys", "adopt", "--config", "c.toml").stdout == f"acme/{HOOK.id}/A\n"
    with pytest.raises(SettingsError, match=f"The master key in {settings.master_key_file} is not that of the storage"):
        asyncio.run(look_at_key(settings))
    asyncio.run(look_at_key(load_settings(tmp_path / "c.toml", {}).storage))
