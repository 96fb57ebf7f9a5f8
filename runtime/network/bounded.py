"""A connection on which no response has more bytes than it may have, whatever they are.

Heads that come one after the other before the last, and what stands beside each piece of a body, are of no use to anybody, and
who sends them without end keeps us busy. Bodies have a bound of their own.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiohttp.client_proto import ResponseHandler

from runtime.network.failing import NetworkError

PIECES: Final = 8
"""Bytes of a body that comes one by one: six of each piece's size and line ends, the byte, and one to spare."""

BESIDE: Final = 1 << 20


class BoundedHandler(ResponseHandler):
    """What aiohttp reads responses with; `most` is how many bytes a body may have."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        super().__init__(loop)
        self._most = most * PIECES + BESIDE
        self._came = 0

    def set_response_params(self, **parameters: Any) -> None:
        """A response begins."""
        self._came = 0
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        """Of these, too much is an end."""
        self._came += len(data)
        if self._came <= self._most:
            super().data_received(data)
            return
        error = NetworkError("ERR_RESPONSE_TOO_LARGE", f"the response has more than {self._most} bytes around its body")
        if self._payload is not None:
            self._payload.set_exception(error)
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()
