"""The host's end of a jailed process's socket: messages out, messages in, one at a time, and an end."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, cast

from runtime.node.frames import Reader, frame
from runtime.sandbox.abi import Nonsense

MOST_FRAMES: Final = 10_000
"""Messages of one process, however short."""


class Ended(Exception):
    """Nothing more will come: the process has closed its end, or said what it may not. The text, if any, says what."""


class Channel(asyncio.Protocol):
    """Of one process. It may say so many bytes in all: `allowance`, which who asks it something raises."""

    def __init__(self, allowance: int) -> None:
        self._allowance = allowance
        self._reader = Reader(allowance)
        self._messages: deque[bytes] = deque()
        self._left = MOST_FRAMES
        self._fault: str | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def allow(self, size: int) -> None:
        """So many bytes more."""
        self._allowance += size
        self._reader.most = self._allowance

    def send(self, *bodies: bytes) -> None:
        """Messages to the process."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(map(frame, bodies)))

    async def receive(self, seconds: float) -> bytes | None:
        """The next message; None when none has come after so long. `Ended`."""
        if not self._messages and self._fault is None:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(seconds):
                    await self._waiter
            except TimeoutError:
                return None
            finally:
                self._waiter = None
        if self._messages:
            return self._messages.popleft()
        raise Ended(self._fault)

    def close(self) -> None:
        """Drop the connection."""
        self._end("")
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._fault is not None:
            return
        self._allowance -= len(data)
        try:
            for message in self._reader.read(data):
                self._left -= 1
                self._messages.append(message)
        except Nonsense as nonsense:
            self._end(str(nonsense))
        if self._allowance < 0 or self._left < 0:
            self._end("it said more than it may")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        """See `asyncio.Protocol`."""
        self._end("")

    def _end(self, fault: str) -> None:
        if self._fault is None:
            self._fault = fault
        if fault and self._transport is not None:
            self._messages.clear()
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        something = bool(self._messages) or self._fault is not None
        if something and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
