"""Signals as numbers in a pipe, for who waits for other things too: none is lost, and none comes at the wrong moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable


def listen_for(signals: Iterable[signal.Signals]) -> tuple[int, int]:
    """A pipe, its reading end first, in which they are from now on. They may have been blocked until now; they are not any more."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (numbers := tuple(signals)):
        signal.signal(number, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    return readable, writable


def heard(descriptor: int) -> list[int]:
    """The numbers of those that have come since."""
    try:
        return list(os.read(descriptor, 1024))
    except BlockingIOError:
        return []
