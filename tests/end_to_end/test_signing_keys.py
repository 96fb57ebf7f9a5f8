"""A token server's signing keys at rest: processes that start at once, and a master key that is replaced while one runs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.tokens import sign
from runtime.issuer.keys import open_keys
from runtime.issuer.opening import open_store
from runtime.issuer.sealing import KeySealer
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.master_keys import new_master_key, read_keys, write_master_key
from runtime.settings import TrustedIssuer
from tests.end_to_end.processes import Process, call
from tests.redis_servers import RedisServer

SECRET = "a-secret-of-thirty-two-characters-or-more"
URL = "http://127.0.0.1:1"
OPERATORS = TrustedIssuer(issuer="urn:operators", audience="urn:hookd", algorithm="HS256", secret=SECRET)


def write_config(folder: Path, settings: IssuerSettings) -> Path:
    """For a token server, and for who manages it; a master key in a file."""
    write_master_key(folder / "master.key")
    file = folder / "config.toml"
    file.write_text(f"""
[storage]
url = "sqlite:///{folder}/hookd.db"
master_key_file = "{folder}/master.key"
[[auth.trusted]]
issuer = "urn:operators"
audience = "urn:hookd"
algorithm = "HS256"
secret = "{SECRET}"
[issuer]
port = 0
url = "{URL}"
tenant = "acme"
database = "{settings.database}"
database_prefix = "{settings.database_prefix}"
""")
    return file


def hookd(config: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command that ends."""
    command = [sys.executable, "-m", "runtime.cli", *words, "--config", str(config)]
    given = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environ}
    return subprocess.run(command, check=False, cwd=config.parent, env=given, capture_output=True, text=True)


def rotate_signing_keys(server: Process) -> str:
    """By its management API; the key that signs now."""
    token = sign(OPERATORS, tenant="acme", scope=("create:signing_keys",), subject="a", lifetime=3600)
    answer = call("POST", f"{server.url}/api/v2/keys/signing/rotate", json_body={}, token=token)
    assert answer.status == 201, answer.body
    return str(answer.body["kid"])


def published(server: Process) -> list[dict[str, Any]]:
    """Its JWKS."""
    keys: list[dict[str, Any]] = call("GET", f"{server.url}/.well-known/jwks.json").body["keys"]
    return keys


async def kept(settings: IssuerSettings, *, keys: Sequence[bytes] | None = None) -> list[str]:
    """The private halves as they are kept; with master keys, opened. Where there are none, plain ones are made."""
    store = await open_store(settings)
    try:
        if keys is None and not await store.signing_keys.all():
            await open_keys(store.signing_keys, lambda: 1_800_000_000.0)
        found = [key for key in await store.signing_keys.all() if key.private_pem]
        return [key.private_pem if keys is None else KeySealer(lambda: keys).open(key) for key in found]
    finally:
        await store.close()


@pytest.fixture
def settings(tmp_path: Path) -> IssuerSettings:
    """A file."""
    return IssuerSettings(database=str(tmp_path / "issuer.db"))


@pytest.fixture
def config(settings: IssuerSettings, tmp_path: Path) -> Path:
    """A configuration with a master key in a file."""
    return write_config(tmp_path, settings)


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_two_that_start_at_once_on_plain_keys(tmp_path, kind: str, redis_server: RedisServer, prefix: str):
    """Both have the keys that were there, which are sealed by then; neither shows any."""
    url = redis_server.url if kind == "redis" else str(tmp_path / "issuer.db")
    settings = IssuerSettings(database=url, database_prefix=prefix)
    config = write_config(tmp_path, settings)
    plain = asyncio.run(kept(settings))
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one, other = (Process(["issuer", "--config", str(config)], folder) for folder in folders)
    with one, other:
        assert published(one) == published(other)
        sealed = asyncio.run(kept(settings))
        assert [text.partition(":")[0] for text in sealed] == ["sealed", "sealed"]
    keys = read_keys(tmp_path / "master.key").all
    assert asyncio.run(kept(settings, keys=keys)) == plain
    assert not [text for text in ("PRIVATE", "sealed:", "Traceback") if text in one.log + other.log]


def test_the_master_key_is_replaced_while_it_runs(settings, config, tmp_path):
    """Nobody starts it anew: it makes signing keys meanwhile, and the old key may go. With another key, or none, it does not start."""
    (old,) = read_keys(tmp_path / "master.key").all
    with Process(["issuer", "--config", str(config)], tmp_path) as server:
        for step in range(3):
            done = hookd(config, "keys", "rotate")
            assert done.returncode == 0, done.stderr
            assert ("and 2 signing keys anew" in done.stderr) == (step == 2)
            # Where the new one seals already, it would seal all anew itself.
            kid = rotate_signing_keys(server) if step != 1 else ""
        before = published(server)
    (new,) = read_keys(tmp_path / "master.key").all
    assert new != old
    assert len(asyncio.run(kept(settings, keys=[new]))) == 2

    for environ, words in (
        (
            {"HOOKD_STORAGE_MASTER_KEY": new_master_key(), "HOOKD_STORAGE_MASTER_KEY_FILE": ""},
            "it was sealed under key",
        ),
        ({"HOOKD_STORAGE_MASTER_KEY_FILE": ""}, "there is no master key"),
    ):
        refused = hookd(config, "issuer", **environ)
        assert (refused.returncode, refused.stderr.count(words)) == (2, 1), refused.stderr
        assert "[storage] master_key_file" in refused.stderr
    with Process(["issuer", "--config", str(config)], tmp_path) as server:
        assert published(server) == before
        assert before[0]["kid"] == kid
        assert server.stop(signal.SIGTERM) == 0
    assert "signing keys are sealed" not in server.log


def test_without_a_master_key_it_says_what_that_means(settings, config, tmp_path):
    """At each start, in the log; all else is as with one."""
    environ = {"HOOKD_STORAGE_MASTER_KEY_FILE": ""}
    with Process(["issuer", "--config", str(config)], tmp_path, environ) as server:
        assert len(published(server)) == 2
        assert server.stop(signal.SIGTERM) == 0
    assert server.log.count("can sign tokens: name a master key in [storage] master_key_file") == 1
    assert not any(text.startswith("sealed:") for text in asyncio.run(kept(settings)))
