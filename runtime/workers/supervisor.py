"""Starts workers, and starts another where one dies; replaces all of them, one by one, when it is asked to.

It serves nothing, has no event loop and no threads, and reads nothing that comes from outside: it has no reason to fail. What
a worker needs is loaded before the first is made, so that the next one is there in a moment and shares that memory.

- SIGTERM and SIGINT end the workers in order, as they end one process.
- SIGHUP starts the service anew without a gap, with whatever code and configuration are there now: if they are fit to
  start (`trial`), this process becomes the new one (exec: same process id, same sockets), starts new workers, and asks each
  old one to stop when its successor is ready; those without a successor when all are. One that comes during a trial is
  followed by another trial.
- SIGKILL of the supervisor: the workers see it, finish what they have begun, and end.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from runtime.memory import nameless_file
from runtime.workers.beats import Beats, Watch, waited_for_processor
from runtime.workers.inheritance import Inherited, become, inherited
from runtime.workers.listening import again, bind, close_all, listen_at, port_of, rest
from runtime.workers.notices import tell_ready, tell_reloading, tell_stopping
from runtime.workers.place import Place, rest_late
from runtime.workers.slates import Slates
from runtime.workers.trial import Trial
from runtime.workers.waking import heard, listen_for
from runtime.workers.worker import Worker

LONGEST_WAIT: Final = 30.0
"""Between two starts of a worker that dies again and again, in seconds. The first time there is none."""

STEADY_SECONDS: Final = 10.0
"""A worker that was ready, and lived for so long, was fit."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_LOG: Final = logging.getLogger("hookd.supervisor")


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """See the module. `announce` is called with the port when all workers are ready for the first time.

    `trial` is a command that ends with 0 if the service could start anew, within `trial_seconds`, and `again` what this process
    becomes then; memory of another `memory_layout` is not taken over. Workers that are there `end_seconds` after they were asked to stop are killed, and
    those that are not ready `start_seconds` after their start, or whose event loop stands still for `hang_seconds` later on.
    """

    host: str
    port: int
    workers: int
    announce: Callable[[int], None]
    trial: Sequence[str]
    again: Sequence[str]
    end_seconds: float = 26.0
    hang_seconds: float = 30.0
    start_seconds: float = 300.0
    steady_seconds: float = STEADY_SECONDS
    trial_seconds: float = 60.0
    memory_layout: int = 0
    _places: list[Place] = field(default_factory=list)
    _shared: list[list[socket.socket]] = field(default_factory=list)
    _leaving: set[int] = field(default_factory=set)
    _slates: Slates = field(default_factory=lambda: Slates(0))
    _beats: Beats = field(default_factory=lambda: Beats(0, 0.0))
    _next_look: float = 0.0
    _memory: int = -1
    _ending: dict[int, float] = field(default_factory=dict)
    _life: tuple[int, int] = (-1, -1)
    _wakeup: tuple[int, int] = (-1, -1)
    _trial: Trial = field(init=False)
    _is_announced: bool = False
    _is_anew: bool = False

    def run(self, environ: Mapping[str, str]) -> Worker:
        """Return in each worker, and never in the supervisor, which ends with SystemExit. `OSError` when it can not listen."""
        self._wakeup = listen_for(_SIGNALS)
        self._trial = Trial(self.trial, self.trial_seconds)
        self._slates = Slates(self.workers)
        self._beats = Beats(self.workers, self.hang_seconds)
        self._take_over(inherited(environ))
        gc.collect()
        gc.freeze()
        while True:
            worker = self._start_due()
            if worker is not None:
                return worker
            self._wait()
            self._read_ready()
            self._obey()
            self._reap()
            self._kill_late()
            self._kill_hanging()
            self._give_up_trial()

    def _obey(self) -> None:
        for number in heard(self._wakeup[0]):
            # A terminal that was closed sends it, too.
            if number == signal.SIGHUP and not os.isatty(0):
                self._try()
            elif number != signal.SIGCHLD:
                self._end(signal.Signals(number))

    def _take_over(self, state: Inherited | None) -> None:
        """What a supervisor left that this one was, or all new."""
        self._life = os.pipe() if state is None else (state.life[0], state.life[1])
        taken, layout = (-1, -1) if state is None else state.memory
        self._memory = taken if layout == self.memory_layout else nameless_file("hookd-memory")
        # By default no descriptor is inherited by another program; these were, once.
        for descriptor in (*self._life, self._memory):
            os.set_inheritable(descriptor, False)
        sockets = [bind(self.host, self.port)] if state is None else self._inherited_sockets(state)
        old = [] if state is None else state.pids
        self._is_anew = state is not None
        for number in range(self.workers):
            own = sockets.pop(0) if sockets else again(self.host, port_of(self._places[0].sockets))
            place = Place(number=number, sockets=own, old=old.pop(0) if old else 0)
            self._places.append(place)
        # More than there are places. Connections come to these sockets as long as they are open: all workers serve there, too.
        self._shared, self._leaving = sockets, set(old)

    def _inherited_sockets(self, state: Inherited) -> list[list[socket.socket]]:
        """Those that listen where they are to listen now, or one row of new ones; the old ones where these can not be had."""
        rows = state.take_sockets()
        if listen_at(rows[0], self.host, self.port):
            return rows
        try:
            new = bind(self.host, self.port)
        except OSError as error:
            _LOG.error(
                "%s:%d can not be listened on, and the service stays where it is: %s", self.host, self.port, error
            )
            self.workers = min(self.workers, len(rows))
            return rows
        close_all(rows)
        return [new]

    # starting

    def _start_due(self) -> Worker | None:
        """Start what is due; None in the supervisor."""
        for place in self._startable():
            if place.due <= time.monotonic():
                worker = self._fork(place)
                if worker is not None:
                    return worker
        return None

    def _startable(self) -> list[Place]:
        return [place for place in (self._places[:1] if self._first_alone else self._places) if not place.pid]

    @property
    def _first_alone(self) -> bool:
        """What it makes (the database, the cache), the others find."""
        return not (self._is_announced or self._places[0].is_ready)

    def _fork(self, place: Place) -> Worker | None:
        try:
            readable, writable = os.pipe()
        except OSError as error:
            self._put_off(place, error)
            return None
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal must not come to a new process that still has our handlers: it would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(readable)
            os.close(writable)
            self._put_off(place, error)
            return None
        if pid == 0:
            os.close(readable)
            return self._become_worker(place, writable)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(writable)
        place.pid, place.ready_pipe, place.started, place.is_ready = pid, readable, time.monotonic(), False
        place.watch = Watch(self._beats.every, self.start_seconds)
        return None

    def _become_worker(self, place: Place, ready_pipe: int) -> Worker:
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        for descriptor in self._wakeup:
            os.close(descriptor)
        # As long as a worker had it, the others would not see the supervisor end.
        os.close(self._life[1])
        self._trial.close()
        others = [other for other in self._places if other is not place]
        close_all([other.sockets for other in others])
        for pipe in [other.ready_pipe for other in others if other.ready_pipe >= 0]:
            os.close(pipe)
        return Worker(
            number=place.number,
            sockets=[*place.sockets, *(one for row in self._shared for one in row)],
            ready_pipe=ready_pipe,
            life_pipe=self._life[0],
            memory=self._memory,
            slates=self._slates,
            beats=self._beats,
            is_successor=self._is_announced,
        )

    # watching

    def _wait(self) -> None:
        """Until there is something to do."""
        pipes = [place.ready_pipe for place in self._places if place.ready_pipe >= 0]
        moments = [place.due for place in self._startable()]
        moments += [*self._ending.values(), self._next_look, self._trial.late_at]
        select.select([self._wakeup[0], *pipes], [], [], max(0.0, min(moments) - time.monotonic()))

    def _read_ready(self) -> None:
        for place in self._places:
            if place.ready_pipe < 0 or not select.select([place.ready_pipe], [], [], 0)[0]:
                continue
            place.is_ready = os.read(place.ready_pipe, 1) == b"r"
            os.close(place.ready_pipe)
            place.ready_pipe, place.watch = -1, Watch(self._beats.every, self.hang_seconds)
            if place.is_ready and place.old:
                self._ask_to_stop(place.old, signal.SIGTERM)
                place.old = 0
        if not self._is_announced and all(place.is_ready for place in self._places):
            self._is_announced = True
            for pid in self._leaving:
                self._ask_to_stop(pid, signal.SIGTERM)
            self._leaving.clear()
            tell_ready(f"{len(self._places)} workers serve")
            if self._is_anew:
                _LOG.info("the service was started anew: %d workers", len(self._places))
            else:
                self.announce(port_of(self._places[0].sockets))

    def _kill_hanging(self) -> None:
        """Look at each worker, now and then. It is replaced as any that dies."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._beats.every
        for place in [place for place in self._places if place.pid]:
            if place.watch.hangs(now, self._beats.last(place.number), waited_for_processor(place.pid)):
                what = "has stood still for" if place.is_ready else "is not ready after"
                _LOG.error("worker %d %s %.0f s, and is killed", place.number, what, place.watch.bound)
                os.kill(place.pid, signal.SIGKILL)
                place.watch = Watch(self._beats.every, place.watch.bound)

    def _reap(self) -> None:
        """Look after every child that has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            self._ending.pop(pid, None)
            if self._trial.has_ended(pid, code):
                self._tried("the new one is not fit" if code else "")
            self._leaving.discard(pid)
            for place in self._places:
                if place.pid == pid:
                    self._died(place, code)
                if place.old == pid:
                    place.old = 0
            self._rest()

    def _died(self, place: Place, code: int) -> None:
        was_ready, place.pid, place.is_ready = place.is_ready, 0, False
        if not (self._is_announced or self._is_anew):
            # It never ran: the worker has said why.
            self._end(signal.SIGTERM, code if code > 0 else 1)
        lived = time.monotonic() - place.started
        place.deaths = 1 if was_ready and lived > self.steady_seconds else place.deaths + 1
        wait = self._wait_after(place)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        _LOG.error("worker %d %s after %.0f s, and is started again in %.1f s", place.number, how, lived, wait)

    def _put_off(self, place: Place, error: OSError) -> None:
        """There are no more processes to be had, or descriptors. The other workers go on."""
        place.deaths += 1
        wait = self._wait_after(place)
        self._rest()
        _LOG.error("worker %d can not be started, and is tried again in %.1f s: %s", place.number, wait, error)

    def _wait_after(self, place: Place) -> float:
        """Seconds until it is started again. Where it is not at once, nobody waits for it."""
        wait = 0.0 if place.deaths == 1 else min(LONGEST_WAIT, 0.1 * 2.0 ** min(place.deaths, 10))
        place.due = time.monotonic() + wait
        return wait

    def _rest(self) -> None:
        """Nobody comes to a socket where nobody will be for a while."""
        if rest_late(self._places, time.monotonic(), first_alone=self._first_alone) and not self._leaving:
            for row in self._shared:
                rest(row)

    # ending

    def _end(self, number: signal.Signals, code: int = 0) -> NoReturn:
        """Ask all workers to stop, wait for them, and end."""
        tell_stopping()
        self._trial.give_up()
        there = {pid for place in self._places for pid in (place.pid, place.old)} | self._leaving
        for pid in there - {0}:
            self._ask_to_stop(pid, number)
        # When the workers have closed theirs, who comes is refused, and waits for nobody.
        close_all([*(place.sockets for place in self._places), *self._shared])
        while self._ending:
            select.select([self._wakeup[0]], [], [], max(0.0, min(self._ending.values()) - time.monotonic()))
            heard(self._wakeup[0])
            with contextlib.suppress(ChildProcessError):
                while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                    self._ending.pop(ended[0], None)
            self._kill_late()
        raise SystemExit(code)

    def _ask_to_stop(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            self._ending[pid] = time.monotonic() + self.end_seconds

    def _kill_late(self) -> None:
        now = time.monotonic()
        for pid in [pid for pid, until in self._ending.items() if until <= now]:
            _LOG.error("process %d does not stop, and is killed", pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            del self._ending[pid]

    # anew

    def _try(self) -> None:
        """Find out whether the service could start anew. Its own process: this one must not break."""
        if not self._trial.is_under_way:
            tell_reloading()
        try:
            self._trial.begin()
        except OSError as error:
            _go_on(str(error))

    def _give_up_trial(self) -> None:
        if self._trial.late_at <= time.monotonic():
            self._trial.give_up()
            self._tried(
                f"after {self.trial_seconds:.0f} s it was not known whether the new one is fit: what it reads may hang"
            )

    def _tried(self, fault: str) -> None:
        if fault:
            self._trial.close()
            _go_on(fault)
        if self._trial.is_outdated:
            self._try()
        elif not fault:
            self._start_anew()

    def _start_anew(self) -> None:
        # Those first at which somebody serves: the first processes are theirs.
        places = sorted(self._places, key=lambda place: not place.serving)
        serving = [place.serving for place in places if place.serving]
        others = {pid for place in self._places for pid in (place.old, place.pid)} | self._leaving | self._ending.keys()
        rows = [*(place.sockets for place in places), *self._shared]
        state = Inherited(
            life=self._life,
            sockets=[[one.fileno() for one in row] for row in rows],
            pids=[*serving, *(others - {0, *serving})],
            memory=(self._memory, self.memory_layout),
        )
        _LOG.info("the service starts anew")
        # Until the new program listens for them, signals wait; so do those that have come just now.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        for number in heard(self._wakeup[0]):
            os.kill(os.getpid(), number)
        try:
            become(self.again, state, self._trial.handed_on())
        except OSError as error:
            self._trial.close()
            _go_on(str(error))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _go_on(why: str) -> None:
    _LOG.error("the service goes on as it is: it could not start anew: %s", why)
    tell_ready("could not start anew, and goes on as it was: see the log")
