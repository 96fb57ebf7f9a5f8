"""Stands between a service and its Redis: lets each answer come later, breaks off, or resets."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator

_AT_ONCE = struct.pack("ii", 1, 0)
"""For SO_LINGER: whoever closes such a socket sends no end (FIN) but a reset (RST), and what was not sent is dropped."""
_LONGEST = 100
"""Bytes of words that may come in two parts."""


class Delay:
    """At `port`; answers come so many `seconds` later."""

    def __init__(self, redis: int) -> None:
        self.port = 0
        self.late = 0
        """How many answers have come so late."""
        self._redis = redis
        self._seconds = 0.0
        self._changed = threading.Event()
        self._clients: set[socket.socket] = set()
        self._reset: set[socket.socket] = set()
        self._words = b""

    def set(self, seconds: float) -> None:
        """From now on, also for those that are on their way."""
        self._seconds = seconds
        self._changed.set()
        self._changed = threading.Event()

    def break_off(self) -> None:
        """All connections, whatever is on its way: they end."""
        for client in list(self._clients):
            with contextlib.suppress(OSError):  # it has left
                client.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """All connections, whatever is on its way: who has one gets a reset (ECONNRESET)."""
        for client in list(self._clients):
            self._reset.add(client)
            with contextlib.suppress(OSError):  # it has left
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                # Nothing of this is sent. Who reads is woken, and only when nobody reads, closing is a reset.
                client.shutdown(socket.SHUT_RD)

    def reset_at(self, words: str) -> None:
        """As soon as somebody has asked for something that has these words in it, once: before the answer."""
        self._words = words.encode()

    @property
    def is_reset(self) -> bool:
        """Whether those words have come since."""
        return not self._words

    def carry(self, client: socket.socket) -> None:
        """What one says to the other, until one of them leaves."""
        self._clients.add(client)
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._redis)) as redis:
            asking = threading.Thread(target=self._ask, args=(client, redis), daemon=True)
            asking.start()
            self._answer(redis, client)
            asking.join()
        self._clients.discard(client)
        self._reset.discard(client)

    def _ask(self, client: socket.socket, redis: socket.socket) -> None:
        asked = b""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                redis.sendall(data)
                asked = asked[-_LONGEST:] + data
                if self._words and self._words in asked:
                    self._words = b""
                    self.reset()
        self._end(client, redis)

    def _answer(self, redis: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := redis.recv(65536):
                if self._seconds:
                    self.late += not self._changed.wait(self._seconds)
                if client in self._reset:
                    break
                client.sendall(data)
        self._end(client, redis)

    def _end(self, client: socket.socket, redis: socket.socket) -> None:
        for one in (redis, client):
            with contextlib.suppress(OSError):
                # An end that is sent is no reset.
                one.shutdown(socket.SHUT_RD if one in self._reset else socket.SHUT_RDWR)


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
