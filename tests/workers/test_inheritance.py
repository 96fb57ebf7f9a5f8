"""What a supervisor leaves to the one that it becomes. tests/workers/test_supervisor.py has that it goes on with it."""

from __future__ import annotations

import json
import os
import socket

import pytest

from runtime.workers.inheritance import INHERITED, Inherited, become, inherited

OLDER = {"life": [3, 4], "sockets": [[5], [6]], "pids": [7, 8]}


def test_a_service_that_was_not_started_anew_inherits_nothing():
    """Nobody says so."""
    assert inherited({}) is None


def test_what_an_older_version_left_is_understood(monkeypatch):
    """It knew no memory. What this process starts later is told nothing of it."""
    monkeypatch.setenv(INHERITED, json.dumps(OLDER))
    state = inherited(dict(os.environ))
    assert state == Inherited(life=[3, 4], sockets=[[5], [6]], pids=[7, 8], memory=(-1, -1))
    assert INHERITED not in os.environ


def test_a_command_that_can_not_be_run_leaves_all_as_it_was(tmp_path):
    """Other programs still inherit nothing."""
    life = os.pipe()
    with socket.socket() as one:
        state = Inherited(life=life, sockets=[[one.fileno()]], pids=[], memory=(life[0], 0))
        with pytest.raises(FileNotFoundError):
            become([str(tmp_path / "none")], state)
        assert not any(map(os.get_inheritable, [*life, one.fileno()]))
    for descriptor in life:
        os.close(descriptor)
    assert INHERITED not in os.environ
