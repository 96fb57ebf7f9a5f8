"""Connections that come in the moment in which their server is closed.

asyncio's own loop has accepted such a one, finds no server to count it at, and lets go of its socket unclosed: a ResourceWarning
in whichever test is next when it is collected. uvloop, which services have, does not.
"""

from __future__ import annotations

import socket
from asyncio.selector_events import BaseSelectorEventLoop
from typing import Any, Final

_MADE: Final = BaseSelectorEventLoop._make_socket_transport  # type: ignore[attr-defined]


def closed_with_their_server() -> None:
    """From now on they are closed, as uvloop does it."""
    BaseSelectorEventLoop._make_socket_transport = _make  # type: ignore[attr-defined]


def _make(loop: BaseSelectorEventLoop, sock: socket.socket, *arguments: Any, server: Any = None, **more: Any) -> Any:
    if server is not None and server._sockets is None:
        sock.close()
        raise ConnectionAbortedError("its server was closed")
    return _MADE(loop, sock, *arguments, server=server, **more)
