"""Starts processes in jail, and ends them: a process of its own, with one thread, that does nothing else.

Standard input is a socket of whole messages (SOCK_SEQPACKET), JSON each; the first argument is the `Plan` as JSON. It says
`{"walls": [...], "no_groups": why}`, or `{"broken": why}` and ends. Then it is told, and tells:

    {"do": "spawn", "id": 1} with two descriptors, see `Jail.spawn`   -> {"spawned": 1, "pid": 123}
    {"do": "limit", "id": 1, "data": 2000, "more": 1000}            -> {"limited": 1}
           no more data memory than this, and no more of any memory than it has now and this
    {"do": "kill", "id": 1}
                         whenever it ended without being told, and all with it -> {"lost": true}
                                         whenever a process has ended -> {"ended": 1, "status": as of waitpid(2), "peak": bytes, "starved": false}

Who closes the socket ends them all. What serves is a copy of the process that has built the walls, and there is another one when
it ends: a service that has given up its own rights could start no jailer any more. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any, Final

from runtime.confine import kernel
from runtime.node.jail import Jail, Jailed, NoWall, Plan

MESSAGE_BYTES: Final = 4096


class Jailer:
    """Serves one socket until it is closed."""

    def __init__(self, control: socket.socket, jail: Jail) -> None:
        self._control = control
        self._jail = jail
        self._processes: dict[int, Jailed] = {}

    def serve(self) -> None:
        """Until nobody is at the other end; then nothing that was started runs any more."""
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        waiting = select.poll()
        for descriptor in (self._control.fileno(), woken):
            waiting.register(descriptor, select.POLLIN)
        try:
            while True:
                ready = [descriptor for descriptor, _ in waiting.poll()]
                if woken in ready:
                    os.read(woken, MESSAGE_BYTES)
                    self._bury()
                if self._control.fileno() in ready and not self._obey():
                    return
        finally:
            for process in self._processes.values():
                _kill(process)

    def _obey(self) -> bool:
        """Do what one message says; False at the end of them."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 2)
        except ConnectionError:  # it closed before it had read everything
            return False
        if not data:
            return False
        told: dict[str, Any] = json.loads(data)
        try:
            if told["do"] == "spawn":
                self._spawn(told["id"], *descriptors)
            elif told["id"] in self._processes:
                self._change(told["id"], told)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _spawn(self, number: int, channel: int, errors: int) -> None:
        try:
            process = self._processes[number] = self._jail.spawn(channel, errors)
        except OSError as error:
            os.write(errors, f"hookd: no process can be started: {error}\n".encode())
            self._tell({"ended": number, "status": 125 << 8, "peak": 0, "starved": False})
            return
        self._tell({"spawned": number, "pid": process.pid})

    def _change(self, number: int, told: dict[str, Any]) -> None:
        process = self._processes[number]
        if told["do"] == "limit":
            try:
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (told["data"], told["data"]))
                if process.group:
                    process.group.limit(told["more"])
            except OSError as error:  # without its limit it may not run
                print(f"hookd: a process can not be limited: {error}", file=sys.stderr)  # noqa: T201 - its log is the service's
            else:
                self._tell({"limited": number})
                return
        _kill(process)

    def _bury(self) -> None:
        """Those that have ended. Nobody else may have their ids until then."""
        for number, process in list(self._processes.items()):
            found, status, used = os.wait4(process.pid, os.WNOHANG)
            if found:
                del self._processes[number]
                starved = self._jail.bury(process.group)
                self._tell({"ended": number, "status": status, "peak": used.ru_maxrss * 1024, "starved": starved})

    def _tell(self, said: dict[str, object]) -> None:
        with contextlib.suppress(ConnectionError):  # the end comes with the next message
            self._control.send(json.dumps(said).encode())


def _kill(process: Jailed) -> None:
    os.kill(process.pid, signal.SIGKILL)
    if process.group:
        process.group.kill()


def main() -> None:
    """The process."""
    with socket.socket(fileno=os.dup(0)) as control:
        try:
            jail = Jail(Plan(**json.loads(sys.argv[1])))
        except (NoWall, OSError) as error:
            control.send(json.dumps({"broken": str(error)[: MESSAGE_BYTES // 2]}).encode())
            return
        control.send(json.dumps({"walls": jail.walls, "no_groups": jail.no_groups[: MESSAGE_BYTES // 2]}).encode())
        while not _served(control, jail):
            with contextlib.suppress(ConnectionError):
                control.send(b'{"lost":true}')


def _served(control: socket.socket, jail: Jail) -> bool:
    """Whether a copy of this process has served to the end, or there is nobody to serve."""
    builder = os.getpid()
    pid = os.fork()
    if pid == 0:
        kernel.die_with_parent()
        if os.getppid() == builder:
            Jailer(control, jail).serve()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return status == 0
