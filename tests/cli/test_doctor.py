"""`hookd doctor`: each line, well and ill, and that nothing is changed by looking."""

from __future__ import annotations

import base64
import errno
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias

import pytest

from runtime.cli.address import AddressInUse
from runtime.cli.checks import (
    look_at_machine,
    look_at_variables,
    what_answers,
    what_can_be_given_up,
    what_files_do,
    without_groups,
)
from runtime.cli.demo import TOKEN_ISSUER
from runtime.cli.trust import look_at_issuer
from runtime.diagnosis import Rehearsed
from runtime.master_keys import new_master_key
from runtime.settings import parse
from runtime.sources import load_settings

pytestmark = pytest.mark.usefixtures("compiled")

Look: TypeAlias = Callable[..., dict[str, Any]]
MACHINE = ("confinement", "port", "open files", "dangers", "memory", "system clock", "database folder", "disk")
"""Lines that say something else on another machine."""
KEY = new_master_key()
KEYS = {"keys": [{"kty": "RSA", "kid": "1"}, {"kty": "EC", "kid": "2"}]}


@pytest.fixture
def look(tmp_path: Path, monkeypatch) -> Look:
    """What is found of a configuration, by name: (state, found, remedy); without an engine, which takes its time."""
    monkeypatch.chdir(tmp_path)

    def look(text: str = "", **environ: str) -> dict[str, Any]:
        (tmp_path / "config.toml").write_text("[server]\nport = 0\n" + text)
        settings = load_settings(tmp_path / "config.toml", environ)
        found = [*look_at_variables(environ), *look_at_machine(settings)]
        found += [check for row in settings.auth.trusted for check in look_at_issuer(row, settings.auth.leeway)]
        return {check.name: (check.state, check.found, check.remedy) for check in found}

    return look


@pytest.fixture
def jwks() -> Iterator[Callable[..., str]]:
    """`jwks(document, date)`: the address of a server of keys."""
    servers: list[HTTPServer] = []

    def serve(document: object, date: str = "") -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(document).encode()
                self.send_response_only(200)
                self.send_header("Date", date or self.date_time_string())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        servers.append(HTTPServer(("127.0.0.1", 0), Answer))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/jwks.json"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def trust(**fields: str) -> str:
    row = {"issuer": "https://issuer/", "audience": "urn:hookd", **fields}
    return "[[auth.trusted]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in row.items())


def test_a_machine_without_a_configuration_can_run_the_demo(hookd, tmp_path, jwks):
    """What only `hookd serve` needs is to be looked at; lines for people, in order; nothing is made."""
    done = hookd("doctor", HOOKD_BUNDLE_REGISTRY=jwks({}).removesuffix("jwks.json"))
    lines = [line.split("  ")[0] for line in done.stdout.splitlines() if not line.startswith(" ")]

    assert done.returncode == 0, done.stdout
    # Whether the port is free and what the kernel has is this machine's.
    assert [line for line in lines if line[2:] not in MACHINE] == [
        "✓ hookd",
        "✓ configuration",
        "! master key",
        "✓ storage",
        "✓ cache folder",
        "✓ npm modules",
        "✓ npm registry",
        "✓ engine",
        "✓ Node engine",
        "! trusted issuers",
    ]
    assert [line[2:] for line in lines].index("confinement") == [line[2:] for line in lines].index("npm modules") + 1
    assert "→ Add an [[auth.trusted]]. `hookd serve` needs it; `hookd dev` has its own.\n" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_one_fault_is_exit_code_1(hookd, tmp_path):
    """For programs: whether all is well, and each line."""
    (tmp_path / "config.toml").write_text(trust(algorithm="HS256"))
    registry = "http://user:not-to-be-seen@127.0.0.1:1/npm/"
    done = hookd("doctor", "--config", "config.toml", "--json", HOOKD_BUNDLE_REGISTRY=registry)
    document = json.loads(done.stdout)
    said = {check["check"]: check["found"] for check in document["checks"]}

    assert said["npm registry"] == "http://127.0.0.1:1/npm/ does not answer (ECONNREFUSED; [bundle] registry)"
    assert "not-to-be-seen" not in done.stdout
    assert (done.returncode, document["ok"]) == (1, False)
    assert document["checks"][-1] == {
        "check": "issuer https://issuer/",
        "state": "bad",
        "found": "HS256 needs a secret of at least 32 characters (RFC 7518 section 3.2)",
        "remedy": "Mend its [[auth.trusted]].",
    }
    assert [check["state"] for check in document["checks"] if check["check"] == "master key"] == ["bad"]


def test_a_password_that_can_not_be_read_is_one_finding(hookd, tmp_path):
    """The storage's; what else there is to look at does without, and calls nothing a bug."""
    (tmp_path / "config.toml").write_text(
        "[storage]\nurl = 'redis://127.0.0.1:1'\npassword_file = 'none'\n[bundle]\nregistry = 'http://127.0.0.1:1/'\n"
    )
    done = hookd("doctor", "--config", "config.toml", "--json")
    checks = {check["check"]: check for check in json.loads(done.stdout)["checks"]}

    assert [name for name, check in checks.items() if "password_file" in check["found"]] == ["storage"]
    found = "The file 'storage.password_file', none, can not be read: No such file or directory"
    assert (checks["storage"]["state"], checks["storage"]["found"]) == ("bad", found)
    assert "can be given up" in checks["confinement"]["found"]
    assert "It is a bug" not in done.stdout


def test_a_configuration_that_is_none_ends_it(hookd, tmp_path):
    """The message is that of `hookd serve`; --quiet leaves out what is well."""
    (tmp_path / "config.toml").write_text("[server]\nprt = 1\n")
    done = hookd("doctor", "--config", "config.toml", "--quiet")

    assert done.returncode == 1
    assert done.stdout.startswith("✗ configuration    There is no setting 'server.prt'; here are: host, port, ")
    assert done.stdout.count("✓") == 0


def test_a_variable_that_nothing_reads_is_named():
    """With the one that may have been meant; its value is not shown."""
    names = {"HOOKD_STORAGE_MASTER_KEYFILE": "not-to-be-seen", "HOOKD_PORT": "", "HOOKD_TOKEN": ""}
    found = {check.found: (check.state, check.remedy) for check in look_at_variables(names)}

    assert found == {
        "nothing reads HOOKD_PORT": ("look", "Unset it."),
        "nothing reads HOOKD_STORAGE_MASTER_KEYFILE": ("look", "Did you mean HOOKD_STORAGE_MASTER_KEY_FILE?"),
    }


def test_a_master_key(look, tmp_path):
    """Missing, of another length, being rotated, open to others, the demo's, well."""

    def state(name: str = "master.key") -> tuple[str, str]:
        found = look(f"[storage]\nmaster_key_file = '{name}'")["master key"]
        return found[0], found[1]

    key = tmp_path / "master.key"
    assert state() == (
        "bad",
        "There is no master key file master.key: make it with `hookd keys new --file master.key`",
    )
    key.write_text("short")
    key.chmod(0o600)
    assert state() == ("bad", "The master key in master.key must be 32 bytes in base64: `hookd keys new` makes one")
    key.write_text(base64.b64encode(b"x" * 32).decode())
    assert state() == ("bad", "it is one byte again and again: anybody can guess it")
    key.write_text(KEY)
    assert state() == ("good", "master.key")
    key.write_text(f"{KEY}\nnext {new_master_key()}\n")
    assert state() == ("look", "master.key has 2 keys: it is being rotated")
    key.write_text(KEY)
    key.chmod(0o644)
    assert state() == ("bad", "others than its owner may use master.key")
    (tmp_path / ".hookd").mkdir()
    key.rename(tmp_path / ".hookd/master.key")
    (tmp_path / ".hookd/master.key").chmod(0o600)
    assert state(".hookd/master.key") == ("look", ".hookd/master.key is that of `hookd dev`")


def test_a_storage(look, tmp_path):
    """None yet, another program's file, one that is there; it is left as it was."""
    url = f"[storage]\nurl = 'sqlite:///{tmp_path}/hookd.db'"
    assert look(url)["storage"][1].endswith("hookd.db, made at the first start")
    (tmp_path / "hookd.db").write_bytes(b"SQLite? no" * 100)
    state, text, _ = look(url)["storage"]
    assert (state, "can not be used" in text) == ("bad", True)
    assert (tmp_path / "hookd.db").read_bytes() == b"SQLite? no" * 100
    assert look("[storage]\nurl = 'postgres://x'")["storage"][0] == "bad"


async def test_a_storage_in_a_redis(look, redis_server, prefix):
    """None yet, one that is there, one that does not answer; without its password, and from within an event loop."""
    from runtime.redis.address import parse_address  # noqa: PLC0415 - of one test
    from runtime.storage.redis import open_redis  # noqa: PLC0415 - likewise

    def state(url: str) -> tuple[str, str]:
        found: tuple[str, str] = look(f"[storage]\nurl = '{url}'\nprefix = '{prefix}'\ntimeout_ms = 100")["storage"][:2]
        return found

    assert state(redis_server.url) == ("good", f"{redis_server.url}, made at the first start")
    await (await open_redis(parse_address(redis_server.url), prefix=prefix)).close()
    assert state(redis_server.url) == ("good", f"{redis_server.url}, schema 1")
    away, text = state("unix://u:s3cret@/none/redis.sock")
    assert (away, "can not be used" in text, "s3cret" in text) == ("bad", True, False)


async def _make(path: Path) -> None:
    from runtime.storage.sqlite import open_sqlite  # noqa: PLC0415 - of one test

    await (await open_sqlite(path)).close()


async def test_a_storage_has_a_schema(tmp_path):
    """Of this version; and one from before is told, and not changed."""
    import sqlite3  # noqa: PLC0415 - of one test

    from runtime.storage.sqlite import look_at_sqlite  # noqa: PLC0415 - likewise

    await _make(tmp_path / "hookd.db")
    before = look_at_sqlite(tmp_path / "hookd.db")
    with closing(sqlite3.connect(tmp_path / "hookd.db")) as db:
        db.execute("PRAGMA user_version = 3")

    assert before.has == before.will > 3
    for _ in range(2):
        assert look_at_sqlite(tmp_path / "hookd.db") == replace(before, has=3)


def test_a_port_that_is_taken_and_a_cache_that_others_write_to(look, tmp_path):
    """To be looked at: it may be hookd itself."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = look(HOOKD_SERVER_PORT=str(port), HOOKD_SANDBOX_CACHE_DIRECTORY=str(tmp_path / "cache"))

    assert found["port"][:2] == ("look", f"127.0.0.1:{port}: it is in use")
    assert found["cache folder"][0] == "look"
    assert found["cache folder"][2].endswith(f"chmod 700 {tmp_path}/cache")


def test_an_issuer_with_keys(look, jwks):
    """Reached, or not; with a key for its algorithm, or none; by its clock ours is set right."""
    name = "issuer https://issuer/"
    well = look(trust(jwks_url=jwks(KEYS)))
    assert well[name] == ("good", "1 of 2 keys are for RS256", "")
    assert well["clock"] == ("good", "as the issuer's", "")
    late = look(trust(jwks_url=jwks(KEYS, "Sat, 01 Jan 2000 00:00:00 GMT")))["clock"]
    assert (late[0], late[1].endswith(" s ahead of the issuer's")) == ("bad", True)
    none = look(trust(jwks_url=jwks({"keys": []}), algorithm="ES256"))[name]
    assert (none[0], none[1].endswith(" has no key for ES256")) == ("bad", True)
    other = look(trust(jwks_url=jwks([])))[name]
    assert (other[0], other[1].endswith(" answers no JWKS")) == ("bad", True)
    gone = look(trust(jwks_url="http://127.0.0.1:1/jwks.json"))[name]
    assert (gone[0], gone[2]) == ("bad", "No token of it can be verified: see to the address.")


@pytest.mark.parametrize(
    "fields, state, text",
    [
        ({"algorithm": "HS256", "secret": "0123456789abcdef" * 4}, "good", "HS256, a shared secret"),
        ({"algorithm": "HS256", "secret": "a" * 40}, "look", "its secret has 1 different characters"),
        ({"algorithm": "HS256"}, "bad", "HS256 needs a secret of at least 32 characters (RFC 7518 section 3.2)"),
        (
            {"algorithm": "HS256", "issuer": TOKEN_ISSUER, "secret": "x" * 40},
            "look",
            "this is the issuer of `hookd dev`",
        ),
    ],
)
def test_an_issuer_with_a_secret(look, fields, state, text):
    """Its secret is never shown."""
    found = look(trust(**fields))

    assert found[f"issuer {fields.get('issuer', 'https://issuer/')}"][:2] == (state, text)
    assert fields.get("secret", "-" * 9) not in json.dumps(found)


LACKING = ("files: it takes Linux 5.19 or newer, with `landlock` among its security modules",)


@pytest.mark.parametrize(
    "missing, wanted, state, text, remedy",
    [
        ((), "auto", "good", "files (Landlock 4) can be given up: enough for required; it is auto", ""),
        (LACKING, "auto", "look", f"not {LACKING[0]}", "the service starts with what there is: run it as a user of its own."),
        (LACKING, "required", "bad", f"not {LACKING[0]}", '"required" does not start without; "auto" does.'),
    ],
)  # fmt: skip
def test_what_can_be_given_up(missing, wanted, state, text, remedy):
    """By the kernel's words for it; what is missing is a fault where all is required."""
    up = ("privileges", "system calls") if missing else ("privileges", "system calls", "files")
    check = what_can_be_given_up(Rehearsed(landlock=0 if missing else 4, up=up, missing=missing), wanted)

    assert check.state == state
    assert check.found.startswith("privileges (no_new_privs), system calls (seccomp)")
    assert check.found.endswith(text)
    assert check.remedy.endswith(remedy)


@pytest.mark.parametrize(
    "code, state, text", [("", "good", "answers"), ("E401", "look", "wants a login"), ("E500", "look", "does not answer (E500;")]
)  # fmt: skip
def test_a_registry(code, state, text):
    """What npm says of it, and what to do."""
    check = what_answers("https://npm.example/", code, "as npm is configured")

    assert (check.state, check.found.startswith(f"https://npm.example/ {text}")) == (state, True)
    assert bool(check.remedy) == bool(code)


MILLION = 1_000_000


@pytest.mark.parametrize(
    "most, callers, hooks, state, text",
    [
        (None, MILLION, 50_000, "good", "no limit"),
        (20_000, 10_000, 2_000, "good", "20,000 at most"),
        (20_000, MILLION, 2_000, "look", "20,000 at most; 2,000,000 may be needed: 10,000 connections are taken at once, not 1,000,000"),
        (20_000, 9_000, 11_000, "look", "20,000 at most; 21,000 may be needed"),
        (1_024, 10_000, 2_000, "look", "1,024 at most; 20,000 may be needed: 512 connections are taken at once, not 10,000"),
    ],
)  # fmt: skip
def test_open_files(most, callers, hooks, state, text):
    """For callers' connections and for those of hooks; a service that has too few takes fewer callers than it is told to."""
    settings = parse({"server": {"connections": callers}, "network": {"connections": hooks}}, {})
    check = what_files_do(settings, most)

    assert (check.name, check.state, check.found) == ("open files", state, text)
    assert ("[server] connections" in check.remedy) == (state == "look")


def test_a_port_that_is_for_root(look, monkeypatch):
    """It is not "fine if that is hookd"."""

    def refused(host: str, port: int, remedy: str) -> int:
        raise AddressInUse(host, port, PermissionError(errno.EACCES, "Permission denied"), remedy)

    # Tests run as root, too, and containers may let anybody have a low port.
    monkeypatch.setattr("runtime.cli.checks.taken", refused)
    state, found, remedy = look(HOOKD_SERVER_PORT="80")["port"]

    assert (state, "Permission denied" in found, "CAP_NET_BIND_SERVICE" in remedy) == ("bad", True, True)


def test_node_without_control_groups():
    """It works, and nobody counts what its processes take together."""
    check = without_groups("the kernel has no cgroup v2")

    assert (check.state, check.found) == ("look", "on, without control groups: the kernel has no cgroup v2")
    assert "Delegate=yes" in check.remedy
