"""Ports for what is told beforehand where it listens, or listens there a second time.

Not of those that the system gives to whoever asks for any, or connects: nobody takes one while it is free.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
from typing import Final

HOST: Final = "127.0.0.1"
_FIRST: Final = 12_000
_EACH: Final = 1_500
"""So many for each process of pytest-xdist; all below 32,768, where Linux begins with its own."""
_PROCESSES: Final = 13

_own = _FIRST + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES * _EACH
_next = itertools.cycle(range(_own, _own + _EACH))
for _ in range(random.randrange(_EACH)):  # another run of the tests on this machine has others
    next(_next)


def free_port() -> int:
    """One that nobody listens on, and that none of these tests has had lately."""
    for port in itertools.islice(_next, _EACH):
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise AssertionError(f"all ports from {_own} to {_own + _EACH - 1} are taken")


def free_ports(count: int) -> list[int]:
    """So many, each another."""
    return [free_port() for _ in range(count)]
