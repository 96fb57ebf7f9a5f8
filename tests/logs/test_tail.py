from __future__ import annotations

import asyncio

import pytest

from runtime.errors import Unavailable
from runtime.logs.base import RECORD_BYTES
from runtime.logs.tail import Missed, Subscription, Tail
from runtime.model import ConsoleLine
from runtime.storage.base import ExecutionFilter
from tests.executions import execution

ALL = ExecutionFilter()


async def drain(subscription: Subscription) -> list[int]:
    """The numbers of what waits; a missed count is negative."""
    numbers = []
    while (event := await subscription.next(0.01)) is not None:
        numbers.append(-event.count if isinstance(event, Missed) else int(event.id))
    return numbers


async def test_a_listener_gets_what_comes_after_it():
    """In order, from the subscription on, to its end."""
    tail = Tail()
    tail.publish(execution(1))
    with tail.subscribe("acme", ALL) as subscription:
        tail.publish(execution(2))
        tail.publish(execution(3))
        assert await drain(subscription) == [2, 3]
    tail.publish(execution(4))
    assert await drain(subscription) == []


async def test_a_waiting_listener_is_woken():
    """The execution arrives as it is published, not at the end of a time."""
    tail = Tail()
    with tail.subscribe("acme", ALL) as subscription:
        waiting = asyncio.ensure_future(subscription.next(60))
        await asyncio.sleep(0)
        tail.publish(execution(1))
        async with asyncio.timeout(60):
            assert await waiting == execution(1)


async def test_nothing_in_time_is_none():
    """So that the stream can send its heartbeat."""
    with Tail().subscribe("acme", ALL) as subscription:
        assert await subscription.next(0.001) is None


async def test_tenants_are_apart():
    """Nobody hears another tenant, and one that floods its log takes nothing from another's listeners."""
    tail = Tail(queue_bytes=3 * RECORD_BYTES)
    with tail.subscribe("globex", ALL) as subscription:
        tail.publish(execution(1, tenant="globex"))
        for number in range(2, 100):
            tail.publish(execution(number))
        tail.publish(execution(100, tenant="globex"))
        assert await drain(subscription) == [1, 100]


@pytest.mark.parametrize(
    "wanted, expected",
    [
        (ALL, [1, 2, 3, 4]),
        (ExecutionFilter(hook_id="h2"), [2]),
        (ExecutionFilter(client_id="c2"), [3]),
        (ExecutionFilter(decision="deny"), [4]),
        (ExecutionFilter(hook_id="h2", decision="deny"), []),
    ],
)
async def test_filters(wanted, expected):
    """By hook, client and decision; all that are given must fit."""
    tail = Tail()
    with tail.subscribe("acme", wanted) as subscription:
        tail.publish(execution(1))
        tail.publish(execution(2, hook_id="h2"))
        tail.publish(execution(3, client_id="c2"))
        tail.publish(execution(4, decision="deny"))
        assert await drain(subscription) == expected


async def test_a_slow_listener_is_told_how_many_it_missed():
    """The newest stay; the notice stands where the missing ones were, once."""
    tail = Tail(queue_bytes=2 * RECORD_BYTES)
    with tail.subscribe("acme", ALL) as subscription:
        for number in range(1, 6):
            tail.publish(execution(number))
        assert await drain(subscription) == [-3, 4, 5]
        tail.publish(execution(6))
        assert await drain(subscription) == [6]


async def test_a_listener_s_queue_is_bounded_in_bytes():
    """What a hook wrote counts; one that is larger than all is heard nevertheless."""
    tail = Tail(queue_bytes=10 * RECORD_BYTES)
    large = (ConsoleLine(level="info", text="x" * 4 * RECORD_BYTES),)
    with tail.subscribe("acme", ALL) as subscription:
        for number in range(1, 6):
            tail.publish(execution(number, console=large))
        assert await drain(subscription) == [-4, 5]
        tail.publish(execution(6, console=large * 10))
        assert await drain(subscription) == [6]
        for number in range(7, 17):
            tail.publish(execution(number))
        assert await drain(subscription) == [*range(7, 17)]


async def test_the_number_of_listeners_is_bounded():
    """Per tenant; one that leaves makes room, and another tenant is not concerned."""
    tail = Tail(most=1)
    with tail.subscribe("acme", ALL):
        with pytest.raises(Unavailable), tail.subscribe("acme", ALL):
            pass
        with tail.subscribe("globex", ALL):
            pass
    with tail.subscribe("acme", ALL):
        pass


async def test_closing_wakes_the_listener():
    """The server stops: no listener waits for its heartbeat."""
    with Tail().subscribe("acme", ALL) as subscription:
        waiting = asyncio.ensure_future(subscription.next(60))
        await asyncio.sleep(0)
        subscription.close()
        async with asyncio.timeout(60):
            assert await waiting is None
        assert await subscription.next(60) is None
        assert subscription.closed


async def test_a_listener_may_want_bad_news_only():
    """A level is the least; the other members of the filter hold too."""
    tail = Tail()
    warned = (ConsoleLine(level="warn", text="x"),)
    with tail.subscribe("acme", ExecutionFilter(level="warn", client_id="c1")) as subscription:
        tail.publish(execution(1))
        tail.publish(execution(2, console=warned))
        tail.publish(execution(3, console=warned, client_id="c2"))
        assert await drain(subscription) == [2]
