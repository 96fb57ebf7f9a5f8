"""Where one worker is, or will be, as the supervisor knows it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.workers.beats import Watch
from runtime.workers.listening import rest


@dataclass(slots=True, kw_only=True)
class Place:
    """`old` is a process that makes way as soon as this one is ready. Times are of the monotonic clock, in seconds."""

    number: int
    sockets: list[socket.socket]
    pid: int = 0
    ready_pipe: int = -1
    started: float = 0.0
    is_ready: bool = False
    watch: Watch = field(default_factory=lambda: Watch(0, 0))
    deaths: int = 0
    due: float = 0.0
    old: int = 0

    @property
    def is_taken(self) -> bool:
        """Whether somebody serves there, or begins to."""
        return bool(self.pid or self.old)

    @property
    def serving(self) -> int:
        """Who serves there, 0 for nobody."""
        return self.pid if self.is_ready else self.old


def rest_late(places: Sequence[Place], now: float, *, first_alone: bool) -> bool:
    """Let the sockets rest at which nobody serves for a while: who connects comes to others'. Whether those are all.

    `first_alone`: no other place is taken before the first one is.
    """
    late = [
        place
        for place in places
        if not place.is_taken and max(place.due, places[0].due if first_alone else place.due) > now
    ]
    for place in late:
        rest(place.sockets)
    return len(late) == len(places)
