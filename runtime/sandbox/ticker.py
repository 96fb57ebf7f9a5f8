"""The clock that stops endless hooks: it advances the engine's epoch while a call into a guest takes long.

A tick every two milliseconds whatever runs would wake a thread 500 times a second, and each time the event loop hands it
the GIL and takes it back: measured over HTTP, 18 of the 315 us that a request costs. So nothing ticks while calls are short.
A call that finds no other running sets an alarm, or finds it set. Only when it goes off, for a call did not end, does the
thread wake, and tick until none is late.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

TICK_SECONDS: Final = 0.002
ALARM_SECONDS: Final = 3 * TICK_SECONDS
"""A call that runs for so long, or a tick less, wakes the clock. The tick is the slack: without, every call would have to put
off the alarm, which costs as much as a tick does (in a virtual machine about 30 us, few of them in the system call itself)."""


class Alarm(Protocol):
    """What wakes the ticker's thread."""

    def set(self) -> None:
        """Go off ALARM_SECONDS from now, and not before. Any thread."""

    def wait(self) -> None:
        """Return when it has gone off."""

    def close(self) -> None:
        """Let go of what it holds."""


class Ticker:
    """Calls `tick` from a thread of its own, TICK_SECONDS apart, while a call is late.

    Every call into a guest is between `began` and `ended`. Any threads.
    """

    __slots__ = ("_alarm", "_closing", "_due", "_lock", "_running", "_thread", "_tick")

    def __init__(self, tick: Callable[[], object], alarm: Alarm | None = None) -> None:
        self._tick = tick
        self._alarm = alarm or (TimerAlarm() if sys.platform == "linux" else EventAlarm())
        self._lock = threading.Lock()
        self._running: set[object] = set()
        self._due = 0.0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="hookd-ticker", daemon=True)
        self._thread.start()

    def began(self, call: object) -> int:
        """A call begins. How many ticks come too early for it: after so many, each one is TICK_SECONDS of its time or more.

        While one runs, nobody puts the alarm off: a busy event loop must not save an endless hook on another thread. Under
        a lock: who sees another call running relies on its alarm, so that one must not end before this one is among them.
        """
        with self._lock:
            if self._running:
                self._running.add(call)
                return 1
            now = time.monotonic()
            if self._due - now < TICK_SECONDS:
                self._due = now + ALARM_SECONDS
                self._alarm.set()
            self._running.add(call)
            return 0

    def ended(self, call: object) -> None:
        """It has ended."""
        with self._lock:
            self._running.discard(call)

    def close(self) -> None:
        """Tick once more, and end the thread."""
        self._closing = True
        self._alarm.set()
        self._thread.join()
        self._alarm.close()

    def _run(self) -> None:
        while not self._closing:
            self._alarm.wait()
            # In this order: a call that is among those running has set the time first.
            while self._running and time.monotonic() >= self._due and not self._closing:
                self._tick()
                time.sleep(TICK_SECONDS)  # noqa: TID251 - the clock itself
        self._tick()


class TimerAlarm:
    """A timer of Linux: to put it off is one system call, and wakes nobody. Python has these functions from 3.13 on."""

    def __init__(self) -> None:
        # PyDLL: no other thread is invited to take the GIL meanwhile.
        libc = ctypes.PyDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self._settime.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._file = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "no timer to be had for the clock of the sandbox")
        # struct itimerspec: seconds and nanoseconds between alarms (none), seconds and nanoseconds until the first.
        self._spec = (ctypes.c_long * 4)(0, 0, 0, round(ALARM_SECONDS * 1e9))
        self._address = ctypes.addressof(self._spec)

    def set(self) -> None:
        """See `Alarm.set`."""
        if self._settime(self._file, 0, self._address, None):
            raise OSError(ctypes.get_errno(), "the clock of the sandbox can not be set")

    def wait(self) -> None:
        """See `Alarm.wait`."""
        os.read(self._file, 8)

    def close(self) -> None:
        """See `Alarm.close`."""
        os.close(self._file)


class EventAlarm:
    """For systems without such timers: it wakes its thread each time that it is set."""

    def __init__(self) -> None:
        self._set = threading.Event()

    def set(self) -> None:
        """See `Alarm.set`."""
        self._set.set()

    def wait(self) -> None:
        """See `Alarm.wait`."""
        self._set.wait()
        self._set.clear()
        time.sleep(ALARM_SECONDS)  # noqa: TID251 - the clock itself

    def close(self) -> None:
        """See `Alarm.close`: nothing."""
