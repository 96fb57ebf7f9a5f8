"""The connections of a server: how many there may be, and how long each may take to ask, and to read its answer.

aiohttp closes a connection on which nobody asks anything (`app.KEEP_ALIVE_SECONDS`), and `json` gives up a body that does
not arrive. What is here is for clients that hold on to connections by sending a head a byte at a time, by opening many and
saying nothing, or not all that they promised, or by reading no answer.

Rule: a request whose head comes in one piece costs a look at two attributes, no clock and no timer.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterable
from typing import Final

import orjson
from aiohttp import hdrs, web

from runtime.errors import HookdError, Unavailable
from runtime.http.json import JSON_HEADERS
from runtime.http.routes import RETRY_SECONDS

log = logging.getLogger("hookd.http")

HEAD_SECONDS: Final = 20.0
"""From a connection's start, or a later request's first byte, until its head is whole."""

UNREAD_SECONDS: Final = 30.0
"""An answer of which less than `UNREAD_BYTES` went in this time is given up."""

UNREAD_BYTES: Final = 1_024
CONNECTIONS: Final = 10_000
"""Where the configuration says nothing else."""

FILES_EACH: Final = 2
"""Descriptors that a server wants for each connection: half are for all that is done for those who came by them."""

_LOOKS: Final = 4
"""So often in `HEAD_SECONDS` the crowd looks around."""


class HeadTooSlow(HookdError):
    """A head that did not arrive whole (RFC 9110 section 15.5.9)."""

    status, error, code = 408, "Request Timeout", "request_timeout"


class Crowd:
    """Those of one server. `everybody` gives them in the order in which they came; `most` may be there at once."""

    def __init__(self, everybody: Callable[[], Iterable[Connection]], *, most: int = CONNECTIONS) -> None:
        self._everybody = everybody
        self._most = most
        self._number = 0
        # Who has sent no whole head, and since when: always in the order of that moment.
        self._waiting: dict[Connection, float] = {}
        self._unread: dict[Connection, tuple[int, float]] = {}
        # Whose body was not whole when we looked around.
        self._owing: dict[Connection, None] = {}
        self._loop = asyncio.get_running_loop()
        self._next_look = self._loop.call_later(HEAD_SECONDS / _LOOKS, self._look_around)

    def close(self) -> None:
        """Look no more."""
        self._next_look.cancel()

    def came(self, connection: Connection) -> None:
        """A connection was made. Where there are too many, those on which nothing goes on make way, else it is refused."""
        self._number += 1
        if self._number > self._most and not self._make_room():
            connection.turn_away(Unavailable("Too many connections are open; try again."))
            return
        self.waits(connection)

    def went(self, connection: Connection) -> None:
        """A connection ended."""
        self._number -= 1
        self._waiting.pop(connection, None)
        self._unread.pop(connection, None)
        self._owing.pop(connection, None)

    def waits(self, connection: Connection) -> None:
        """From now on its next head is awaited."""
        self._waiting[connection] = self._loop.time()

    def has_asked(self, connection: Connection) -> None:
        """Its head is whole."""
        self._waiting.pop(connection, None)

    def _make_room(self) -> bool:
        """Close the one that has waited longest without a whole head. Without such, some of those whose body is long in coming.

        Then some on which nothing goes on, those first on which nothing has for longest; then some whose body is not here yet.
        """
        for connection in self._waiting:
            del self._waiting[connection]
            connection.leave()
            return True
        some = 1 + self._most // 100  # to look at everybody is not cheap
        gone = [connection for connection in self._owing if connection.owes][:some]
        if not gone:
            idle = (connection for connection in self._everybody() if connection.is_idle)
            gone = heapq.nsmallest(some, idle, key=lambda connection: connection.idle_until)
        if not gone:
            gone = [connection for connection in self._everybody() if connection.owes][:some]
        for connection in gone:
            self._owing.pop(connection, None)
            connection.leave()
        return bool(gone)

    def _look_around(self) -> None:
        self._next_look = self._loop.call_later(HEAD_SECONDS / _LOOKS, self._look_around)
        now = self._loop.time()
        for connection, since in list(self._waiting.items()):
            if now - since < HEAD_SECONDS:
                break
            del self._waiting[connection]
            connection.turn_away(HeadTooSlow(f"The request's head did not arrive within {HEAD_SECONDS:.0f} seconds."))
        for connection in list(self._everybody()):
            self._look_at(connection, now)
            if connection.owes:
                self._owing[connection] = None
            else:
                self._owing.pop(connection, None)

    def _look_at(self, connection: Connection, now: float) -> None:
        """Whether its answer is read."""
        unread = connection.unread
        if not unread:
            self._unread.pop(connection, None)
            return
        before, since = self._unread.get(connection, (unread + UNREAD_BYTES, now))
        if unread <= before - UNREAD_BYTES:
            self._unread[connection] = unread, now
        elif now - since >= UNREAD_SECONDS:
            log.debug("a client does not read its answer")
            connection.leave()


class Connection(web.RequestHandler):
    """One that tells its crowd. `crowd` is set by whoever makes it."""

    __slots__ = ("_waits", "crowd")

    crowd: Crowd
    _waits: bool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the crowd."""
        super().connection_made(transport)
        self._waits = True
        self.crowd.came(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave it."""
        if self._manager is not None:
            self.crowd.went(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As aiohttp does it; then see whether a head has begun, or is whole."""
        super().data_received(data)
        if self._messages or self._waiter is None:
            if self._waits:
                self._waits = False
                self.crowd.has_asked(self)
        elif not self._waits:
            self._waits = True
            self.crowd.waits(self)

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on here: all that was asked is answered."""
        return self._waiter is not None and not self._messages and self.transport is not None

    @property
    def owes(self) -> bool:
        """Whether its request is being worked on, and more of the body is to come."""
        request = self._current_request
        return request is not None and self.transport is not None and not request.content.is_eof()

    @property
    def idle_until(self) -> float:
        """When aiohttp would close it, if it stays idle."""
        return self._next_keepalive_close_time

    @property
    def unread(self) -> int:
        """Bytes of answers that the client has still to take."""
        transport = self.transport
        return 0 if transport is None else transport.get_write_buffer_size()

    def turn_away(self, error: HookdError) -> None:
        """End the connection with this answer, which is to no request."""
        log.debug("a connection is turned away: %s", error.message)
        if self.transport is not None:
            self.transport.write(_bare(error))
        self.force_close()

    def leave(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()
        self.force_close()


def _bare(error: HookdError) -> bytes:
    """An answer without aiohttp, which answers requests only."""
    body = orjson.dumps(error.to_body())
    fields = {**JSON_HEADERS, hdrs.CONTENT_LENGTH: str(len(body)), hdrs.CONNECTION: "close"}
    if error.status == Unavailable.status:
        fields[hdrs.RETRY_AFTER] = RETRY_SECONDS
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {error.status} {error.error}\r\n{head}\r\n".encode() + body
