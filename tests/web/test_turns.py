"""Whose token request is next."""

from __future__ import annotations

import asyncio

import pytest

from runtime.errors import Unavailable
from runtime.web import turns as module
from runtime.web.turns import AT_ONCE, CONTENDED_SECONDS, Turns


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> Turns:
    return Turns(clock)


async def served(turns: Turns, tenants: str) -> str:
    """In which order these pass, that all come in one go. A dot is a time round the loop."""
    order: list[str] = []

    async def one(tenant: str) -> None:
        turn = turns.wait(tenant)
        if turn is not None:
            await turn
        order.append(tenant)

    async def rounds() -> None:
        while len(order) - order.count(".") < len(tenants):
            order.append(".")
            await asyncio.sleep(0)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for tenant in tenants:
            group.create_task(one(tenant))
        group.create_task(rounds())
    return "".join(order)


async def test_one_tenant_waits_for_nobody(turns: Turns):
    """All pass as they come."""
    assert (await served(turns, "a" * 50)).startswith("a" * 50)


async def test_a_storm_lets_others_pass(turns: Turns):
    """Who comes after fifty of another is not the fifty-first."""
    await served(turns, "ba")
    order = (await served(turns, "a" * 50 + "b")).replace(".", "")
    assert order.index("b") <= AT_ONCE
    assert order.count("a") == 50


async def test_a_few_pass_each_time_round(turns: Turns):
    """So that what arrives meanwhile is seen."""
    await served(turns, "ba")
    order = await served(turns, "a" * 20)
    assert max(map(len, order.split("."))) <= AT_ONCE
    assert order.count("a") == 20


async def test_those_who_wait_pass_in_turn(turns: Turns):
    """Tenant by tenant, each in its order."""
    await served(turns, "ba")
    order = (await served(turns, "aaaaaabbbbbbcc")).replace(".", "")
    assert sorted(order) == sorted("aaaaaabbbbbbcc")
    assert order.index("c") <= 3
    assert "aaaa" not in order[:10]


async def test_a_tenant_that_is_alone_again_waits_no_more(turns: Turns, clock: Clock):
    """A second after the last of another."""
    await served(turns, "ba")
    clock.now += CONTENDED_SECONDS
    assert (await served(turns, "a" * 50)).startswith("a" * 50)


async def test_who_has_left_takes_no_turn(turns: Turns):
    """A client that hung up while it waited."""
    await served(turns, "ba")
    waiting = [turn for turn in (turns.wait("a") for _ in range(9)) if turn is not None]
    for turn in waiting[:-1]:
        turn.cancel()
    async with asyncio.timeout(10):
        await waiting[-1]
    assert turns._waiting == {}


async def test_so_many_may_wait(turns: Turns, monkeypatch: pytest.MonkeyPatch):
    """Of one tenant; more are refused at once, others are not."""
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    await served(turns, "ba")
    waiting = [turns.wait("a") for _ in range(AT_ONCE + 3)]
    with pytest.raises(Unavailable):
        turns.wait("a")
    assert turns.wait("b") is None
    async with asyncio.timeout(10):
        for turn in waiting:
            if turn is not None:
                await turn
