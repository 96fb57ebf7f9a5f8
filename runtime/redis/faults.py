"""What goes wrong with a Redis: which of it passes, and how it is told."""

from __future__ import annotations

import re
from typing import Final

from redis import exceptions

from runtime.errors import Unavailable

FAULTS: Final = (exceptions.RedisError, exceptions.RedisClusterException, OSError, EOFError)
"""All that a call may raise. `asyncio.TimeoutError` is one of `OSError`."""

_CLOSED: Final = "the handler is closed"
"""What uvloop says where the other side has closed the connection since the last command, and the library passes on as it is."""

_REFUSED: Final = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.MaxConnectionsError,
)
_PASSING: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ClusterError,
    exceptions.TryAgainError,
    exceptions.ReadOnlyError,
    exceptions.SlotNotCoveredError,
    OSError,
    EOFError,
)
_ARGUMENTS: Final = re.compile(r",? with args beginning with.*", re.DOTALL)
_CLIENTS: Final = re.compile(r"<redis\.asyncio\.client\.Redis\(.*?\bhost=([^,]*),port=(\d+).*?\)>\)>\)> - ", re.DOTALL)
"""How the library names each sentinel, with all that it knows of the connection."""

_LONGEST: Final = 300


def is_fault(error: Exception) -> bool:
    """Whether Redis, or the way to it, is to blame; anything else is a mistake of ours."""
    return isinstance(error, FAULTS) or _is_closed(error)


def is_passing(error: Exception) -> bool:
    """Whether it may be otherwise in a moment: a connection that broke, a server that starts, a master that is another one now."""
    if isinstance(error, _REFUSED):
        return False
    return isinstance(error, _PASSING) or _is_closed(error) or str(error).startswith("BUSY ")


def _is_closed(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and str(error).endswith(_CLOSED)


def unavailable(name: str, error: Exception) -> Unavailable:
    """For the caller nothing but that; for the operator what Redis said, which never has what it was sent."""
    said = _CLIENTS.sub(r"\1:\2 ", _ARGUMENTS.sub("", str(error))) or type(error).__name__
    return Unavailable("The storage is not available. Try again.", debug=f"{name}: {said[:_LONGEST]}")
