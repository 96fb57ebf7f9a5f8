"""hookd as a real process: configuration, tokens, hooks uploaded over its API, requests to its execution API."""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import jwt

from tests.bench import case, load
from tests.bench.listener import Listener
from tests.bench.servers import SERVER_CORE, Broken, Child

ISSUER, AUDIENCE = "https://bench.example/", "urn:hookd"
SCOPES = "execute:hooks create:hooks read:hooks update:hooks read:logs"
SECONDS = 60.0
"""So long an answer may take."""
# What the command `hookd` does, wherever it is installed.
COMMAND = (sys.executable, "-c", "from runtime.cli import main; main()")


class Installation:
    """An empty database, a cache and a configuration with every setting at its default, in a folder of their own.

    `storage` is the URL of another storage than that database.
    """

    def __init__(self, storage: str = "") -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="hookd-bench-")
        self._storage = storage or f"sqlite:///{self._directory.name}/hookd.db"
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

    def cache(self) -> Path:
        """The place of one more cache."""
        return Path(tempfile.mkdtemp(prefix="cache-", dir=self._directory.name))

    def _config(self) -> str:
        directory = self._directory.name
        return f"""
[server]
port = 0
[storage]
url = {json.dumps(self._storage)}
master_key = "{b64encode(os.urandom(32)).decode()}"
[sandbox]
cache_directory = {json.dumps(f"{directory}/cache")}
[[auth.trusted]]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
algorithm = "HS256"
secret = "{self._secret}"
"""


class Client:
    """A connection of its own, over which one request after the other is sent and its answer read."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __enter__(self) -> Self:
        """Itself; leaving hangs up."""
        return self

    def __exit__(self, *error: object) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, method: str, path: str, body: object) -> Any:
        """The answer's JSON; `Broken` where it is a refusal."""
        self._connection.request(method, path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise Broken(f"{method} {path} was answered {answer.status}: {content!r}")
        return json.loads(content)


class Hookd:
    """`hookd serve` over an installation of its own. `port`, `pids`.

    `deploy`, `change` and `execute` give requests to send it; `started_ms` is how long it took from exec to listening.
    `environ` sets what is not to be at its default. Of several that share an `installation`, each has a cache of its own.
    """

    def __init__(
        self,
        *,
        core: int | None = SERVER_CORE,
        workers: int = 1,
        environ: Mapping[str, str] | None = None,
        installation: Installation | None = None,
    ) -> None:
        self._core = core
        self._workers = workers
        self._environ = environ or {}
        self._installation = installation or Installation()
        self._is_shared = installation is not None
        if self._is_shared:
            self._environ = {**self._environ, "HOOKD_SANDBOX_CACHE_DIRECTORY": str(self._installation.cache())}
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
        """Stop it, and remove its installation, if that is its own."""
        self._stop()
        if not self._is_shared:
            self._installation.__exit__()

    @property
    def pid(self) -> int:
        """The process id of the first worker."""
        return self.pids[0]

    @property
    def supervisor(self) -> int:
        """The process id of the one that starts the workers."""
        if self._child is None:
            raise Broken("hookd is not running")
        return self._child.pid

    @property
    def pids(self) -> list[int]:
        """The workers' process ids."""
        supervisor = self.supervisor
        return [int(pid) for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()]

    def restart(self) -> float:
        """Stop it if it runs, start it over the same database and cache; milliseconds from exec to listening."""
        self._stop()
        started = time.perf_counter()
        self._child = Child(
            [*COMMAND, "serve", "--config", str(self._installation.file), "--workers", str(self._workers)],
            core=self._core,
            environ=self._environ,
        )
        self.port = self._child.read()["port"]
        self.started_ms = (time.perf_counter() - started) * 1000
        return self.started_ms

    def deploy(self, tenant: str, script: str) -> str:
        """The request that creates a hook and enables it."""
        return load.request("POST", "/api/v2/hooks", case.deployment(script), self._installation.token(tenant))

    def change(self, tenant: str, hook: str, script: str) -> str:
        """The request that gives a hook another source."""
        return load.request("PATCH", f"/api/v2/hooks/{hook}", {"script": script}, self._installation.token(tenant))

    def created(self, tenant: str, script: str) -> str:
        """Create a hook and enable it; its id."""
        with self.client(tenant) as client:
            return str(client.ask("POST", "/api/v2/hooks", case.deployment(script))["id"])

    def client(self, tenant: str) -> Client:
        """One who asks it, and reads the answers."""
        return Client(self.port, self._installation.token(tenant))

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
