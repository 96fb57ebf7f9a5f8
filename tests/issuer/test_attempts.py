"""How often somebody may be wrong: at one token server, and at several that share a Redis."""

from __future__ import annotations

import asyncio
import gc

import pytest

from runtime.issuer.attempts import Attempts, MemoryFailures
from runtime.issuer.oauth_errors import TooManyAttempts
from runtime.issuer.redis_store import open_redis_store
from runtime.issuer.store import MOST_FAILURES, WINDOW_SECONDS
from runtime.redis.address import parse_address
from tests.waiting import until


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "redis"])
async def failures(request, prefix):
    if request.param == "memory":
        yield MemoryFailures()
        return
    store = await open_redis_store(parse_address(request.getfixturevalue("redis_server").url), prefix=prefix)
    yield store.user_failures
    await store.close()


@pytest.fixture
def attempts(clock, failures):
    return Attempts(clock, failures)


async def try_once(attempts, name="ada", ip="1.1.1.1"):
    """Whether it may be tried, without a word on what came of it."""
    async with attempts.attempt(name, ip):
        pass


async def fail(attempts, name="ada", ip="1.1.1.1", times=MOST_FAILURES):
    for _ in range(times):
        async with attempts.attempt(name, ip):
            await attempts.count(name, ip, failed=True)


async def test_ten_failures_are_enough(attempts):
    """For that name from that address; another address, another name go on."""
    await fail(attempts)

    with pytest.raises(TooManyAttempts):
        await try_once(attempts, "ada", "1.1.1.1")
    await try_once(attempts, "ada", "2.2.2.2")
    await try_once(attempts, "grace", "1.1.1.1")


async def test_another_address_of_the_same_network_is_no_other_guesser(attempts):
    """Who has one IPv6 address has 2^64 of them."""
    for number in range(MOST_FAILURES):
        await fail(attempts, ip=f"2001:db8::{number:x}", times=1)

    with pytest.raises(TooManyAttempts):
        await try_once(attempts, ip="2001:db8::ffff:1")
    await try_once(attempts, ip="2001:db8:0:1::1")


async def test_a_success_clears_the_failures(attempts):
    """Only failures in a row count."""
    await fail(attempts, times=MOST_FAILURES - 1)
    await attempts.count("ada", "1.1.1.1", failed=False)

    await fail(attempts)


async def test_it_ends_with_its_time(attempts, clock):
    """Being refused does not make it longer."""
    await fail(attempts)
    clock.now += WINDOW_SECONDS - 1
    with pytest.raises(TooManyAttempts):
        await try_once(attempts, "ada", "1.1.1.1")
    clock.now += 1

    await fail(attempts)


async def test_who_guesses_at_once_has_no_more_guesses(attempts):
    """Those that came later wait for what becomes of the first ones; another name does not."""
    tried, go_on = [], asyncio.Event()

    async def guess(name):
        async with attempts.attempt(name, "1.1.1.1"):
            tried.append(name)
            await go_on.wait()
            await attempts.count(name, "1.1.1.1", failed=True)

    await fail(attempts, times=3)
    guesses = [asyncio.create_task(guess("ada")) for _ in range(5 * MOST_FAILURES)]
    await until(lambda: len(tried) == MOST_FAILURES - 3)
    await try_once(attempts, "grace")
    go_on.set()
    ends = await asyncio.gather(*guesses, return_exceptions=True)

    assert len(tried) == MOST_FAILURES - 3
    assert [type(end) for end in ends] == [type(None)] * len(tried) + [TooManyAttempts] * (len(ends) - len(tried))


async def test_who_is_right_many_times_at_once_is_never_refused(attempts):
    """They wait for each other where they have to, and one that gives up lets the next one in."""
    done, inside = [], asyncio.Event()

    async def log_in(number):
        async with attempts.attempt("ada", "1.1.1.1"):
            inside.set()
            await attempts.count("ada", "1.1.1.1", failed=False)
            done.append(number)

    async def hesitate():
        async with attempts.attempt("ada", "1.1.1.1"):
            inside.set()
            await asyncio.Event().wait()

    await fail(attempts, times=MOST_FAILURES - 1)
    first = asyncio.create_task(hesitate())
    await inside.wait()
    logins = [asyncio.create_task(log_in(number)) for number in range(5 * MOST_FAILURES)]
    await asyncio.sleep(0)
    assert not done
    first.cancel()
    await asyncio.gather(*logins)

    assert len(done) == len(logins)
    del first, logins
    gc.collect()
    assert not attempts._under_way


async def test_only_so_many_pairs_are_remembered(clock):
    """In memory the ones that failed last; a name is not kept, however long it is."""
    failures = MemoryFailures(most_pairs=3)
    attempts = Attempts(clock, failures)
    for name in ("a", "b", "a", "c", "d" * 100_000):
        await fail(attempts, name, times=5)

    assert len(failures._times) == 3
    assert {len(pair) for pair in failures._times} == {32}
    with pytest.raises(TooManyAttempts):
        await try_once(attempts, "a", "1.1.1.1")
    await fail(attempts, "b")


async def test_redis_keeps_no_more_than_it_needs(clock, redis_server, prefix):
    """The last failures of each pair, by its digest, and not for long; users and clients apart."""
    store = await open_redis_store(parse_address(redis_server.url), prefix=prefix)
    for name in ("d" * 100_000, "e"):
        for _ in range(MOST_FAILURES + 2):
            await Attempts(clock, store.client_failures).count(name, "1.1.1.1", failed=True)
    await try_once(Attempts(clock, store.user_failures), "e")
    await store.close()

    keys = redis_server.cli("keys", f"{prefix}:{{{prefix}}}:failures:*").split()
    assert {len(key.rpartition(":")[2]) for key in keys} == {64}
    assert len(keys) == 2
    assert redis_server.cli("zcard", keys[0]) == f"{MOST_FAILURES}\n"
    assert WINDOW_SECONDS < int(redis_server.cli("ttl", keys[0])) <= WINDOW_SECONDS + 60
