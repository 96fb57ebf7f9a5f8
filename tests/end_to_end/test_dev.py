"""`hookd dev`: the first five minutes of somebody who cloned the repository."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from runtime.master_keys import write_master_key
from tests.end_to_end.processes import Answer, Process, call, compiled_in, read_environment
from tests.ports import free_port

SEED = (
    "module.exports = function(client, scope, audience, context, cb) { var access_token = {}; "
    "access_token['https://foo.com/claim'] = 'bar'; access_token.scope = scope; access_token.scope.push('extra'); "
    "cb(null, access_token); };"
)
LAST_LINE = "The same values"
DENY = "module.exports = function(client, scope, audience, context, cb) { cb(new Error('access denied')); };"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo lives."""
    return compiled_in(tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="module")
def dev(directory: Path) -> Iterator[Process]:
    """A demo at a free port."""
    with Process(["dev", "--port", "0"], directory) as process:
        yield process


@pytest.fixture(scope="module")
def curl_lines(dev: Process) -> list[str]:
    """What it printed to be pasted."""
    return [line for line in dev.read_until(LAST_LINE) if line.startswith("curl ")]


@pytest.fixture(scope="module")
def shell(dev: Process, curl_lines: list[str], directory: Path) -> dict[str, str]:
    """The variables of demo.env; it is whole when the lines have been printed."""
    return read_environment(directory / ".hookd/demo.env")


def ask(shell: dict[str, str], *, as_form: bool, **more: str) -> Answer:
    """A token request."""
    fields = {
        "grant_type": "client_credentials",
        "client_id": shell["CLIENT_ID"],
        "client_secret": shell["CLIENT_SECRET"],
        "audience": shell["AUDIENCE"],
        **more,
    }
    url = f"{shell['BASE_URL']}/oauth/token"
    return call("POST", url, form=fields) if as_form else call("POST", url, json_body=fields)


def verified(shell: dict[str, str], token: str) -> dict[str, object]:
    """The claims of a token, verified with an independent library against the published keys."""
    keys = KeySet.import_key_set(call("GET", f"{shell['BASE_URL']}/.well-known/jwks.json").body)
    claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": shell["BASE_URL"] + "/"},
        aud={"essential": True, "value": shell["AUDIENCE"]},
        exp={"essential": True},
    ).validate(claims)
    return claims


def upload(shell: dict[str, str], name: str, script: str) -> Answer:
    """A hook at the client credentials exchange, enabled."""
    body = {"name": name, "script": script, "triggerId": "credentials-exchange", "enabled": True}
    return call("POST", f"{shell['BASE_URL']}/api/v2/hooks", json_body=body, token=shell["API_TOKEN"])


def test_the_seed_hook_verbatim(shell):
    """Uploaded over the API, its claim and its scope are in the signed token, asked for as form and as JSON."""
    created = upload(shell, "verbatim", SEED)
    answers = [ask(shell, as_form=True), ask(shell, as_form=False)]

    assert created.status == 201
    assert created.body["script"] == SEED
    for answer in answers:
        assert answer.status == 200
        claims = verified(shell, answer.body["access_token"])
        assert claims["https://foo.com/claim"] == "bar"
        assert "extra" in str(claims["scope"]).split()
        assert answer.body["scope"] == claims["scope"]
        assert claims["sub"] == f"{shell['CLIENT_ID']}@clients"


def test_a_hook_that_denies(shell):
    """No token is issued, and the client reads the hook's message."""
    assert upload(shell, "denies", DENY).status == 201
    answer = ask(shell, as_form=True)
    assert upload(shell, "allows-again", SEED).status == 201

    assert answer.status >= 400
    assert answer.body == {"error": "access_denied", "error_description": "access denied"}
    assert ask(shell, as_form=True).status == 200


def test_a_password_grant_reaches_its_own_hook(shell):
    """The user of the demo signs in, and the hook of the password exchange sees who it is."""
    script = "module.exports = async (user, client, scope) => ({ accessToken: { scope, 'https://foo.com/mail': user.email } })"
    body = {"name": "mail", "script": script, "triggerId": "password-exchange", "enabled": True}
    assert call("POST", f"{shell['BASE_URL']}/api/v2/hooks", json_body=body, token=shell["API_TOKEN"]).status == 201
    answer = ask(
        shell,
        as_form=True,
        grant_type="password",
        username=shell["TEST_USERNAME"],
        password=shell["TEST_PASSWORD"],
        scope="read:orders",
    )

    assert answer.status == 200
    assert verified(shell, answer.body["access_token"])["https://foo.com/mail"] == "ada@example.com"


def test_the_printed_lines_work_as_pasted(shell, curl_lines, tmp_path):
    """In any shell and folder: a token, another hook, the log."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    token, hook, log = (
        json.loads(subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True, capture_output=True, text=True).stdout)
        for line in curl_lines
    )

    assert token["token_type"] == "Bearer"
    assert hook["enabled"] is True
    assert "error" not in log


def test_the_dashboards_user_logs_in_at_the_token_server(shell):
    """As a browser goes: to the token server, back with a code, and what the dashboard asks then is answered."""
    base = shell["BASE_URL"]
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(f"{base}/dashboard/login/oidc")
        match = re.search('name="request" value="([^"]*)"', page.text)
        assert match is not None, page.text
        form = {"request": html.unescape(match[1])}
        form |= {"username": shell["DASHBOARD_USERNAME"], "password": shell["DASHBOARD_PASSWORD"]}
        back = browser.post(f"{base}/login", data=form, headers={"Origin": base})
        session = browser.get(f"{base}/dashboard/session", headers={"Sec-Fetch-Site": "same-origin"})

    assert str(back.url) == f"{base}/dashboard/hooks"
    assert session.json()["tenant"] == "demo"
    assert {"read:hooks", "update:hooks", "read:logs"} <= set(session.json()["scopes"])


def test_the_environment_arms_a_shell(shell, directory):
    """`source .hookd/demo.env` is all that a curl line needs; nobody else may read the file."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    line = 'source .hookd/demo.env; curl -sS "$BASE_URL/api/v2/hooks" -H "Authorization: Bearer $API_TOKEN"'
    hooks = subprocess.run(["bash", "-c", line], cwd=directory, check=True, capture_output=True, text=True).stdout

    assert stat.S_IMODE((directory / ".hookd/demo.env").stat().st_mode) == 0o600
    assert "custom-claims" in [hook["name"] for hook in json.loads(hooks)]
    assert {"BASE_URL", "API_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "AUDIENCE", "TEST_USERNAME", "TEST_PASSWORD"} <= set(
        shell
    )


def test_a_minted_token_opens_the_demo(shell, directory):
    """`hookd token` beside the demo needs nothing but a scope, and gives no more than that."""
    command = [sys.executable, "-m", "runtime.cli", "token", "--scope", "read:hooks"]
    command += ["--directory", str(directory / ".hookd")]
    root = Path(__file__).parents[2]
    token = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()
    url = f"{shell['BASE_URL']}/api/v2/hooks"

    assert call("GET", url, token=token).status == 200
    assert call("POST", url, json_body={}, token=token).status == 403
    assert call("GET", url).status == 401


def test_no_secret_is_written_to_the_log(shell, dev, curl_lines):
    """Neither a client's, nor a user's, nor the token that the services show each other."""
    for name in ("CLIENT_SECRET", "TEST_PASSWORD", "DASHBOARD_PASSWORD", "API_TOKEN"):
        assert shell[name] not in dev.log


def test_a_port_in_use_is_a_clear_error(dev, tmp_path):
    """The message names the address and what to do; the exit code says that it was the address."""
    port = str(dev.address["port"])
    done = subprocess.run(
        [sys.executable, "-m", "runtime.cli", "dev", "--port", port, "--directory", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert f"127.0.0.1:{port} can not be listened on (it is in use)" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_start_keeps_everything(tmp_path):
    """Hooks, credentials and compiled code stay, rights do not; Ctrl-C and SIGTERM both end the process in order."""
    with Process(["dev", "--port", "0"], tmp_path) as process:
        process.read_until(LAST_LINE)
        shell = read_environment(tmp_path / ".hookd/demo.env")
        assert upload(shell, "mine", DENY).status == 201
        assert process.stop(signal.SIGINT) == 0
    cache = {file: file.stat().st_mtime_ns for file in (tmp_path / ".hookd/cache").rglob("*") if file.is_file()}
    with Process(["dev", "--port", "0"], tmp_path) as process:
        process.read_until(LAST_LINE)
        again = read_environment(tmp_path / ".hookd/demo.env")
        denied = ask(again, as_form=True)
        assert "threads already" not in process.log, "what it looked at before left it with its rights"
        assert process.stop(signal.SIGTERM) == 0

    assert (denied.status, denied.body["error"]) == (403, "access_denied")
    assert again["CLIENT_SECRET"] == shell["CLIENT_SECRET"]
    assert cache != {}
    assert {file: file.stat().st_mtime_ns for file in cache} == cache, "the second start compiled again"


def test_a_master_key_that_is_gone_or_another_is_a_clear_error(tmp_path):
    """It names the files, what to do, and what that costs; no key is made in its place. What it says to remove is enough."""
    folder, command = tmp_path / ".hookd", [sys.executable, "-m", "runtime.cli", "dev", "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    def refused() -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert "Put the right one back" in done.stderr
        return done.stderr

    with Process(["dev", "--port", "0"], compiled_in(tmp_path)) as process:
        process.read_until(LAST_LINE)
    kept = folder / "kept.key"
    (folder / "master.key").rename(kept)
    told = refused()
    assert ".hookd/master.key is gone, with which the signing keys in .hookd/issuer.db were sealed." in told
    assert not (folder / "master.key").exists()
    write_master_key(folder / "master.key")
    assert ".hookd/master.key is another one than that with which the signing keys" in refused()
    kept.replace(folder / "master.key")
    with Process(["dev", "--port", "0"], tmp_path) as process:
        process.read_until(LAST_LINE)

    (folder / "master.key").unlink()
    remove = re.search(r"`(rm .*?)`", told)
    assert remove
    subprocess.run(remove[1].split(), cwd=tmp_path, check=True)
    with Process(["dev", "--port", "0"], tmp_path) as process:
        process.read_until(LAST_LINE)
        assert ask(read_environment(folder / "demo.env"), as_form=True).status == 200
        assert "threads already" not in process.log


def test_a_stopped_service_lets_go_of_its_port(tmp_path):
    """Whoever starts again at once finds the port free."""
    port = free_port()
    with Process(["dev", "--port", str(port)], compiled_in(tmp_path)) as process:
        assert process.address["port"] == port
        assert process.stop(signal.SIGTERM) == 0

    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port
