"""Jailed processes as the host sees them: what is said of those that do not start, and how a death is told."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
import uvloop

from runtime.errors import Unavailable
from runtime.model import Answer
from runtime.node.command import find, plan_of
from runtime.node.engine import open_node
from runtime.node.processes import open_processes
from runtime.settings import NodeSettings
from tests.sandbox.running import AMPLE, LIMITS
from tests.waiting import until

PLAN = plan_of(find(""), LIMITS)


def running(script: str) -> list[str]:
    """A command that runs this script instead of ours."""
    return [*PLAN.command[:-1], script]


@pytest.mark.parametrize(
    "command, says",
    [
        (running("process.exit(3)"), "it ended before it was ready"),
        (running("throw new Error('oops')"), "oops"),
        (running("require('fs').writeSync(3, '\\x02\\0\\0\\0{}')"), "did not say that it is ready"),
        (running("require('fs').writeSync(3, 'x'.repeat(9999))"), "ended before it was ready"),
        (["/nowhere"], "the jail can not be entered"),
    ],
)
async def test_a_process_that_does_not_start_says_why(command: list[str], says: str):
    """Its own words where it has some; and the next one is tried as if nothing had been."""
    processes = await open_processes(replace(PLAN, command=command))
    for _ in range(2):
        with pytest.raises(Unavailable, match=says):
            await processes.spawn()
    await processes.close()


def test_the_services_event_loop_has_processes_too():
    """uvloop's transports are their own: a whole engine runs on it, and has another jailer when one dies."""

    async def run() -> list[object]:
        engine = await open_node(NodeSettings(enabled=True, processes=1), LIMITS)
        program = engine.load(await engine.make_image("module.exports = (cb) => setTimeout(cb, 1, null, process.pid);"))
        first = await engine.run(program, b"[]", AMPLE)
        os.kill(engine._pool._processes._jailer.pid, signal.SIGKILL)
        await until(lambda: not engine._pool._processes.is_open)
        second = await engine.run(program, b"[]", AMPLE)
        await engine.close()
        return [first.outcome, second.outcome]

    assert uvloop.run(run()) == [Answer(1), Answer(1)]


async def test_a_signal_to_the_service_is_not_one_to_the_jailer():
    """Ctrl-C goes to a whole group: the service ends its processes itself, when what runs is done."""
    processes = await open_processes(PLAN)
    assert os.getsid(processes._jailer.pid) == processes._jailer.pid
    await processes.close()


async def test_a_death_has_a_status_and_a_peak():
    """As the kernel counts them."""
    ready = "require('fs').writeSync(3, Buffer.concat([Buffer.from([14, 0, 0, 0]), Buffer.from('{\"ready\":true}')]));"
    processes = await open_processes(replace(PLAN, command=running(f"{ready} console.error('bye'); process.exit(9)")))
    process = await processes.spawn()
    death = await process.death()

    assert death.status == 9 << 8
    assert death.peak > 10 << 20
    assert process.errors() == "bye\n"
    await processes.close()
    await processes.close()
