"""The connections of a server: how many there may be, and how long each may take to ask, and to read its answer.

aiohttp closes a connection on which nobody asks anything (`app.KEEP_ALIVE_SECONDS`), and `json` gives up a body that does
not arrive. What is here is for clients that hold on to connections by sending a head a byte at a time, by opening many and
saying nothing, or not all that they promised, or by reading no answer; or on to memory by heads that do not end.

Rule: a request that comes in one piece costs a look at a few attributes, no clock and no timer.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import socket
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

import orjson
from aiohttp import HttpVersion10, HttpVersion11, StreamReader, hdrs, web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.web_protocol import _ErrInfo

from runtime.errors import HookdError, Unavailable
from runtime.http.json import JSON_HEADERS
from runtime.http.routes import RETRY_SECONDS

log = logging.getLogger("hookd.http")

HEAD_SECONDS: Final = 20.0
"""From a connection's start, or a later request's first byte, until its head is whole."""

HEAD_BYTES: Final = 32_768
"""Of a head of which more has come, and that is not whole, no more is taken: aiohttp bounds its lines, and how many there are."""

UNREAD_SECONDS: Final = 30.0
"""An answer of which less than `UNREAD_BYTES` went in this time is given up."""

UNREAD_BYTES: Final = 1_024
STALLED_SECONDS: Final = 3.0
"""Who has taken less than `UNREAD_BYTES` for so long makes way where there is no room."""

CONNECTIONS: Final = 10_000
"""Where the configuration says nothing else."""

FILES_EACH: Final = 2
"""Descriptors that a server wants for each connection: half are for all that is done for those who came by them."""

VERSIONS: Final = (HttpVersion11, HttpVersion10)
"""Those that we speak. aiohttp reads requests in 0.9 and 2.0, too, as if they were in 1.1."""

VERSION_STATUS: Final = 505

# In the system's struct tcp_info (linux/tcp.h): tcpi_bytes_acked.
_TCP_INFO_BYTES: Final = 128
_BYTES_ACKED: Final = slice(120, 128)

_LOOKS: Final = 4
"""So often in `HEAD_SECONDS` the crowd looks around."""


class HeadTooSlow(HookdError):
    """A head that did not arrive whole (RFC 9110 section 15.5.9)."""

    status, error, code = 408, "Request Timeout", "request_timeout"


class HeadTooLarge(HookdError):
    """A head of more than `HEAD_BYTES` (RFC 6585 section 5)."""

    status, error, code = 431, "Request Header Fields Too Large", "request_header_fields_too_large"


class Crowd:
    """Those of one server. `everybody` gives them in the order in which they came; `most` may be there at once."""

    def __init__(self, everybody: Callable[[], Iterable[Connection]], *, most: int = CONNECTIONS) -> None:
        self._everybody = everybody
        self._most = most
        self._number = 0
        # Who has sent no whole head, and since when: always in the order of that moment.
        self._waiting: dict[Connection, float] = {}
        # Who had answers to read when we looked, how much it had taken, and since when no more: in the order of that moment.
        self._unread: dict[Connection, tuple[int, float]] = {}
        # Who has its answer and owes the rest of a body that nobody wants, in the order of the answers.
        self._lingering: dict[Connection, None] = {}
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
        self._lingering.pop(connection, None)
        self._owing.pop(connection, None)

    def waits(self, connection: Connection) -> None:
        """From now on its next head is awaited."""
        self._waiting[connection] = self._loop.time()

    def has_asked(self, connection: Connection) -> None:
        """Its head is whole."""
        self._waiting.pop(connection, None)

    def lingers(self, connection: Connection) -> None:
        """It is answered before its body is whole."""
        self._lingering[connection] = None

    def falls_behind(self, connection: Connection) -> None:
        """Answers to it heap up."""
        if connection not in self._unread and connection.transport is not None:
            self._unread[connection] = connection.taken, self._loop.time()

    def _make_room(self) -> bool:
        """Close one that has its answer, and owes a body all the same. Without such, the one that has done nothing for longest.

        That is one without a whole head, or one that takes none of its answers, `STALLED_SECONDS` at least. Without such, some of
        those whose body is long in coming. Then some on which nothing goes on, those first on which nothing has for longest; then
        some whose body is not here yet. Who reads slowly, waits for its answer, or for what there is to tell, stays.
        """
        gone = self._lingerer() or self._laggard()
        if gone is not None:
            gone.leave()
            return True
        some = 1 + self._most // 100  # to look at everybody is not cheap
        many = [connection for connection in self._owing if connection.owes][:some]
        if not many:
            idle = (connection for connection in self._everybody() if self._rests(connection))
            many = heapq.nsmallest(some, idle, key=lambda connection: connection.idle_until)
        if not many:
            many = [connection for connection in self._everybody() if connection.owes][:some]
        for connection in many:
            self._owing.pop(connection, None)
            connection.leave()
        return bool(many)

    def _lingerer(self) -> Connection | None:
        while self._lingering:
            connection = next(iter(self._lingering))
            del self._lingering[connection]
            if connection.lingers:
                return connection
        return None

    def _laggard(self) -> Connection | None:
        """Of those that wait and those that do not read, the one that has done so for longest."""
        stalled = self._stalled(self._loop.time(), STALLED_SECONDS)
        for connection, since in self._waiting.items():
            if stalled is None or since <= self._unread[stalled][1]:
                del self._waiting[connection]
                return connection
            break
        if stalled is not None:
            del self._unread[stalled]
        return stalled

    def _rests(self, connection: Connection) -> bool:
        """Whether nothing goes on there. Where the end of an answer is still to be taken, something does."""
        if not connection.is_idle:
            return False
        if connection.unread:
            self.falls_behind(connection)
            return False
        return True

    def _stalled(self, now: float, seconds: float) -> Connection | None:
        """The one that has not read for longest, and for so many seconds at least. Each is looked at once in so many."""
        while self._unread:
            connection, (before, since) = next(iter(self._unread.items()))
            if now - since < seconds:
                break
            unread, taken = connection.unread, connection.taken
            if unread and taken < before + UNREAD_BYTES:
                return connection
            del self._unread[connection]
            if unread:
                self._unread[connection] = taken, now
        return None

    def _look_around(self) -> None:
        self._next_look = self._loop.call_later(HEAD_SECONDS / _LOOKS, self._look_around)
        now = self._loop.time()
        for connection, since in list(self._waiting.items()):
            if now - since < HEAD_SECONDS:
                break
            del self._waiting[connection]
            connection.turn_away(HeadTooSlow(f"The request's head did not arrive within {HEAD_SECONDS:.0f} seconds."))
        for connection in list(self._everybody()):
            if connection.unread:
                self.falls_behind(connection)
            if connection.owes:
                self._owing[connection] = None
            else:
                self._owing.pop(connection, None)
        while (stalled := self._stalled(now, UNREAD_SECONDS)) is not None:
            log.debug("a client does not read its answer")
            del self._unread[stalled]
            stalled.leave()
        self._lingering = {connection: None for connection in self._lingering if connection.lingers}


class Connection(web.RequestHandler):
    """One that tells its crowd. `crowd` is set by whoever makes it."""

    __slots__ = ("_begun", "_body", "_body_bytes", "_unwanted", "_waits", "crowd")

    crowd: Crowd
    _waits: bool
    # Bytes of a head that is not whole; or those that came since the body grew: of trailers, or of what a chunk has beside its bytes.
    _begun: int
    _body_bytes: int
    # Of the last request whose head is here, as long as it is not whole; and the same once that request is answered.
    _body: StreamReader | None
    _unwanted: StreamReader | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the crowd."""
        super().connection_made(transport)
        self._waits = True
        self._begun = self._body_bytes = 0
        self._body = self._unwanted = None
        self.crowd.came(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave it."""
        if self._manager is not None:
            self.crowd.went(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As aiohttp does it; then see whether a head has begun, or is whole."""
        if self._begun + len(data) > HEAD_BYTES and self._body is None:
            self._receive_much(data)
            return
        asked = self._request_count
        super().data_received(data)
        if self._request_count != asked:
            self._check_versions(self._request_count - asked)
            body = self._messages[-1][1]
            self._body = None if body.is_eof() else body
            self._body_bytes, self._begun = body.total_bytes, 0
        else:
            self._count(len(data))
        if self._messages or self._waiter is None:
            if self._waits:
                self._waits = False
                self.crowd.has_asked(self)
        elif not self._waits:
            self._waits = True
            self.crowd.waits(self)

    def _check_versions(self, heads: int) -> None:
        """What the last so many heads ask in another version of HTTP than we speak is answered as what can not be read."""
        for place in range(-heads, 0):
            message, body = self._messages[place]
            if isinstance(message, RawRequestMessage) and message.version not in VERSIONS:
                fault = BadHttpMessage(f"HTTP/{message.version[0]}.{message.version[1]}")
                self._messages[place] = _ErrInfo(VERSION_STATUS, fault, ""), body

    def _receive_much(self, data: bytes) -> None:
        """Where a head may be among it: not more of that than there may be, then the rest."""
        room = HEAD_BYTES - self._begun
        self.data_received(data[:room])
        if self._begun < HEAD_BYTES:
            self.data_received(data[room:])
        elif self.is_idle:
            self.turn_away(HeadTooLarge(f"The request's head is larger than {HEAD_BYTES:,} bytes."))
        else:
            self.leave()

    def _count(self, received: int) -> None:
        """So many bytes came, and no head is whole by them."""
        body = self._body
        if body is None:
            if not self._buffer_paused:  # else aiohttp parses no more of it for now, and receives no more
                self._begun += received
            return
        if body.is_eof():
            self._body = None
            self._begun = 0
        elif body.total_bytes != self._body_bytes or self._reading_paused:
            self._body_bytes = body.total_bytes
            self._begun = 0
        else:
            self._begun += received
            if self._begun > HEAD_BYTES:
                self.leave()

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """As aiohttp does it, which then takes the rest of the body for a while."""
        body = self._body
        if body is not None and body is request.content and not body.is_eof():
            self._unwanted = body
            self.crowd.lingers(self)
        if self._upgraded:
            resp.force_close()  # what came behind it is read where nobody counts
        return super().finish_response(request, resp, start_time)

    def pause_writing(self) -> None:
        """More is written than the client has taken, and than is good for us."""
        super().pause_writing()
        self.crowd.falls_behind(self)

    @property
    def lingers(self) -> bool:
        """Whether its request is answered, and the rest of the body is taken so that it finds the answer."""
        body = self._unwanted
        return body is not None and not body.is_eof() and not self._request_in_progress and self.transport is not None

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

    @property
    def taken(self) -> int:
        """A count that grows by the bytes of answers that the client takes: those that its machine has acknowledged (tcp(7)).

        The buffer alone does not tell: the system takes from it in large pieces, and it is filled again.
        """
        transport = self.transport
        if transport is None:
            return 0
        try:
            state = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        except OSError:
            state = b""
        return int.from_bytes(state[_BYTES_ACKED], sys.byteorder) or -self.unread

    def turn_away(self, error: HookdError) -> None:
        """End the connection with this answer, which is to no request."""
        log.debug("a connection is turned away: %s", error.message)
        if self.unread:
            self.leave()  # nobody would read it, and closing would wait for that for ever
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
