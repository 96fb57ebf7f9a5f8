"""What systemd is told, by a socket as systemd has one. test_supervisor.py has when."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from runtime.workers import notices


@pytest.mark.parametrize("prefix", ["", "@"])
def test_what_is_told_arrives(tmp_path: Path, monkeypatch, prefix):
    """At a socket that is a file, or has a name of its own; the time is the clock's of sd_notify(3)."""
    place = prefix + (f"hookd-test-{os.getpid()}" if prefix else str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(place.replace("@", "\0"))
        manager.settimeout(10)
        notices.tell_ready("2 workers")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        notices.tell_reloading()
        notices.tell_stopping()

        assert manager.recv(1000) == b"READY=1\nSTATUS=2 workers"
        reloading, _, moment = manager.recv(1000).decode().partition("\nMONOTONIC_USEC=")
        assert reloading == "RELOADING=1"
        assert before <= int(moment) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert manager.recv(1000) == b"STOPPING=1"


@pytest.mark.parametrize("place", [None, "", "/nowhere/at/all", "relative", "vsock:2:1"])
def test_nobody_who_listens_is_no_harm(monkeypatch, place):
    """Without a manager, or with one that is gone."""
    if place is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", place)

    notices.tell_ready("")
