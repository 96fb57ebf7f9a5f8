"""What a supervisor tells the service manager of the machine: sd_notify(3), by its datagram socket.

Without NOTIFY_SOCKET nobody asked, and nothing is told. Nobody is waited for: a manager that does not listen must not keep the
service from its work.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "NOTIFY_SOCKET"


def tell_ready(status: str) -> None:
    """It serves, after a start as after a reload. `status` is for people."""
    _tell({"READY": "1", "STATUS": status})


def tell_reloading() -> None:
    """It is told to start anew; `tell_ready` says that this is over."""
    # By the clock of the manager, who asks by signal: an answer that is older than its question is none.
    _tell({"RELOADING": "1", "MONOTONIC_USEC": str(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)})


def tell_stopping() -> None:
    """It ends."""
    _tell({"STOPPING": "1"})


def _tell(assignments: Mapping[str, str]) -> None:
    place = os.environ.get(VARIABLE, "")
    if not place.startswith(("/", "@")):
        return
    text = "\n".join(f"{name}={value}" for name, value in assignments.items())
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        # An at sign stands for the zero byte of a name that is no file's.
        sender.sendto(text.encode(), "\0" + place[1:] if place.startswith("@") else place)
