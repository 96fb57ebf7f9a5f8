"""`hookd serve` and `hookd issuer` as in production: two processes, two addresses, one configuration file."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.end_to_end.processes import Answer, Process, call
from tests.ports import free_port

SECRET = "a-secret-of-thirty-two-characters-or-more"
AUDIENCE = "https://orders.example.com/"
HOOK = "module.exports = (client, scope, audience, context, cb) => cb(null, { scope: [...scope, 'extra'], 'https://foo.com/ip': context.ip })"


class Pair(NamedTuple):
    """The two processes."""

    runtime: Process
    issuer: Process


def write_config(directory: Path, issuer_port: int) -> Path:
    """One file for both; the runtime's own port is free, and told to the token server as a variable."""
    file = directory / "config.toml"
    file.write_text(f"""
[server]
port = 0
trusted_proxies = ["127.0.0.0/8"]
[storage]
master_key = "{b64encode(os.urandom(32)).decode()}"
[log]
format = "json"

[[auth.trusted]]  # the token server
issuer = "http://127.0.0.1:{issuer_port}/"
audience = "urn:hookd"
jwks_url = "http://127.0.0.1:{issuer_port}/.well-known/jwks.json"
tenant = "acme"

[[auth.trusted]]  # operators
issuer = "urn:operators"
audience = "urn:hookd"
algorithm = "HS256"
secret = "{SECRET}"

[issuer]
port = {issuer_port}
tenant = "acme"
[[issuer.clients]]
client_id = "shop"
client_secret = "{SECRET}"
[[issuer.resource_servers]]
identifier = "{AUDIENCE}"
scopes = ["read:orders"]
[[issuer.client_grants]]
client_id = "shop"
audience = "{AUDIENCE}"
scope = ["read:orders"]
""")
    return file


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both keep their data."""
    return tmp_path_factory.mktemp("apart")


@pytest.fixture(autouse=True, scope="module")
def _compiled(engine_cache: Path) -> Iterator[None]:
    """The engine's code is where another start has left it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOKD_SANDBOX_CACHE_DIRECTORY", str(engine_cache))
        yield


@pytest.fixture(scope="module")
def pair(directory: Path) -> Iterator[Pair]:
    """Both services."""
    file = str(write_config(directory, free_port()))
    with Process(["serve", "--config", file], directory) as runtime:
        environ = {"HOOKD_ISSUER_RUNTIME_URL": runtime.url}
        with Process(["issuer", "--config", file], directory, environ) as issuer:
            yield Pair(runtime, issuer)


def operator_token(directory: Path, tenant: str, scope: str) -> str:
    """What `hookd token` mints from the configuration."""
    command = [sys.executable, "-m", "runtime.cli", "token", "--config", str(directory / "config.toml")]
    command += ["--tenant", tenant, "--scope", scope]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def deploy(pair: Pair, directory: Path, tenant: str) -> Answer:
    """The hook, enabled in a tenant."""
    body = {"name": "hook", "script": HOOK, "triggerId": "credentials-exchange", "enabled": True}
    token = operator_token(directory, tenant, "create:hooks")
    return call("POST", f"{pair.runtime.url}/api/v2/hooks", json_body=body, token=token)


def ask(pair: Pair, **headers: str) -> Answer:
    """A token for the shop."""
    fields = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": SECRET, "audience": AUDIENCE}
    return call("POST", f"{pair.issuer.url}/oauth/token", form=fields, headers=headers)


def claims_of(pair: Pair, answer: Answer) -> dict[str, Any]:
    """Of its access token, which is verified."""
    keys = KeySet.import_key_set(call("GET", f"{pair.issuer.url}/.well-known/jwks.json").body)
    return dict(jwt.decode(answer.body["access_token"], keys, algorithms=["RS256"]).claims)


def test_a_token_goes_by_way_of_both(pair, directory):
    """The hook of the issuer's tenant decides; another tenant's changes nothing, and neither sees the other's."""
    assert deploy(pair, directory, "other").status == 201
    before = ask(pair)
    assert deploy(pair, directory, "acme").status == 201
    after = ask(pair)
    claims = claims_of(pair, after)
    token = operator_token(directory, "acme", "read:hooks")
    seen = call("GET", f"{pair.runtime.url}/api/v2/hooks", token=token)

    assert (before.status, before.body["scope"]) == (200, "read:orders")
    assert (after.status, after.body["scope"]) == (200, "read:orders extra")
    assert claims["scope"] == "read:orders extra"
    assert claims["https://foo.com/ip"] == "127.0.0.1"
    assert len(seen.body) == 1


def test_a_trusted_proxy_tells_both_who_asks(pair, directory):
    """What it wrote last: to the hook by way of the token server, and in the audit log. Not what its client wrote."""
    forwarded = {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}
    deploy(pair, directory, "acme")
    assert claims_of(pair, ask(pair, **forwarded))["https://foo.com/ip"] == "198.51.100.1"
    token = operator_token(directory, "acme", "read:hooks")
    call("GET", f"{pair.runtime.url}/api/v2/hooks", token=token, headers=forwarded)
    *_, line = (json.loads(line) for line in pair.runtime.log.splitlines() if '"hookd.audit"' in line)
    assert (line["route"], line["peer"]) == ("/api/v2/hooks", "198.51.100.1")


def test_the_issuer_manages_what_is_its_own(pair, directory):
    """The runtime has no clients and the token server no hooks; each answers as one that does not know the path."""
    token = operator_token(directory, "acme", "read:clients")

    assert call("GET", f"{pair.issuer.url}/api/v2/clients", token=token).status == 200
    assert call("GET", f"{pair.runtime.url}/api/v2/clients", token=token).status == 404
    assert call("GET", f"{pair.issuer.url}/api/v2/hooks", token=token).status == 404


def test_only_one_line_is_printed(pair, directory, tmp_path):
    """Who starts a service reads the port from the one line of its standard output."""
    with Process(["serve", "--config", str(directory / "config.toml")], tmp_path) as process:
        assert process.address == {"event": "listening", "host": "127.0.0.1", "port": process.address["port"]}
        process._process.send_signal(signal.SIGTERM)

        assert process.read_line() == ""
        assert process.wait() == 0


def test_the_log_is_json_and_knows_no_secret(pair, directory):
    """Each line of the runtime's log is one object; tokens, secrets and master key are in none."""
    deploy(pair, directory, "acme")
    ask(pair)
    lines = [json.loads(line) for line in pair.runtime.log.splitlines()]

    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    for log in (pair.runtime.log, pair.issuer.log):
        assert SECRET not in log
        assert "eyJ" not in log


def test_databases_are_private(pair, directory):
    """Keys, hashes and sealed secrets are for the service's own user."""
    for file in (directory / ".hookd").glob("*.db"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_a_wrong_address_of_the_token_server_is_said(tmp_path):
    """Exit code 2 and a sentence that names the setting, before anything listens."""
    process = Process(["issuer"], tmp_path, {"HOOKD_ISSUER_URL": "ftp://x"})

    assert process.wait() == 2
    assert "'issuer.url' must be" in (tmp_path / "issuer.log").read_text()


def test_no_runtime_no_token(directory, tmp_path):
    """A token server that can not ask the hook issues nothing, and says that it may work later."""
    port = free_port()
    file = str(write_config(tmp_path, free_port()))
    with Process(
        ["issuer", "--config", file], tmp_path, {"HOOKD_ISSUER_RUNTIME_URL": f"http://127.0.0.1:{port}"}
    ) as issuer:
        answer = ask(Pair(issuer, issuer))

    assert (answer.status, answer.body["error"]) == (503, "temporarily_unavailable")


def test_token_servers_share_a_redis(pair, directory, tmp_path, redis_server, prefix):
    """Two that start at once on an empty one: a token of one verifies with the keys of the other."""
    token = operator_token(directory, "acme", "execute:hooks")
    environ = {
        "HOOKD_ISSUER_DATABASE": redis_server.url,
        "HOOKD_ISSUER_DATABASE_PREFIX": prefix,
        "HOOKD_ISSUER_URL": pair.issuer.url,
        "HOOKD_ISSUER_PORT": "0",
        "HOOKD_ISSUER_RUNTIME_URL": pair.runtime.url,
        "HOOKD_ISSUER_RUNTIME_TOKEN": token,
    }
    command = ["issuer", "--config", str(directory / "config.toml")]
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one, other = (Process(command, folder, environ) for folder in folders)
    with one, other:
        answer = ask(Pair(pair.runtime, one))
        keys = KeySet.import_key_set(call("GET", f"{other.url}/.well-known/jwks.json").body)

        assert answer.status == 200, answer.body
        claims = jwt.decode(answer.body["access_token"], keys, algorithms=["RS256"]).claims
        assert claims["iss"] == f"{pair.issuer.url}/"
    assert [list(folder.rglob("*.db")) for folder in folders] == [[], []]
