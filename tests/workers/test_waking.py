"""Signals that come while nobody waits are there for who does."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator

import pytest

from runtime.workers.waking import heard, listen_for
from tests.waiting import PATIENCE

BOTH = (signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture
def pipe() -> Iterator[int]:
    handlers, wakeup = [signal.getsignal(number) for number in BOTH], signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_BLOCK, BOTH)
    # To this thread: another one, which does not block it, would end the process.
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    ends = listen_for(BOTH)
    yield ends[0]
    signal.set_wakeup_fd(wakeup)
    for number, handler in zip(BOTH, handlers, strict=True):
        signal.signal(number, handler)
    for end in ends:
        os.close(end)


def test_signals_are_numbers_in_a_pipe(pipe: int):
    """Also one that came before, while they were blocked. Each is there once."""
    assert select.select([pipe], [], [], PATIENCE)[0]
    assert heard(pipe) == [signal.SIGUSR1]
    assert heard(pipe) == []
    os.kill(os.getpid(), signal.SIGUSR2)
    assert select.select([pipe], [], [], PATIENCE)[0]
    assert heard(pipe) == [signal.SIGUSR2]
