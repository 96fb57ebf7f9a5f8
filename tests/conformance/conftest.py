"""A runtime served over http and https, and the vendor's clients as processes of their own.

The certificate is made here and trusted by nothing else: clients get it through their environment.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache as once
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import make_certificate, server_side
from tests.installed import NODE, npm_packages, pip_packages
from tests.web.conftest import Api, api, settings, token

__all__ = ["api", "settings"]

HERE = Path(__file__).parent
SECONDS = 60
"""A client that says nothing for so long is stuck."""


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return npm_packages(HERE)


@pytest.fixture(scope="session")
def auth0_python() -> Path:
    return pip_packages(HERE / "auth0-python.lock")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1 in one PEM file."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def https(api: Api, certificate: Path) -> AsyncIterator[str]:
    """`host:port` where the API answers over TLS: something before it ends TLS, as in production."""
    async with tls_before(api.url.removeprefix("http://"), certificate) as domain:
        yield domain


@asynccontextmanager
async def tls_before(address: str, certificate: Path) -> AsyncIterator[str]:
    """`host:port` that takes TLS and hands the bytes on to this address."""
    context = server_side(certificate)
    host, _, port = address.partition(":")
    open_ones: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
        open_ones.discard(task)

    server = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context)
    try:
        yield "{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


@pytest.fixture(scope="session")
def environment(
    certificate: Path, node_modules: Path, auth0_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """All that a client's process knows of the machine: nothing of the user's own settings or proxies."""
    return {
        "PATH": str(NODE.parent),
        "HOME": str(tmp_path_factory.mktemp("home")),
        "NODE_PATH": str(node_modules),
        "NODE_EXTRA_CA_CERTS": str(certificate),
        "PYTHONPATH": str(auth0_python),
        "REQUESTS_CA_BUNDLE": str(certificate),
    }


class ReportedError(Exception):
    """What the SDK threw: `name`, `status`, `message` and, of those that keep it, `body`."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__(said)
        self.said = said


@dataclass(kw_only=True)
class Client:
    """An SDK in a process of its own. `domain` is `host:port`. `pager`: one of `PAGERS`."""

    name: str
    process: subprocess.Popen[bytes]
    domain: str
    pager: bool
    bearer: str = field(default_factory=token)

    async def call(self, name: str, **given: Any) -> Any:
        """What the SDK gives back; `ReportedError` when it throws."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {"domain": self.domain, "token": self.bearer, "call": name, **given}
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        async with asyncio.timeout(SECONDS):
            line = await asyncio.to_thread(self.process.stdout.readline)
        assert line, f"{self.name} ended in {name}"
        answer = json.loads(line)
        if "error" in answer:
            raise ReportedError(answer["error"])
        return answer.get("value")

    async def pages(self, per_page: int) -> list[list[dict[str, Any]]]:
        """All hooks, page by page, to the first that is not full, as a user of this SDK gets them."""
        if self.pager:
            return [await self.call("list", query={"per_page": per_page})]
        pages: list[list[dict[str, Any]]] = []
        while not pages or len(pages[-1]) == per_page:
            pages.append(await self.call("list", query={"page": len(pages), "per_page": per_page}))
        return pages


CLIENTS = {
    "npm auth0 2": "auth0-2",
    "npm auth0 3": "auth0",
    "npm auth0 4": "auth0-4",
    "npm auth0 7": "auth0-7",
    "auth0-python 4": "facade",
    "auth0-python 4 over http": "http",
    "auth0-python 6 over http": "",
}
PAGERS = ("npm auth0 7", "auth0-python 6 over http")
"""Those whose `list` goes from page to page by itself."""


def command_of(name: str) -> list[str | Path]:
    """The process that has this SDK."""
    if name.startswith("npm"):
        return [NODE, HERE / "client.js", CLIENTS[name]]
    if CLIENTS[name]:
        return [sys.executable, HERE / "client_python.py", CLIENTS[name]]
    return [sys.executable, HERE / "client_python_6.py"]


@pytest.fixture(scope="session")
def processes(environment: dict[str, str]) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """The process that has an SDK: one for all tests, for to load an SDK takes longer than to use it."""
    with ExitStack() as stack:

        @once
        def process_of(name: str) -> subprocess.Popen[bytes]:
            own = environment if CLIENTS[name] else environment | {"PYTHONPATH": ""}
            started = subprocess.Popen(command_of(name), env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            return stack.enter_context(started)

        yield process_of


@pytest.fixture(params=CLIENTS)
def client(
    request: pytest.FixtureRequest, api: Api, https: str, processes: Callable[[str], subprocess.Popen[bytes]]
) -> Client:
    """Each of the vendor's SDKs."""
    name: str = request.param
    domain = api.url.removeprefix("http://") if name.endswith("http") else https
    return Client(name=name, process=processes(name), domain=domain, pager=name in PAGERS)


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Run a program to its end: (exit code, what it printed)."""

    async def run(*command: str | Path, **more: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment | more,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(SECONDS):
            printed, _ = await process.communicate()
        return process.returncode, printed.decode()

    return run
