"""The address a service listens on: taken, told, and given up when the process is asked to stop."""

from __future__ import annotations

import errno
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from runtime.errors import SettingsError
from runtime.http.app import Address
from runtime.workers.listening import bind_alone, close_all

_HOST: Final = "[server] host, or HOOKD_SERVER_HOST"
_NO_ADDRESS: Final = (socket.gaierror, UnicodeError)
"""What the system says of a name that it does not know, and Python of one that could not be sent to it."""


class AddressInUse(Exception):
    """The address can not be listened on; the message says what to do."""

    def __init__(self, host: str, port: int, error: OSError, remedy: str) -> None:
        self.reason = _reason(error)
        self.is_refused = error.errno == errno.EACCES
        super().__init__(f"{host}:{port} can not be listened on ({self.reason}). {remedy}")


@contextmanager
def taken(host: str, port: int, remedy: str, setting: str = _HOST) -> Iterator[list[socket.socket]]:
    """Sockets that listen at the port, or at a free one for 0, until the block ends. `AddressInUse`; `SettingsError` for a host without address.

    What is made from the port (the token server's `iss`) is needed before anything can be served. Nobody can take it
    meanwhile, and who connects waits for the answer.
    """
    with listening(host, port, remedy, setting):
        sockets = bind_alone(host, port)
    try:
        yield sockets
    finally:
        close_all([sockets])


@contextmanager
def listening(host: str, port: int, remedy: str, setting: str = _HOST) -> Iterator[None]:
    """Tells of an address that can not be listened on what to do about it. `AddressInUse`, `SettingsError`."""
    try:
        yield
    except _NO_ADDRESS as error:
        raise _unknown(host, error, setting) from None
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        raise AddressInUse(host, port, error, remedy) from None


def announce(address: Address) -> None:
    """Tell where the service listens: a sentence on a terminal, else one line of JSON, for whoever started it."""
    if sys.stdout.isatty():
        _print(f"Listening on {address.url}; Ctrl-C stops.")
    else:
        _print(json.dumps({"event": "listening", "host": address.host, "port": address.port}))


def _unknown(host: str, error: Exception, setting: str) -> SettingsError:
    why = error.strerror if isinstance(error, OSError) else "it is no name"
    return SettingsError(f"The host {host[:300]!r} has no address here ({why}): see to {setting}.")


def _reason(error: OSError) -> str:
    return "it is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is the command line
