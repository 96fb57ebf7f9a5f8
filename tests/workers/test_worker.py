"""What a worker hears from its supervisor, and says to it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from runtime.workers.beats import Beats
from runtime.workers.slates import Slates
from runtime.workers.worker import Worker
from tests.waiting import until


def worker(life_pipe: int = -1, ready_pipe: int = -1, bound: float = 30.0) -> Worker:
    return Worker(
        number=0,
        sockets=[],
        ready_pipe=ready_pipe,
        life_pipe=life_pipe,
        memory=-1,
        slates=Slates(1),
        beats=Beats(1, bound),
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_when_it_is_told_to(number: signal.Signals):
    """By a signal."""
    life, supervisor = os.pipe()
    stop = worker(life).stop_asked()
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
    stop = worker(life).stop_asked()
    os.close(supervisor)
    async with asyncio.timeout(10):
        await stop.wait()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    os.close(life)


async def test_it_says_that_it_is_ready():
    """Once; also when nobody hears it any more."""
    supervisor, ready = os.pipe()
    worker(ready_pipe=ready).is_ready()
    assert os.read(supervisor, 10) == b"r"
    assert os.read(supervisor, 10) == b""
    os.close(supervisor)
    supervisor, ready = os.pipe()
    os.close(supervisor)
    worker(ready_pipe=ready).is_ready()


async def test_it_beats_from_then_on():
    """Again and again."""
    supervisor, ready = os.pipe()
    ours = worker(ready_pipe=ready, bound=0.01)
    assert ours.beats.last(0) == 0
    ours.is_ready()
    for _ in range(3):
        last = ours.beats.last(0)
        assert last
        await until(lambda: ours.beats.last(0) > last)  # noqa: B023 - at once
    os.close(supervisor)
