"""What a supervisor leaves to the one that it becomes at SIGHUP: the same process, another program.

It may be of another version. What this one writes, an older one must be able to read, and the other way round: no new field
without a default, and none that an older one does not know.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, NoReturn

from runtime.workers.trial import READS

INHERITED: Final = "_HOOKD_SUPERVISOR"
"""Variable by which one tells the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """Descriptors and process ids. The rows of `sockets` and the first `pids` are in the order of places, those of places first."""

    life: Sequence[int]
    sockets: Sequence[Sequence[int]]
    pids: list[int]
    memory: Sequence[int] = (-1, -1)
    """The file, and the layout of what is in it."""

    def take_sockets(self) -> list[list[socket.socket]]:
        """As they were; no other program inherits them."""
        rows = [[socket.socket(fileno=descriptor) for descriptor in row] for row in self.sockets]
        for one in (one for row in rows for one in row):
            one.set_inheritable(False)
        return rows


def was_supervisor(environ: Mapping[str, str]) -> bool:
    """Whether there is something to be `inherited`."""
    return INHERITED in environ


def inherited(environ: Mapping[str, str]) -> Inherited | None:
    """What there is, if this process was a supervisor before; no process that it starts learns of it."""
    text = environ.get(INHERITED)
    os.environ.pop(INHERITED, None)
    return None if text is None else Inherited(**json.loads(text))


def become(command: Sequence[str], state: Inherited, tried: int = -1) -> NoReturn:
    """Run the command in place of this program. `OSError` where that can not be, and all is as before.

    `tried` is the file in which there is what its trial read, -1 for none.
    """
    kept = [
        *state.life,
        state.memory[0],
        *(one for row in state.sockets for one in row),
        *([tried] if tried >= 0 else []),
    ]
    for descriptor in kept:
        os.set_inheritable(descriptor, True)
    environ = {**os.environ, INHERITED: json.dumps(asdict(state)), **({READS: str(tried)} if tried >= 0 else {})}
    try:
        os.execve(command[0], list(command), environ)  # noqa: S606 - the command that this process was started with
    finally:
        for descriptor in kept:
            os.set_inheritable(descriptor, False)
