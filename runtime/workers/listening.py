"""Listening sockets for several processes that serve one port: one of its own for each (SO_REUSEPORT).

The supervisor keeps them open. A worker that dies, or that makes way for a new one, loses no connection that waits to be
accepted: its socket goes to its successor. While there is none, its socket rests, and who connects comes to another worker's.

Where workers become fewer, there are sockets without one. To close them would reset who waits there, and whose handshake goes on:
Linux moves neither to another socket, unless net.ipv4.tcp_migrate_req is set. So they stay, and all workers accept from them.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from typing import Any, Final

BACKLOG: Final = 1024
"""Connections that wait to be accepted, at each socket."""


def bind(host: str, port: int) -> list[socket.socket]:
    """One listening socket for each address that the host's name has, all at one port; 0 takes a free one. `OSError`.

    Nobody else may listen there, not even another process of ours: two services at one port would each get half.
    """
    _require_free(host, port)
    sockets = again(host, port)
    if not port:
        # One that the system chose is let go of when a socket rests; one that was asked for is not.
        chosen = again(host, port_of(sockets))
        close_all([sockets])
        return chosen
    return sockets


def bind_alone(host: str, port: int) -> list[socket.socket]:
    """The same for a service that is one process: nobody can listen beside it, and who comes at the same moment neither."""
    return _sockets(host, port, *([socket.SO_REUSEADDR] if port else []))


def again(host: str, port: int) -> list[socket.socket]:
    """The same beside sockets of `bind`, for one more worker."""
    return _sockets(host, port, socket.SO_REUSEADDR, socket.SO_REUSEPORT)


def _sockets(host: str, port: int, *options: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            chosen = port_of(sockets) if sockets and not port else port
            sockets.append(_listening(family, (address[0], chosen, *address[2:]), *options))
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


def port_of(sockets: Sequence[socket.socket]) -> int:
    """That of all of them."""
    return int(sockets[0].getsockname()[1])


def listen_at(sockets: Sequence[socket.socket], host: str, port: int) -> bool:
    """Whether that is where they listen; at any port, for 0."""
    try:
        wanted = {address for _, address in _addresses(host, port)}
    except OSError:
        return False
    names = {one.getsockname() for one in sockets}
    return names == wanted or (not port and {name[0] for name in names} == {name[0] for name in wanted})


def rest(sockets: Sequence[socket.socket]) -> None:
    """Listen with these no more, until whoever serves there begins to: who waits to be accepted learns at once that nobody does."""
    for one in sockets:
        # A second time would be remembered by all connections that it accepts one day.
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            with contextlib.suppress(OSError):  # a system may know no such thing
                one.shutdown(socket.SHUT_RDWR)


def close_all(rows: Sequence[Sequence[socket.socket]]) -> None:
    """Listen there no more, as far as it is up to this process."""
    for one in (one for row in rows for one in row):
        one.close()


def _addresses(host: str, port: int) -> Sequence[tuple[int, Any]]:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError:  # what no name can be is not looked up: a label of over 63 characters, an empty one
        raise socket.gaierror(socket.EAI_NONAME, "it is no name") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _require_free(host: str, port: int) -> None:
    for family, address in _addresses(host, port) if port else ():
        with _bound(family, address, socket.SO_REUSEADDR):
            pass


def _listening(family: int, address: Any, *options: int) -> socket.socket:
    one = _bound(family, address, *options)
    try:
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    one.setblocking(False)
    return one


def _bound(family: int, address: Any, *options: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in options:
            one.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
    except OSError:
        one.close()
        raise
    return one
