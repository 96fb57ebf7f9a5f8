"""A control group for each jailed process. The kernel's own, where this machine shows cgroup v2 and lets us divide it.

The memory controller can not be had here where the machine has it in cgroup v1: what is read and written for it is tested by
its files.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from runtime.node import delegation
from runtime.node.channel import Channel
from runtime.node.command import find, plan_of
from runtime.node.conversation import Conversation
from runtime.node.groups import Group, sweep
from runtime.node.jail import LANDLOCK, NAMESPACES
from runtime.node.processes import Death, Process, open_processes
from runtime.node.program import image_of, load_program
from runtime.sandbox.operations.base import Place, nothing
from runtime.sandbox.operations.underway import UnderWay
from tests.sandbox.running import LIMITS

PLAN = plan_of(find(""), LIMITS)


def divisible() -> Path:
    """Where we may make groups. A machine may have it read-only, or not at all."""
    try:
        own = delegation.own_group(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())
    except delegation.NoGroups as missing:
        pytest.skip(f"the kernel shows no cgroup v2: {missing}")
    if not os.access(own / "cgroup.procs", os.W_OK):
        pytest.skip(f"the kernel lets nobody divide {own} here")
    return own


@pytest.fixture
def folder() -> Iterator[Path]:
    """One for groups, without controllers: the group that we are in has other processes, too."""
    folder = divisible() / f"hookd-test-{os.getpid()}"
    folder.mkdir()
    yield folder
    delegation.leave(str(folder))
    assert not folder.exists()


def groups_in(folder: Path) -> dict[str, list[int]]:
    """The groups, and the processes in each."""
    return {
        place.name: [int(pid) for pid in (place / "cgroup.procs").read_text().split()]
        for place in folder.iterdir()
        if place.is_dir()
    }


@pytest.mark.parametrize("walls", [[NAMESPACES], [LANDLOCK]], ids="+".join)
async def test_each_process_has_a_group_of_its_own(folder: Path, walls: list[str]):
    """From its first moment on, and the group goes with it."""
    processes = await open_processes(replace(PLAN, walls=walls, groups=str(folder)))
    assert processes.no_groups == ""
    first, second = await processes.spawn(), await processes.spawn()
    assert sorted(groups_in(folder).values()) == sorted([[first.pid], [second.pid]])
    first.kill()
    death = await first.death()
    # Its channel is closed, too, and it may end by itself before it is killed.
    assert (os.waitstatus_to_exitcode(death.status) in (0, -signal.SIGKILL), death.starved) == (True, False)
    assert list(groups_in(folder).values()) == [[second.pid]]
    await processes.close()


async def test_what_a_jailer_left_is_ended_by_the_next(folder: Path):
    """And removed."""
    plan = replace(PLAN, groups=str(folder))
    processes = await open_processes(plan)
    process = await processes.spawn()
    os.kill(processes._jailer.pid, signal.SIGKILL)
    await process.death()
    again = await open_processes(plan)
    other = await again.spawn()
    another = await again.spawn()
    another.kill()
    await another.death()

    assert list(groups_in(folder).values()) == [[other.pid]]
    await again.close()
    await processes.close()


async def test_a_folder_that_is_none_leaves_the_groups_out(tmp_path: Path):
    """They are one layer of several: without them processes run, and the reason is known."""
    processes = await open_processes(replace(PLAN, groups=str(tmp_path / "none")))
    assert "No such file" in processes.no_groups
    assert (await processes.spawn()).pid
    await processes.close()
    plain = await open_processes(replace(PLAN, groups=str(tmp_path)))
    assert plain.no_groups != ""
    await plain.close()


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Group]:
    """A group by its files, with memory."""
    place = tmp_path / "1"
    place.mkdir()
    for name, text in {
        "memory.current": "5000000\n",
        "memory.max": "max\n",
        "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\noom_group_kill 0\n",
    }.items():
        (place / name).write_text(text)
    parent = os.open(tmp_path, os.O_RDONLY)
    group = Group(parent, "1", has_memory=True)
    yield group
    os.close(group.descriptor)
    os.close(parent)


def test_memory_is_limited_beside_what_there_is(counted: Group, tmp_path: Path):
    """Whatever it is for: V8's heap, buffers, the kernel's own."""
    counted.limit(1_000_000)

    assert (tmp_path / "1/memory.max").read_text() == "6000000"


def test_starving_is_seen(counted: Group, tmp_path: Path):
    """As the kernel counts who it has ended; not whoever came near the limit."""
    assert not counted.is_out_of_memory()
    (tmp_path / "1/memory.events").write_text("oom 1\noom_kill 1\n")

    assert counted.is_out_of_memory()


@pytest.mark.parametrize("starved, code", [(True, "memory_limit"), (False, "sandbox_crashed")])
async def test_who_starved_has_reached_its_memory_limit(starved: bool, code: str):
    """Whatever its peak was, and however the kernel has ended it: the limit's own error, not a crash."""
    channel = Channel(100)
    channel.close()
    process = Process(1, os.getpid(), channel, -1, lambda _: None)
    process.end(Death(signal.SIGKILL, 0, starved=starved))
    program = load_program(image_of("module.exports = (cb) => cb();"))
    held = Conversation(process, program, b"[]", LIMITS, inf, UnderWay(nothing, Place(), most=1, at_once=1))

    assert (await held.hold()).code == code


def test_sweeping_names_what_stays(tmp_path: Path):
    """Files are none of it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "file").touch()

    assert sweep(tmp_path) == ["b"]
