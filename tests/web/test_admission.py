"""Limits of a tenant's rate, over HTTP; and a hook that is left alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from runtime import bootstrap, patience
from runtime.errors import TooManyRequests
from runtime.manifest import make_version
from runtime.memory import nameless_file
from runtime.model import Hook
from runtime.rates import Bucket, Waits
from runtime.settings import LimitSettings, SandboxSettings, Server, Settings
from runtime.shared_rates import SharedRates
from runtime.web.admission import Admission
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, until
from tests.web.conftest import REQUEST, SEED, Api, hook_of, opened, token
from tests.web.test_policy import deploy

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


def hook(name: str, tenant: str = "a") -> Hook:
    """One of this id; nothing else is asked of it."""
    return Hook(
        id=name,
        tenant=tenant,
        name=f"hook {name}",
        trigger="credentials-exchange",
        enabled=True,
        version=make_version("credentials-exchange", SEED, {}),
        created_at=0.0,
        updated_at=0.0,
    )


ONE, TWO = hook("one"), hook("two")


def passed(admission: Admission, times: int, *hooks: Hook) -> int:
    """How many of so many may pass."""
    count = 0
    for _ in range(times):
        with suppress(TooManyRequests):
            assert admission.require("a", hooks) is None
            count += 1
    return count


def test_without_limits_nothing_is_counted(rates: SharedRates):
    """The default."""
    admission = Admission(Server(), rates)
    assert not admission.is_needed
    assert passed(admission, 1000, ONE) == 1000


@pytest.mark.parametrize("limits, hooks", [({"tenant_rate": 8}, ()), ({"hook_rate": 8}, (ONE,))])
def test_workers_share_a_limit(rates: SharedRates, limits: dict[str, Any], hooks: tuple[Hook, ...]):
    """Of one service: one of them may use all of it. A burst that is not given is a second's worth."""
    one, other = [Admission(Server(**limits), rates) for _ in range(2)]
    assert passed(one, 7, *hooks) == 7
    assert passed(other, 2, *hooks) == 1
    with pytest.raises(TooManyRequests) as refused:
        one.require("a", hooks)
    assert refused.value.seconds == 0.125


def test_each_hook_has_a_bucket(rates: SharedRates):
    """By its id and tenant, whatever else is changed of it; a request for none takes of none."""
    admission = Admission(Server(hook_rate=1, hook_burst=2), rates)
    assert passed(admission, 3, ONE) == 2
    version = make_version("credentials-exchange", f"{SEED}\n", {})
    assert passed(admission, 3, replace(ONE, name="new", version=version, updated_at=9.0)) == 0
    assert passed(admission, 3, TWO) == 2
    assert passed(admission, 3, hook("one", "another tenant")) == 2
    assert passed(admission, 99) == 99


def test_a_request_for_several_hooks_takes_of_each_or_of_none(rates: SharedRates):
    """Refused for one's sake it leaves the others, and the tenant, what they have; who it is refused for is told first."""
    admission = Admission(Server(hook_rate=1, hook_burst=3, tenant_rate=1, tenant_burst=5), rates)
    assert passed(admission, 1, ONE, TWO) == 1
    assert passed(admission, 3, TWO) == 2
    for hooks in ((ONE, TWO), (TWO, ONE), (TWO,)):
        assert passed(admission, 9, *hooks) == 0
        with pytest.raises(TooManyRequests, match="hook_rate allows come to the hook 'hook two'"):
            admission.require("a", hooks)
    assert passed(admission, 3, ONE) == 2
    # Now the tenant's is empty, and refuses before it takes of a hook.
    with pytest.raises(TooManyRequests, match="tenant_rate allows come from this tenant"):
        admission.require("a", [hook("three")])
    assert passed(Admission(Server(hook_rate=1, hook_burst=3), rates), 9, hook("three")) == 3


def test_it_says_when_all_have_room(rates: SharedRates):
    """Not the first of them."""
    admission = Admission(Server(hook_rate=4, hook_burst=1, tenant_rate=1, tenant_burst=1), rates)
    assert passed(admission, 1, ONE) == 1
    with pytest.raises(TooManyRequests, match="hook_rate") as refused:
        admission.require("a", [ONE])
    assert refused.value.seconds == 1


class Asked:
    """Buckets that say it later, or at once."""

    def __init__(self, *waits: float, later: bool = True) -> None:
        self._waits = waits
        self._later = later
        self.asked: tuple[Bucket, ...] = ()

    def wait(self, *buckets: Bucket) -> Waits | Awaitable[Waits]:
        """All of them together."""
        self.asked = buckets
        return self._told() if self._later else self._waits

    async def _told(self) -> Waits:
        await asyncio.sleep(0)
        return self._waits


HOOKS, TENANT = [Bucket("hook one a", 3, 4), Bucket("hook two a", 3, 4)], Bucket(" a", 5, 5)


@pytest.mark.parametrize("later", [True, False])
@pytest.mark.parametrize(
    "waits, refused",
    [
        ((0.0, 0.0, 0.0), None),
        ((0.0, 2.5, 0.0), "hook_rate"),
        ((2.5, 0.0, 0.5), "hook_rate"),
        ((0.0, 0.0, 2.5), "tenant_rate"),
    ],
)
async def test_what_is_not_known_yet_is_awaited(waits: Waits, refused: str | None, later: bool):
    """By whichever limit; all are asked in one step."""
    buckets = Asked(*waits, later=later)
    admission = Admission(Server(hook_rate=3, hook_burst=4, tenant_rate=5), buckets)

    async def require() -> None:
        asked = admission.require("a", [ONE, TWO])
        assert (asked is not None) == later
        if asked is not None:
            await asked

    if refused is None:
        await require()
    else:
        with pytest.raises(TooManyRequests, match=refused) as error:
            await require()
        assert error.value.seconds == 2.5
    assert buckets.asked == (*HOOKS, TENANT)


@pytest.mark.parametrize("limits, asked", [({"hook_rate": 3, "hook_burst": 4}, HOOKS), ({"tenant_rate": 5}, [TENANT])])
async def test_a_limit_alone_may_be_awaited(limits: dict[str, Any], asked: list[Bucket]):
    """The other one is not asked. What anybody may run is another bucket, of the tenant's only."""
    buckets = Asked(*(0.0 for _ in asked))
    required = Admission(Server(**limits), buckets).require("a", [ONE, TWO])
    assert required is not None
    await required
    assert buckets.asked == tuple(asked)
    required = Admission(Server(**limits), buckets).require("a", [ONE, TWO], by_anybody=True)
    assert required is not None
    await required
    assert buckets.asked == (tuple(HOOKS) if asked == HOOKS else (TENANT._replace(name="anybody a"),))


@pytest.mark.parametrize("whose", ["tenant", "hook"])
async def test_machines_at_one_redis_share_a_limit(
    settings: Settings, redis_server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch, whose: str
):
    """One that gets all requests lets all of the limit pass, and another one what is left. Of a hook: another hook has its own."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", PATIENCE)
    storage = replace(settings.storage, url=redis_server.url, prefix=prefix)
    limits: dict[str, Any] = {f"{whose}_rate": 1, f"{whose}_burst": 20}
    settings = limited(replace(settings, storage=storage), workers=1, **limits)
    async with opened(settings) as one, opened(settings) as other:
        await until(lambda: all(node.runtime.storage.peers.processes == 2 for node in (one, other)))
        for client in ("client-1", "client-2"):
            await deploy(one, client, SEED, clients=[client])
        began = float(redis_server.cli("--raw", "time").split()[0])
        passed = [(await statuses(node, 30)).count(200) for node in (one, other)]
        took = float(redis_server.cli("--raw", "time").split()[0]) - began
        second = {**REQUEST, "client": {"id": "client-2"}}
        answer = await other.call("POST", EXECUTE, second)
        assert whose == "tenant" or answer.status == 200
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


async def asked(api: Api, client: str, times: int) -> list[int]:
    """The statuses of this client's token requests, one after the other."""
    body = {**REQUEST, "client": {"id": client}}
    return [(await api.call("POST", EXECUTE, body)).status for _ in range(times)]


async def ran(api: Api) -> list[str]:
    """The hooks that did, by name."""
    records = (await api.call("GET", "/api/v1/logs")).body["executions"]
    return sorted(record["hook"] for record in records)


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_hook_has_a_rate(settings: Settings):
    """The hook, not its extensibility point: one that is bound to other clients has its own. A new version changes nothing."""
    async with opened(limited(settings, hook_rate=1, hook_burst=2)) as api:
        first = await deploy(api, "first", SEED, clients=["ha"])
        await deploy(api, "second", SEED, clients=["hb"])
        assert await asked(api, "ha", 4) == [200, 200, 429, 429]
        answer = await api.call("POST", EXECUTE, {**REQUEST, "client": {"id": "ha"}})
        message = "More than [server] hook_rate allows come to the hook 'first'."
        assert (answer.status, answer.body["errorCode"]) == (429, "too_many_requests")
        assert (answer.body["message"], answer.headers["Retry-After"]) == (message, "1")
        assert (await api.call("PATCH", f"/api/v2/hooks/{first}", {"script": f"{SEED}\n"})).status == 200
        assert await asked(api, "ha", 1) == [429]
        assert await asked(api, "hb", 3) == [200, 200, 429]
        # No hook is for this one.
        assert await asked(api, "hc", 4) == [200] * 4
        assert await ran(api) == ["first"] * 2 + ["second"] * 2


@pytest.mark.usefixtures("_no_time_passes")
async def test_each_hook_of_a_row_counts(settings: Settings):
    """All of them or none, and none has run then."""
    async with opened(limited(settings, hook_rate=1, hook_burst=2)) as api:
        await deploy(api, "first", SEED, order=1, clients=["ha", "both"])
        await deploy(api, "second", SEED, order=2, clients=["hb", "both"])
        assert await asked(api, "hb", 1) == [200]
        assert await asked(api, "both", 4) == [200, 429, 429, 429]
        assert await asked(api, "hb", 1) == [429]
        assert await asked(api, "ha", 2) == [200, 429]
        assert await asked(api, "both", 1) == [429]
        assert await ran(api) == ["first"] * 2 + ["second"] * 2


@pytest.mark.usefixtures("_no_time_passes")
async def test_what_is_refused_for_a_hook_takes_nothing_of_the_tenants(settings: Settings):
    """Which all else takes of: requests that no hook is for, or that are none, too."""
    async with opened(limited(settings, hook_rate=1, hook_burst=1, tenant_rate=1, tenant_burst=4)) as api:
        await deploy(api, "first", SEED, clients=["ha"])
        assert await asked(api, "ha", 6) == [200] + [429] * 5
        assert await asked(api, "hb", 1) == [200]
        nonsense = [EXECUTE, EXECUTE.replace("credentials", "made-up"), EXECUTE]
        assert [(await api.call("POST", path, {})).status for path in nonsense] == [400, 404, 429]
        assert await asked(api, "hb", 1) == [429]


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
