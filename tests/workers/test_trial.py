"""What a trial hands on, and to whom. tests/workers/test_supervisor.py has what a supervisor does with it."""

from __future__ import annotations

import os
import signal
import sys
import time
from math import inf
from pathlib import Path

import pytest

from runtime.workers.trial import READS, WRITES, Trial, hand_on, tried
from tests.workers.started import REPOSITORY, memory_of

READ = b"what-the-trial-read"
HANDS_ON = f"import os; from runtime.workers.trial import hand_on; hand_on({READ!r}, os.environ)"


def ended(trial: Trial) -> int:
    """With which code."""
    assert trial._process is not None
    pid, status = os.waitpid(trial._process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert trial.has_ended(pid, code)
    assert not trial.has_ended(pid, code)
    return code


def kept() -> list[Path]:
    """What this process has open of what was read."""
    return memory_of(os.getpid())


def test_what_it_read_is_the_new_program_s(monkeypatch):
    """In memory that nobody can change any more; no variable and no command line has it."""
    monkeypatch.chdir(REPOSITORY)
    trial = Trial([sys.executable, "-c", HANDS_ON])
    trial.begin()
    assert ended(trial) == 0
    file = trial.handed_on()
    for change in (lambda: os.write(file, b"x"), lambda: os.truncate(file, 0), lambda: os.truncate(file, 1000)):
        with pytest.raises(PermissionError):
            change()
    environ = {READS: str(file), "OTHER": "x"}
    assert tried(environ) == READ
    assert environ == {"OTHER": "x"}
    assert kept() == []
    assert not {READS, WRITES} & os.environ.keys()


def test_a_trial_of_another_version_hands_nothing_on():
    """Then the new program reads for itself."""
    trial = Trial([sys.executable, "-c", ""])
    trial.begin()
    assert ended(trial) == 0
    assert trial.handed_on() == -1
    trial.close()
    assert trial.handed_on() == -1


def test_who_was_not_tried_is_handed_nothing():
    """A first start, and `hookd serve --check` as somebody calls it."""
    environ = {"OTHER": "x"}
    assert tried(environ) is None
    hand_on(READ, environ)
    assert environ == {"OTHER": "x"}


def test_who_asks_while_it_is_under_way_has_outdated_it(tmp_path):
    """It may have read before that."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    trial = Trial([sys.executable, "-c", f"open({str(pipe)!r}).read()"])
    for _ in range(2):
        trial.begin()
        assert (trial.is_under_way, trial.is_outdated) == (True, False)
        trial.begin()
        assert (trial.is_under_way, trial.is_outdated) == (True, True)
        pipe.write_text("")
        assert ended(trial) == 0
    trial.close()


def test_a_trial_that_can_not_be_leaves_nothing(tmp_path):
    """Nor is it under way."""
    trial = Trial([str(tmp_path / "none")])
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            trial.begin()
        assert not trial.is_under_way
    assert kept() == []


def test_a_trial_that_is_late_can_be_given_up(tmp_path):
    """Then another one may begin; who ends it is told nothing of the one before."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    trial = Trial([sys.executable, "-c", f"open({str(pipe)!r}).read()"], 10)
    assert trial.late_at == inf
    trial.give_up()
    before = time.monotonic()
    trial.begin()
    assert trial.late_at >= before + 10
    assert trial._process is not None
    late = trial._process.pid
    trial.give_up()
    assert (trial.is_under_way, trial.late_at) == (False, inf)
    trial.begin()
    assert not trial.is_outdated
    _, status = os.waitpid(late, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert not trial.has_ended(late, -signal.SIGKILL)
    pipe.write_text("")
    assert ended(trial) == 0
    assert trial.late_at == inf
    trial.close()
