"""The clock that stops endless hooks: it runs when a call takes long, and rests when none does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from runtime.sandbox.ticker import ALARM_SECONDS, TICK_SECONDS, Alarm, EventAlarm, Ticker, TimerAlarm

ALARMS = [EventAlarm, *([TimerAlarm] if sys.platform == "linux" else [])]


class Watched:
    """An alarm that counts: how often it was set, and how often its thread has come to wait for it."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self.sets = self.waits = 0

    def set(self) -> None:
        self.sets += 1
        self._alarm.set()

    def wait(self) -> None:
        self.waits += 1
        self._alarm.wait()

    def close(self) -> None:
        self._alarm.close()


@pytest.fixture(params=ALARMS)
def alarm(request: pytest.FixtureRequest) -> Watched:
    return Watched(request.param())


class Clock:
    """A ticker whose ticks are counted."""

    def __init__(self, alarm: Alarm) -> None:
        self.ticks = 0
        self.ticker = Ticker(self._tick, alarm)

    def _tick(self) -> None:
        self.ticks += 1


@pytest.fixture
def clock(alarm: Watched) -> Iterator[Clock]:
    clock = Clock(alarm)
    yield clock
    clock.ticker.close()


def until(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds; fails after a minute."""
    pause = threading.Event()
    for _ in range(60_000):
        if condition():
            return
        pause.wait(0.001)
    pytest.fail("it never came true")


def test_it_ticks_while_a_call_is_late_and_rests_when_it_has_ended(clock: Clock, alarm: Watched):
    """Twice: what has rested wakes again."""
    for _ in range(2):
        before = clock.ticks
        clock.ticker.began("endless")
        until(lambda: clock.ticks >= before + 3)  # noqa: B023 - used in this turn only
        clock.ticker.ended("endless")
        waits = alarm.waits
        until(lambda: alarm.waits > waits)  # noqa: B023 - likewise


def test_nothing_ticks_while_nothing_runs(clock: Clock, alarm: Watched):
    """An alarm that goes off after a call has ended wakes the thread, and that is all."""
    until(lambda: alarm.waits == 1)
    clock.ticker.began("short")
    clock.ticker.ended("short")
    until(lambda: alarm.waits == 2)
    assert clock.ticks <= 1  # one, if this test was stopped for so long that the call was late


def test_many_short_calls_set_the_alarm_seldom(clock: Clock, alarm: Watched, monkeypatch: pytest.MonkeyPatch):
    """To put it off costs as much as a tick: once for each time that a call would have too little of it left."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for _ in range(1000):
        clock.ticker.began("short")
        clock.ticker.ended("short")
        now += 0.0001
    assert alarm.sets <= 0.1 / (ALARM_SECONDS - TICK_SECONDS) + 1


def test_a_call_with_too_little_time_left_puts_the_alarm_off(
    clock: Clock, alarm: Watched, monkeypatch: pytest.MonkeyPatch
):
    """So that its first tick does not come before one tick's time."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    clock.ticker.began("first")
    clock.ticker.ended("first")
    now += ALARM_SECONDS - TICK_SECONDS / 2
    assert clock.ticker.began("second") == 0
    assert alarm.sets == 2


def test_nobody_puts_the_alarm_off_while_a_call_runs(clock: Clock, alarm: Watched):
    """A busy event loop does not save an endless hook on another thread; for what comes after it, ticks come early."""
    assert clock.ticker.began("endless") == 0
    before = alarm.sets
    while clock.ticks < 3:
        assert clock.ticker.began("short") == 1
        clock.ticker.ended("short")
    assert alarm.sets == before
    clock.ticker.ended("endless")


@pytest.fixture
def hurry() -> Iterator[None]:
    """Threads are switched as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurry")
def test_no_call_is_forgotten_however_others_begin_and_end(clock: Clock):
    """Threads begin and end short calls all the while; whenever an endless one begins, ticks come."""
    over = threading.Event()

    def many_short_ones(name: str) -> None:
        while not over.is_set():
            clock.ticker.began(name)
            clock.ticker.ended(name)

    others = [threading.Thread(target=many_short_ones, args=(str(number),)) for number in range(3)]
    for other in others:
        other.start()
    try:
        for _ in range(100):
            clock.ticker.began("endless")
            before = clock.ticks
            until(lambda: clock.ticks >= before + 2)  # noqa: B023 - used in this turn only
            clock.ticker.ended("endless")
    finally:
        over.set()
        for other in others:
            other.join()


def test_a_call_that_begins_as_another_ends_is_not_forgotten(clock: Clock, alarm: Watched):
    """The moment between seeing that one runs, whose alarm will do, and being among those running."""

    class Slow(set[object]):
        """Tells when somebody looks at it, and ends the call that is seen."""

        def __bool__(self) -> bool:
            seen = len(self) > 0
            if "first" in self and threading.current_thread() is threading.main_thread():
                ending.start()
                ending.join(0.05)  # a lock keeps it until this call is among them
                if not ending.is_alive():
                    until(lambda: alarm.waits == 2)
            return seen

    ending = threading.Thread(target=clock.ticker.ended, args=("first",))
    clock.ticker._running = Slow()
    clock.ticker.began("first")
    until(lambda: clock.ticks > 0)
    clock.ticker.began("second")
    ending.join()
    before = clock.ticks
    until(lambda: clock.ticks >= before + 2)
    clock.ticker.ended("second")


def test_closing_ticks_once_more(alarm: Watched):
    """What should run still is interrupted."""
    clock = Clock(alarm)
    clock.ticker.close()
    assert clock.ticks == 1


@pytest.mark.skipif(sys.platform != "linux", reason="timers of Linux")
def test_a_timer_that_can_not_be_set_is_an_error():
    """A hook that nothing could stop does not start."""
    alarm = TimerAlarm()
    alarm.close()
    with pytest.raises(OSError, match="can not be set"):
        alarm.set()
