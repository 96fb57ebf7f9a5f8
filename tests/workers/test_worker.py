"""What a worker hears from its supervisor, and says to it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from runtime.workers.slates import Slates
from runtime.workers.worker import Worker


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_when_it_is_told_to(number: signal.Signals):
    """By a signal."""
    life, supervisor = os.pipe()
    stop = Worker(number=0, sockets=[], ready_pipe=-1, life_pipe=life, memory=-1, slates=Slates(1)).stop_asked()
    assert not stop.is_set()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(10):
        await stop.wait()
    asyncio.get_running_loop().remove_reader(life)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    os.close(life)
    os.close(supervisor)


async def test_it_stops_when_its_supervisor_is_gone():
    """However that went: the kernel closes the pipe."""
    life, supervisor = os.pipe()
    stop = Worker(number=0, sockets=[], ready_pipe=-1, life_pipe=life, memory=-1, slates=Slates(1)).stop_asked()
    os.close(supervisor)
    async with asyncio.timeout(10):
        await stop.wait()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    os.close(life)


def test_it_says_that_it_is_ready():
    """Once; also when nobody hears it any more."""
    supervisor, ready = os.pipe()
    Worker(number=0, sockets=[], ready_pipe=ready, life_pipe=-1, memory=-1, slates=Slates(1)).is_ready()
    assert os.read(supervisor, 10) == b"r"
    assert os.read(supervisor, 10) == b""
    os.close(supervisor)
    supervisor, ready = os.pipe()
    os.close(supervisor)
    Worker(number=0, sockets=[], ready_pipe=ready, life_pipe=-1, memory=-1, slates=Slates(1)).is_ready()
