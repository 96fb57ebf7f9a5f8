"""Who hangs, and who only has no processor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.workers.beats import Beats, Watch, waited_for_processor


def test_what_one_process_beats_another_sees():
    """Each its own; none has at first."""
    beats = Beats(2, 30.0)
    assert (beats.every, beats.last(0), beats.last(1)) == (3.0, 0, 0)
    for _ in range(2):
        last = beats.last(1)
        child = os.fork()
        if not child:
            beats.beat(1)
            os._exit(0)
        os.waitpid(child, 0)
        assert beats.last(1) > last
    assert beats.last(0) == 0


def looks(*seen: tuple[float, int, float | None], bound: float = 30.0) -> list[bool]:
    """What a watch with three seconds between looks says to each: when, which beat, how long it has waited for a processor."""
    watch = Watch(3.0, bound)
    return [watch.hangs(*one) for one in seen]


def test_who_does_not_beat_hangs():
    """From the look on that saw none for so long."""
    assert looks(*((3.0 * number, 7, 0.0) for number in range(12))) == [False] * 10 + [True] * 2


def test_who_may_take_longer_hangs_later():
    """As one that starts, and beats when it is ready."""
    assert looks(*((3.0 * number, 0, 0.0) for number in range(102)), bound=300.0) == [False] * 100 + [True] * 2
    assert not any(looks(*((3.0 * number, number // 99, 0.0) for number in range(200)), bound=300.0))


def test_who_beats_does_not():
    """However seldom, and however late the first time."""
    assert not any(looks(*((3.0 * number, number // 9, 0.0) for number in range(100))))


def test_who_has_no_processor_does_not():
    """It is ready to run nearly all the time. One that takes what it gets, and does not beat, hangs after so much of it."""
    assert not any(looks(*((3.0 * number, 7, 2.99 * number) for number in range(100))))
    assert looks(*((3.0 * number, 7, 1.5 * number) for number in range(22))).index(True) == 20


def test_a_wait_counts_though_it_is_told_when_it_is_over():
    """Not for the look only that hears of it."""
    quiet = [(3.0 * number, 7, 0.0) for number in range(10)]
    assert looks(*quiet, (30.0, 7, 29.0))[-1] is False
    assert looks(*quiet, (30.0, 7, 0.0))[-1] is True


@pytest.mark.parametrize("gap", [6.0, 31.0, 3600.0])
def test_a_machine_that_stood_still_is_no_fault_of_its_workers(gap: float):
    """The supervisor looks late, and only knows that it did not run itself."""
    assert not any(looks(*((gap * number, 7, 0.0) for number in range(100))))
    went_on = [(gap + 3.0 * number, 7, 0.0) for number in range(11)]
    assert looks((0.0, 7, 0.0), *went_on).index(True) == 11


def test_nobody_is_judged_by_what_is_not_known():
    """As without descriptors."""
    assert not any(looks(*((3.0 * number, 7, None) for number in range(100))))
    assert not any(looks(*((3.0 * number, 7, 0.0 if number % 9 else None) for number in range(100))))


def test_the_system_tells_how_long_a_process_waited(monkeypatch):
    """Never less than before; 0 of one that is not there."""
    before = waited_for_processor(os.getpid())
    assert before is not None
    assert 0.0 <= before <= (waited_for_processor(os.getpid()) or 0.0)
    assert waited_for_processor(2**30) == 0.0

    def refuse(_: Path) -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert waited_for_processor(os.getpid()) is None
