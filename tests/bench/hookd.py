"""hookd as a real process: configuration, tokens, hooks uploaded over its API, requests to its execution API."""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from typing import Self

import jwt

from tests.bench import case, load
from tests.bench.listener import Listener
from tests.bench.servers import SERVER_CORE, Broken, Child

ISSUER, AUDIENCE = "https://bench.example/", "urn:hookd"
SCOPES = "execute:hooks create:hooks read:hooks update:hooks read:logs"
# What the command `hookd` does, wherever it is installed.
COMMAND = (sys.executable, "-c", "from runtime.cli import main; main()")


class Installation:
    """An empty database, a cache and a configuration with every setting at its default, in a folder of their own."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="hookd-bench-")
        self._secret = secrets.token_hex(32)
        self.file = Path(self._directory.name) / "config.toml"
        self.file.write_text(self._config())
        self.file.chmod(0o600)

    def __enter__(self) -> Self:
        """Itself; leaving removes it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the folder."""
        self._directory.cleanup()

    def token(self, tenant: str) -> str:
        """A bearer token for all that the benchmark does."""
        claims = {"iss": ISSUER, "aud": AUDIENCE, "ten": tenant, "scope": SCOPES, "exp": int(time.time()) + 86_400}
        return jwt.encode(claims, self._secret, "HS256")

    def _config(self) -> str:
        directory = self._directory.name
        return f"""
[server]
port = 0
[storage]
url = {json.dumps(f"sqlite:///{directory}/hookd.db")}
master_key = "{b64encode(os.urandom(32)).decode()}"
[sandbox]
cache_directory = {json.dumps(f"{directory}/cache")}
[[auth.trusted]]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
algorithm = "HS256"
secret = "{self._secret}"
"""


class Hookd:
    """`hookd serve` over an installation of its own. `port`, `pid`.

    `deploy` and `execute` give requests to send it; `started_ms` is how long it took from exec to listening.
    """

    def __init__(self, *, core: int | None = SERVER_CORE) -> None:
        self._core = core
        self._installation = Installation()
        self._child: Child | None = None
        self.port, self.started_ms = 0, 0.0

    def __enter__(self) -> Self:
        """Itself, started; leaving stops it and removes its installation."""
        try:
            self.restart()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Stop it, and remove its installation."""
        self._stop()
        self._installation.__exit__()

    @property
    def pid(self) -> int:
        """The process id."""
        if self._child is None:
            raise Broken("hookd is not running")
        return self._child.pid

    def restart(self) -> float:
        """Stop it if it runs, start it over the same database and cache; milliseconds from exec to listening."""
        self._stop()
        started = time.perf_counter()
        self._child = Child([*COMMAND, "serve", "--config", str(self._installation.file)], core=self._core)
        self.port = self._child.read()["port"]
        self.started_ms = (time.perf_counter() - started) * 1000
        return self.started_ms

    def deploy(self, tenant: str, script: str) -> str:
        """The request that creates a hook and enables it."""
        return load.request("POST", "/api/v2/hooks", case.deployment(script), self._installation.token(tenant))

    def listen(self, tenant: str) -> Listener:
        """A listener of the tenant's tail."""
        return Listener(self.port, self._installation.token(tenant))

    def execute(self, tenant: str) -> str:
        """The request that a token server sends."""
        return load.request("POST", case.PATH, case.REQUEST, self._installation.token(tenant))

    def _stop(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
