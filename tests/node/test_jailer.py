"""The process that starts processes: whoever is gone, nothing of them is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.node.command import find, plan_of
from runtime.node.jail import Plan
from runtime.node.processes import open_processes
from tests.node.waiting import children, gone
from tests.sandbox.running import LIMITS


@pytest.fixture
def plan() -> Plan:
    """Node, as the engine starts it."""
    return plan_of(find(""), LIMITS)


async def test_processes_end_with_their_jailer(plan: Plan):
    """The kernel ends them; the host is told, and says so to who asks for another."""
    processes = await open_processes(plan)
    running = [await processes.spawn() for _ in range(2)]
    os.kill(processes._jailer.pid, signal.SIGKILL)
    for process in running:
        await process.death()
        await gone(process.pid)

    with pytest.raises(Unavailable):
        await processes.spawn()
    await processes.close()


async def test_another_jailer_takes_the_place_of_one_that_ended(plan: Plan):
    """By a process that still may: the service could have given up the rights that it takes. What ran is over."""
    processes = await open_processes(plan)
    running = await processes.spawn()
    (jailer,) = children(processes._jailer.pid)
    os.kill(jailer, signal.SIGKILL)
    await running.death()
    await gone(running.pid)
    again = await processes.spawn()

    assert running.ended.done()
    assert again.memory()["VmRSS"] > 1 << 20
    assert children(processes._jailer.pid) not in ([], [jailer])
    await processes.close()
    await gone(again.pid)
    assert processes._jailer.returncode == 0


async def test_processes_end_with_the_host(plan: Plan):
    """The jailer sees its socket close, ends all, and itself."""
    processes = await open_processes(plan)
    running = [await processes.spawn() for _ in range(2)]
    await processes.close()
    for process in running:
        await gone(process.pid)

    assert processes._jailer.returncode == 0


async def test_a_killed_process_is_gone_and_the_next_is_new(plan: Plan):
    """Nothing but what was killed ends."""
    processes = await open_processes(plan)
    first, second = await processes.spawn(), await processes.spawn()
    first.kill()
    first.kill()
    await gone(first.pid)

    assert not second.ended.done()
    third = await processes.spawn()
    assert third.cpu_ms() > 0
    assert third.memory()["VmRSS"] > 1 << 20
    await processes.close()


async def test_a_process_that_is_limited_has_no_more_memory(plan: Plan):
    """From the time on that it is ready, so that nobody waits for it who runs a hook; then as is said, at once."""
    processes = await open_processes(plan)
    process = await processes.spawn()
    first = _data_limit(process.pid)
    await process.bound(plan.memory_bytes)
    assert _data_limit(process.pid) == first
    await process.bound(4 << 20)
    assert _data_limit(process.pid) == first - plan.memory_bytes + (4 << 20)
    process.kill()
    await process.death()
    await process.bound(8 << 20)
    await processes.close()


def _data_limit(pid: int) -> int:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(int(line.split()[3]) for line in lines if line.startswith("Max data size"))
