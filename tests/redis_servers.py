"""Redis as an operator runs it: real servers, each in a folder of its own, that end with the block."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.ports import free_ports

SECONDS = 60.0


def needs_redis() -> str:
    """Where the program is; without it the test is skipped, and where CI is true it fails."""
    path = shutil.which("redis-server")
    if path is None:
        pytest.skip("redis-server is not installed")
    return path


class RedisServer:
    """A process. It can be killed and started again in the same folder, with the same options."""

    def __init__(self, folder: Path, **options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.port = options.get("tls-port") or options.get("port", "0")
        given = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(folder),
            "appendonly": "yes",
            "save": "",
            **options,
        }
        self._command = [needs_redis(), *(word for name, value in given.items() for word in (f"--{name}", value))]
        self._command += ["--daemonize", "no"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """By its socket."""
        return f"unix://{self.socket}"

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def start(self) -> Self:
        """Begin, and wait until it answers, and has read its file."""
        # Who may not ask is answered, too.
        return self._begin(lambda answer: not answer.startswith(b"-LOADING"))

    @contextlib.contextmanager
    def begun(self) -> Iterator[None]:
        """Begin, and wait until it answers; it may be reading its file."""
        self._begin(bool)
        try:
            yield
        finally:
            self.kill()

    def _begin(self, is_there: Callable[[bytes], bool]) -> Self:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        pause, until = threading.Event(), time.monotonic() + SECONDS
        while not self._answers(is_there):
            assert self._process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            pause.wait(0.01)
        return self

    def _answers(self, is_there: Callable[[bytes], bool]) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return is_there(connection.recv(100))
        return False

    def kill(self) -> None:
        """As a crash does, and wait."""
        if self._process:
            self._process.kill()
            self._process.wait(SECONDS)
            self._process = None

    def cli(self, *words: str) -> str:
        """What redis-cli prints."""
        return cli("-s", str(self.socket), *words)

    def pause(self) -> None:
        """It takes connections, and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """As it was."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


def for_user(folder: Path, name: str, password: str) -> dict[str, str]:
    """Options of a server whose data this user alone may have, with the rights that the README names, also after a restart.

    Who has not logged in may do everything else: sentinels, replicas, other nodes of a cluster, and tests.
    """
    file = folder / "users.acl"
    file.write_text(
        "user default on nopass resetkeys &* +@all\n"
        f"user {name} on >{password} ~hookd:* +@all -@dangerous +info +config|get\n"
    )
    return {"aclfile": str(file)}


def by_tls(port: int | str, certificate: Path) -> dict[str, str]:
    """Options of a server, or a sentinel, at this port: TLS and nothing else, with this certificate on both sides."""
    ours = dict.fromkeys(("tls-cert-file", "tls-key-file", "tls-ca-cert-file"), str(certificate))
    return {"port": "0", "tls-port": str(port), "tls-replication": "yes", **ours}


@contextlib.contextmanager
def watching(
    folder: Path, port: int, master: int, password: str, certificate: Path | None = None, *, down_ms: int = 500
) -> Iterator[Callable[[], str]]:
    """A sentinel at this port that watches the service `main`, `by_tls` where there is a certificate. Gives what it said so far.

    After `down_ms` without an answer a server is down.
    """
    config, log = folder / "sentinel.conf", folder / "sentinel.log"
    at = by_tls(port, certificate) if certificate else {"port": str(port)}
    given = {"dir": str(folder), "requirepass": password, **at}
    config.write_text(
        "".join(f"{name} {value}\n" for name, value in given.items()) + f"sentinel monitor main 127.0.0.1 {master} 1\n"
        f"sentinel down-after-milliseconds main {down_ms}\nsentinel failover-timeout main 2000\n"
    )
    with log.open("wb") as output:
        process = subprocess.Popen([needs_redis(), str(config), "--sentinel"], stdout=output, stderr=output)
    try:
        yield log.read_text
    finally:
        process.kill()
        process.wait(SECONDS)


@contextlib.contextmanager
def clustered(folder: Path, certificate: Path | None = None, **options: str) -> Iterator[list[RedisServer]]:
    """Two nodes, each with half of the slots, `by_tls` where there is a certificate. They need two seconds."""
    *ports, one_bus, other_bus = free_ports(4)
    nodes: list[RedisServer] = []
    with contextlib.ExitStack() as stack:
        for port, bus, slots in zip(ports, (one_bus, other_bus), ("0 8191", "8192 16383"), strict=True):
            at = {**by_tls(port, certificate), "tls-cluster": "yes"} if certificate else {"port": str(port)}
            given = {"cluster-enabled": "yes", "cluster-port": str(bus), **at, **options}
            nodes.append(stack.enter_context(RedisServer(folder / f"{port}", **given)))
            nodes[-1].cli("cluster", "addslotsrange", *slots.split())
            nodes[-1].cli("cluster", "set-config-epoch", str(len(nodes)))
        nodes[1].cli("cluster", "meet", "127.0.0.1", str(ports[0]), str(one_bus))
        pause, until = threading.Event(), time.monotonic() + SECONDS
        while not all("cluster_state:ok" in node.cli("cluster", "info") for node in nodes):
            assert time.monotonic() < until
            pause.wait(0.05)
        yield nodes


def cli(*words: str) -> str:
    """What redis-cli prints."""
    return subprocess.run(["redis-cli", *words], check=True, capture_output=True, text=True, timeout=SECONDS).stdout
