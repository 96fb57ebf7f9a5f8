"""Processes that wait for a hook: each is taken once, and another comes in its place."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from runtime.errors import Unavailable
from runtime.node.command import find, plan_of
from runtime.node.pool import Pool
from runtime.node.processes import open_processes
from tests.node.waiting import gone
from tests.sandbox.running import LIMITS
from tests.waiting import until

PLAN = plan_of(find(""), LIMITS)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Two spare processes."""
    pool = Pool(PLAN, await open_processes(PLAN), 2)
    yield pool
    await pool.close()


async def until_spare(pool: Pool, count: int) -> None:
    """Returns when so many are ready."""
    await until(lambda: pool.spare == count)


async def test_it_fills_itself_and_no_more(pool: Pool):
    """Who takes one is given one at once, and another is made."""
    await pool.fill()
    await until_spare(pool, 2)
    taken = [await pool.take() for _ in range(2)]
    await until_spare(pool, 2)
    await asyncio.gather(*pool._booting)

    assert len({process.pid for process in taken}) == 2
    assert pool.spare == 2


async def test_more_can_be_had_than_are_spare(pool: Pool):
    """Who comes when none is ready waits for one that is made for it."""
    taken = await asyncio.gather(*(pool.take() for _ in range(5)))

    assert len({process.pid for process in taken}) == 5
    await until_spare(pool, 2)


async def test_who_leaves_takes_none(pool: Pool):
    """What was made for it goes to the next, or is spare."""
    leaving = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await pool.take()
    await until_spare(pool, 2)


async def test_one_that_died_in_the_pool_is_not_given(pool: Pool):
    """The machine may end any process."""
    await pool.fill()
    await until_spare(pool, 2)
    dead = pool._ready[0]
    os.kill(dead.pid, signal.SIGKILL)
    await dead.death()

    assert (await pool.take()).pid != dead.pid


async def test_a_jailer_that_died_is_replaced(pool: Pool):
    """With all that it had started; requests go on."""
    await pool.fill()
    await until_spare(pool, 2)
    old = [process.pid for process in pool._ready]
    os.kill(pool._processes._jailer.pid, signal.SIGKILL)
    for pid in old:
        await gone(pid)
    await until(lambda: not pool._processes.is_open)

    assert not (await pool.take()).ended.done()


async def test_what_can_not_be_started_is_an_error_for_who_waits(pool: Pool):
    """At once, for each; not a wait without end."""
    broken = Pool(PLAN, await open_processes(replace(PLAN, command=["/nowhere"])), 1)
    for _ in range(2):
        with pytest.raises(Unavailable, match="the jail can not be entered"):
            await broken.take()
    await broken.close()


async def test_closing_ends_those_that_were_taken_too():
    """And who waits is told."""
    pool = Pool(PLAN, await open_processes(PLAN), 1)
    taken = await pool.take()
    waiting = [asyncio.create_task(pool.take()) for _ in range(3)]
    await asyncio.sleep(0)
    await pool.close()

    assert (
        sum(isinstance(result, Unavailable) for result in await asyncio.gather(*waiting, return_exceptions=True)) >= 2
    )
    await gone(taken.pid)
