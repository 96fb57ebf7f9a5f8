"""What a worker has of its supervisor: sockets to serve at, and two pipes.

Through one it says that it is ready; the end of the other says that the supervisor is gone. While its event loop goes on, it beats.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.workers.beats import Beats
from runtime.workers.slates import Slates


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """This process, as one of several. `number` is its place among them, which a successor takes over."""

    number: int
    sockets: Sequence[socket.socket]
    ready_pipe: int
    life_pipe: int
    memory: int
    """A file without a name that all have, those of the supervisor before, too."""

    slates: Slates
    """What workers tell each other. One's own has its number."""

    beats: Beats
    """By which the supervisor sees that it goes on."""

    is_successor: bool = False
    """It takes the place of one that ended: the service was ready before, and what it keeps is there."""

    def is_ready(self) -> None:
        """Tell the supervisor, once; and from now on that the event loop goes on."""
        self._beat(asyncio.get_running_loop())
        with contextlib.suppress(OSError):  # it is gone: `stop_asked` has it
            os.write(self.ready_pipe, b"r")
        os.close(self.ready_pipe)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self.beats.beat(self.number)
        loop.call_later(self.beats.every, self._beat, loop)

    def stop_asked(self) -> asyncio.Event:
        """Set at SIGINT and SIGTERM, and when the supervisor is gone: whoever starts it again has workers of its own."""
        stop, loop = stop_asked(), asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(self.life_pipe)
            stop.set()

        loop.add_reader(self.life_pipe, gone)
        return stop


def stop_asked() -> asyncio.Event:
    """Set at SIGINT (Ctrl-C) and SIGTERM.

    More of them change nothing: what starts us may pass on a signal that we had from the terminal too, and a stop that is
    cut short would lose records. It takes no longer than `http.app.SHUTDOWN_SECONDS`.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
