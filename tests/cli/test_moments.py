from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from runtime.cli.moments import clock, local_time, moment


@pytest.fixture(autouse=True)
def _zone(monkeypatch):
    """A machine two hours east of Greenwich."""
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_times_are_those_of_the_machine():
    """Not of the server."""
    assert local_time("2026-11-21T20:15:09.123Z") == "2026-11-21 22:15:09"
    assert clock("2026-11-21T20:15:09.123Z") == "22:15:09.123"


def test_a_moment_is_said_in_words_too():
    """How long ago is what one looks for."""
    then = datetime.fromtimestamp(time.time() - 301, UTC).isoformat()

    assert moment(then) == f"5 minutes ago ({local_time(then)})"
    assert moment(datetime.now(UTC).isoformat()).startswith("just now (")
