"""Stands between a service and its Redis: lets each answer come later, or breaks off."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator


class Delay:
    """At `port`; answers come so many `seconds` later."""

    def __init__(self, redis: int) -> None:
        self.port = 0
        self._redis = redis
        self._seconds = 0.0
        self._changed = threading.Event()
        self._clients: set[socket.socket] = set()

    def set(self, seconds: float) -> None:
        """From now on, also for those that are on their way."""
        self._seconds = seconds
        self._changed.set()
        self._changed = threading.Event()

    def break_off(self) -> None:
        """All connections, whatever is on its way."""
        for client in list(self._clients):
            with contextlib.suppress(OSError):  # it has left
                client.shutdown(socket.SHUT_RDWR)

    def carry(self, client: socket.socket) -> None:
        """What one says to the other, until one of them leaves."""
        self._clients.add(client)
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._redis)) as redis:
            asking = threading.Thread(target=_pump, args=(client, redis), daemon=True)
            asking.start()
            _pump(redis, client, self._wait)
            asking.join()
        self._clients.discard(client)

    def _wait(self) -> None:
        if self._seconds:
            self._changed.wait(self._seconds)


def _pump(source: socket.socket, target: socket.socket, wait: Callable[[], None] = lambda: None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            wait()
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def delaying(redis: int) -> Iterator[Delay]:
    """Before the Redis at this port."""
    delay = Delay(redis)

    class Carrying(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            delay.carry(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Carrying) as server:
        delay.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield delay
        finally:
            delay.set(0.0)
            server.shutdown()
            delay.break_off()
            serving.join()
