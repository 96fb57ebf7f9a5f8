"""Two runtimes on one storage, as two workers have it, or two machines: what is done at one is so at the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from runtime.settings import Settings
from tests.redis_servers import RedisServer
from tests.waiting import until
from tests.web.conftest import REQUEST, Api, hook_of, opened, settings_in
from tests.web.test_logs import LOGS, run, tail

HOOKS = "/api/v2/hooks"


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, runtime_database: Path, engine_cache: Path) -> Settings:
    settings = settings_in(runtime_database.parent, engine_cache)
    if request.param == "sqlite":
        return settings
    server: RedisServer = request.getfixturevalue("redis_server")
    return replace(settings, storage=replace(settings.storage, url=server.url, prefix=f"hookd-{uuid4().hex}"))


@pytest.fixture
async def two(settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    async with opened(settings) as one, opened(settings) as other:
        await until(lambda: one.runtime.storage.peers.are_there and other.runtime.storage.peers.are_there)
        yield one, other


async def claims(api: Api) -> object:
    """What a token gets there."""
    return (await api.execute())["claims"]


async def test_a_change_is_in_force_everywhere_at_once(two: tuple[Api, Api]):
    """For whoever asks after the API's answer, whichever process made it."""
    one, other = two
    source = "cb(null, { 'https://a/n': [%s, context.webtask.secrets.A || 0] });"
    assert [await claims(one), await claims(other)] == [{}, {}]

    async def everywhere(value: list[object] | None) -> None:
        expected = {} if value is None else {"https://a/n": value}
        assert [await claims(other), await claims(one)] == [expected, expected]

    hook = await one.create(hook_of(source % 1))
    path = f"{HOOKS}/{hook['id']}"
    await everywhere([1, 0])
    await other.call("POST", f"{path}/secrets", {"A": "a"})
    await everywhere([1, "a"])
    await one.call("PATCH", f"{path}/secrets", {"A": "b"})
    await everywhere([1, "b"])
    await other.call("PATCH", path, {"script": hook_of(source % 2)})
    await everywhere([2, "b"])
    await one.call("DELETE", f"{path}/secrets", ["A"])
    await everywhere([2, 0])
    second = await other.create(hook_of(source % 3), name="second")
    await everywhere([3, 0])
    await one.call("PATCH", f"{HOOKS}/{second['id']}", {"enabled": False})
    await everywhere(None)
    await other.call("PATCH", path, {"enabled": True})
    await everywhere([2, 0])
    await one.call("DELETE", path)
    await everywhere(None)


async def test_a_request_that_comes_again_runs_no_hook(two: tuple[Api, Api]):
    """Whichever machine it comes to. (What is on one machine shares memory: tests/end_to_end.)"""
    if two[0].runtime.storage.peers.answers is None:
        return
    await two[0].create(hook_of("cb(null, { 'https://a/n': Math.random() });"))

    async def ask(api: Api) -> tuple[object, str]:
        headers = {**api.headers, "X-Request-Id": "a-request-of-mine"}
        path = "/api/v1/triggers/credentials-exchange/execute"
        async with api.client.post(api.url + path, json=REQUEST, headers=headers) as answer:
            return (await answer.json())["claims"], answer.headers.get("X-Hook-Repeated", "")

    answers = await asyncio.gather(*(ask(two[number % 2]) for number in range(10)))
    assert len({str(claims) for claims, _ in answers}) == 1
    assert sorted(repeated for _, repeated in answers) == ["", *["true"] * 9]


async def test_a_burst_of_changes_leaves_nobody_behind(two: tuple[Api, Api]):
    """While both answer all the time, each answer after a change is that change's, or a later one's."""
    one, other = two
    source = "cb(null, { 'https://a/n': %d });"
    hook = await one.create(hook_of(source % 0))
    done = 0

    async def ask(api: Api) -> None:
        while done < 20:
            least = done
            value = (await claims(api))["https://a/n"]  # type: ignore[index]
            assert least <= value <= done + 1

    async def change() -> None:
        nonlocal done
        for number in range(1, 21):
            api = (one, other)[number % 2]
            await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"script": hook_of(source % number)})
            done = number

    await asyncio.gather(change(), ask(one), ask(other), ask(other))


async def test_the_log_has_what_ran_elsewhere(two: tuple[Api, Api]):
    """As soon as its answer is there: list, one record, summary."""
    one, other = two
    await one.create(hook_of("cb(null, {});"))
    for at, elsewhere in ((one, other), (other, one)):
        execution = await run(at)
        listed = (await elsewhere.call("GET", LOGS)).body["executions"]
        assert listed[0]["id"] == execution
        assert (await elsewhere.call("GET", f"{LOGS}/{execution}")).status == 200
    assert (await other.call("GET", f"{LOGS}/summary")).body["executions"] == 2


async def test_a_tail_has_what_runs_everywhere(two: tuple[Api, Api]):
    """Each execution once, in the order of the ids."""
    one, other = two
    await one.create(hook_of("cb(null, {});"))
    async with tail(other) as here, tail(one) as there:
        await other.runtime.relay.ready()
        await one.runtime.relay.ready()
        ids = [await run((one, other)[n % 2]) for n in range(12)]
        assert [(await here.event())["id"] for _ in ids] == sorted(ids)
        assert [(await there.event())["id"] for _ in ids] == sorted(ids)


async def test_a_listener_that_comes_back_elsewhere_has_missed_nothing(two: tuple[Api, Api]):
    """With the last id it saw, at the other process, while both are at work."""
    one, other = two
    await one.create(hook_of("cb(null, {});"))
    ids: list[str] = []
    seen: list[str] = []

    async def work(api: Api) -> None:
        while len(ids) < 120:
            ids.append(await run(api))

    async def listen() -> None:
        last: dict[str, str] = {"Last-Event-ID": "0" * 26}
        for turn in range(12):
            async with tail((one, other)[turn % 2], last) as stream:
                seen.extend([(await stream.event())["id"] for _ in range(10)])
            last = {"Last-Event-ID": seen[-1]}

    await asyncio.gather(work(one), work(other), listen())
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(ids)
    assert seen == sorted(ids)[: len(seen)]


async def test_a_change_is_in_force_by_url_everywhere_at_once(two: tuple[Api, Api]):
    """Of a hook that no extensibility point runs, its secrets, and its name."""
    one, other = two
    path, script = "/api/run/acme/a-hook", hook_of("cb(null, [%s, context.webtask.secrets.A || 0])")

    async def everywhere(expected: object) -> None:
        for api in (one, other):
            async with api.client.post(api.url + path, json=REQUEST, headers=api.headers) as answer:
                assert (answer.status if answer.status != 200 else (await answer.json())["data"]) == expected

    await everywhere(404)
    hook = await one.create(script % 1, enabled=False)
    of_hook = f"{HOOKS}/{hook['id']}"
    await everywhere([1, 0])
    await other.call("POST", f"{of_hook}/secrets", {"A": "a"})
    await everywhere([1, "a"])
    await one.call("PATCH", of_hook, {"script": script % 2})
    await everywhere([2, "a"])
    namesake = await other.create("module.exports = () => ({})", "password-exchange", enabled=False)
    await everywhere(409)
    await one.call("DELETE", f"{HOOKS}/{namesake['id']}")
    await everywhere([2, "a"])
    await other.call("PATCH", of_hook, {"name": "renamed"})
    await everywhere(404)
