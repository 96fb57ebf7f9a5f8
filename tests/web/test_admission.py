"""Limits of a tenant's rate, over HTTP; and a hook that is left alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from runtime import bootstrap, patience
from runtime.errors import TooManyRequests
from runtime.memory import nameless_file
from runtime.settings import LimitSettings, SandboxSettings, Server, Settings
from runtime.shared_rates import SharedRates
from runtime.web.admission import Admission
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until
from tests.web.conftest import REQUEST, SEED, Api, hook_of, opened, token

EXECUTE = "/api/v1/triggers/credentials-exchange/execute"


def limited(settings: Settings, **server: Any) -> Settings:
    """These settings, with limits."""
    return replace(settings, server=Server(**server))


async def statuses(api: Api, times: int, **headers: str) -> list[int]:
    """Of so many token requests at once."""

    async def ask() -> Any:
        sent = {**api.headers, **headers}
        async with api.client.post(api.url + EXECUTE, json=REQUEST, headers=sent) as answer:
            await answer.read()
            return answer

    answers = await asyncio.gather(*(ask() for _ in range(times)))
    assert all(answer.headers["Retry-After"] == "1" for answer in answers if answer.status == 429)
    return sorted(answer.status for answer in answers)


@pytest.fixture
def rates() -> Iterator[SharedRates]:
    file = nameless_file("hookd-test")
    yield SharedRates(file, clock=lambda: 100.0)
    os.close(file)


@pytest.fixture
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the machine's buckets."""
    monkeypatch.setattr(bootstrap, "SharedRates", partial(SharedRates, clock=lambda: 100.0))


def passed(admission: Admission, times: int, trigger: str = "t") -> int:
    """How many of so many may pass."""
    count = 0
    for _ in range(times):
        with suppress(TooManyRequests):
            assert admission.require("a", trigger) is None
            count += 1
    return count


def test_without_limits_nothing_is_counted(rates: SharedRates):
    """The default."""
    assert not Admission(Server(), rates).is_needed


def test_workers_share_a_limit(rates: SharedRates):
    """Of one service: one of them may use all of it. A burst that is not given is a second's worth."""
    one, other = [Admission(Server(tenant_rate=8), rates) for _ in range(2)]
    assert passed(one, 7) == 7
    assert passed(other, 2) == 1
    with pytest.raises(TooManyRequests) as refused:
        one.require("a", "t")
    assert refused.value.seconds == 0.125


class Asked:
    """Buckets that say it later, and that are asked only when what comes before has passed."""

    def __init__(self, waits: Mapping[str, float]) -> None:
        self._waits = waits
        self.names: list[str] = []

    async def _told(self, name: str) -> float:
        await asyncio.sleep(0)
        return self._waits[name]

    def wait(self, name: str, per_second: float, burst: float) -> float | Awaitable[float]:
        """0 is known at once."""
        self.names.append(f"{name} {per_second:g} {burst:g}")
        return self._told(name) if name in self._waits else 0.0


HOOK, TENANT = "credentials-exchange a", " a"


@pytest.mark.parametrize(
    "waits, refused",
    [
        ({HOOK: 0.0}, None),
        ({TENANT: 0.0}, None),
        ({HOOK: 0.0, TENANT: 0.0}, None),
        ({HOOK: 2.5}, "hook_rate"),
        ({TENANT: 2.5}, "tenant_rate"),
        ({HOOK: 0.0, TENANT: 2.5}, "tenant_rate"),
    ],
)
async def test_what_is_not_known_yet_is_awaited(waits: Mapping[str, float], refused: str | None):
    """By either limit; who is refused by the first costs nothing of the second."""
    buckets = Asked(waits)
    admission = Admission(Server(hook_rate=3, hook_burst=4, tenant_rate=5), buckets)
    asked = admission.require("a", "credentials-exchange")
    assert asked is not None
    if refused is None:
        await asked
    else:
        with pytest.raises(TooManyRequests, match=refused) as error:
            await asked
        assert error.value.seconds == 2.5
    assert buckets.names == [f"{HOOK} 3 4", f"{TENANT} 5 5"][: 1 if refused == "hook_rate" else 2]


async def test_a_limit_alone_may_be_awaited():
    """The other one is not asked."""
    buckets = Asked({HOOK: 0.0})
    asked = Admission(Server(hook_rate=3), buckets).require("a", "credentials-exchange")
    assert asked is not None
    await asked
    assert buckets.names == [f"{HOOK} 3 3"]


async def test_machines_at_one_redis_share_a_limit(
    settings: Settings, redis_server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
):
    """One that gets all requests lets all of the limit pass, and another one what is left."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", PATIENCE)
    storage = replace(settings.storage, url=redis_server.url, prefix=prefix)
    settings = limited(replace(settings, storage=storage), tenant_rate=1, tenant_burst=20, workers=1)
    async with opened(settings) as one, opened(settings) as other:
        await until(lambda: all(node.runtime.storage.peers.processes == 2 for node in (one, other)))
        began = float(redis_server.cli("--raw", "time").split()[0])
        passed = [(await statuses(node, 30)).count(200) for node in (one, other)]
        took = float(redis_server.cli("--raw", "time").split()[0]) - began
    assert passed[0] >= 20
    # Seconds that have begun.
    assert sum(passed) <= 20 + took + 1


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_tenant_has_a_rate(settings: Settings):
    """More is a 429 at once, which says when to come again; other tenants and other routes are as they were."""
    async with opened(limited(settings, tenant_rate=1, tenant_burst=3)) as api:
        await api.create(SEED)
        assert await statuses(api, 4) == [200, 200, 200, 429]
        answer = await api.call("POST", EXECUTE, REQUEST)
        assert (answer.status, answer.body["errorCode"]) == (429, "too_many_requests")
        assert (await api.call("GET", "/api/v2/hooks")).status == 200
        assert await statuses(api.with_token(token(tenant="globex")), 1) == [200]


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_hook_has_a_rate(settings: Settings):
    """One extensibility point does not take the other's; what was refused by one limit is told so."""
    async with opened(limited(settings, hook_rate=1, hook_burst=1)) as api:
        assert await statuses(api, 2) == [200, 429]
        answer = await api.call("POST", EXECUTE, REQUEST)
        assert "hook_rate" in answer.body["message"]
        assert (await api.call("POST", EXECUTE.replace("credentials", "password"), REQUEST)).status == 400


def test_names_that_are_made_up_push_nobody_out():
    """A tenant that asks for one extensibility point after the other, of which there are few, keeps its limit."""
    few = SharedRates(nameless_file("hookd-test"), sets=1, clock=lambda: 100.0)
    admission = Admission(Server(hook_rate=1, hook_burst=1), few)
    assert passed(admission, 2, "credentials-exchange") == 1
    for number in range(5):
        assert passed(admission, 1, f"made-up-{number}") == 1
    assert passed(admission, 1, "credentials-exchange") == 0


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_repeat_is_not_counted(settings: Settings):
    """It runs nothing."""
    async with opened(limited(settings, tenant_rate=1, tenant_burst=1)) as api:
        await api.create(SEED)
        assert await statuses(api, 5, **{"X-Request-Id": "a-request-of-mine"}) == [200] * 5


@pytest.mark.parametrize("on_error", ["deny", "allow"])
async def test_a_hook_that_breaks_again_and_again_is_left_alone(settings: Settings, on_error: str):
    """By its policy's word on failures; its record says why; a change makes it run again."""
    settings = replace(
        settings,
        sandbox=replace(settings.sandbox, breaker_failures=2, breaker_seconds=3600),
        limits=LimitSettings(cpu_ms=5),
    )
    async with opened(settings) as api:
        hook = await api.create(hook_of("for (;;);"))
        path = f"/api/v2/hooks/{hook['id']}"
        assert (await api.call("PATCH", f"/api/v1/hooks/{hook['id']}/policy", {"on_error": on_error})).status == 200
        decisions = [await api.execute() for _ in range(4)]
        assert [one["hook_error"]["code"] for one in decisions] == ["cpu_limit"] * 2 + ["circuit_open"] * 2
        assert {one["decision"] for one in decisions} == {on_error}
        assert "failed 2 times in a row, last with cpu_limit" in decisions[3]["hook_error"]["message"]
        assert decisions[3]["execution"]["cpu_ms"] == 0
        logs = (await api.call("GET", "/api/v1/logs", outcome="circuit_open")).body["executions"]
        assert len(logs) == 2
        await api.call("PATCH", path, {"script": SEED})
        assert "hook_error" not in await api.execute()


def test_the_rule_is_a_setting():
    """With a default that an ordinary hook never meets."""
    assert (SandboxSettings().breaker_failures, SandboxSettings().breaker_seconds) == (20, 10)
