"""The soak's own parts, and a few seconds of it: `make soak` is the whole."""

from __future__ import annotations

import math
import time
import xml.etree.ElementTree as ET
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.bench.measures import Life, Sample, Series
from tests.end_to_end.operators import REQUEST
from tests.redis_servers import RedisServer
from tests.soak import bursts, outages, rude
from tests.soak.__main__ import report
from tests.soak.bursts import AFTERWARDS, afterwards, judge
from tests.soak.load import AWAY, DECIDED, REFUSED, Tenant, Told
from tests.soak.outages import EMPTY, OF_A_NODE, OUTAGE
from tests.soak.plot import svg
from tests.soak.soaking import Soaked, in_the_log, soak

SEEN = (
    *("right decisions", "deploys", "tails", "events", "attacks denied", "bursts", "right decisions after a burst"),
    *("rude clients", "SIGHUP", "SIGKILL"),
)


@pytest.mark.parametrize("storage, more", [("sqlite", ()), ("redis", (OUTAGE, REFUSED, DECIDED, OF_A_NODE))])
async def test_a_few_seconds(storage: str, more: tuple[str, ...], tmp_path: Path, engine_cache: Path):
    """Load, rude clients, a start anew, a killed worker, and at a Redis, which is killed and then loses everything, two nodes and a
    killed supervisor: no decision is wrong, nothing is lost, and it can be told and drawn.
    """
    seen = SEEN + more

    def is_enough(soaked: Soaked) -> bool:
        kinds = {life.name for life in soaked.series.rows()}
        return (
            kinds == {"supervisor", "worker"}
            and len(soaked.series.samples) >= 4
            and all(soaked.told.counts[name] for name in seen)
        )

    with RedisServer(tmp_path / "redis", appendfsync="always") if storage == "redis" else nullcontext() as redis:
        chaos = 2 if redis is None else 4
        soaked = await soak(4, tmp_path, cache=engine_cache, chaos=chaos, at_once=20, is_enough=is_enough, redis=redis)
    counts = soaked.told.counts

    # Whether something grows, so few samples do not say.
    assert soaked.told.wrong[:10] == []
    assert (counts["SIGHUP"], counts["started anew"], counts["SIGKILL"]) == (1, 1, 1)
    for name in (*seen, "hooks that were kept", *([] if redis is None else [EMPTY])):
        assert counts[name] > 0, counts
    assert len(soaked.series.samples) >= 4
    assert "supervisor" in report(soaked)
    lines = ET.fromstring(svg(soaked.series, soaked.events)).findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 5 * len(soaked.series.samples)


def life(*resident: float, files: int = 50, grows: int = 0) -> Life:
    samples = [Sample(float(n), value, 100, files + n * grows, 500, 10) for n, value in enumerate(resident)]
    return Life("worker", 7, samples)


@pytest.mark.parametrize(
    "one, expected",
    [
        (life(*[150] * 100), []),
        (life(*range(50, 150, 4), *[150] * 75), []),
        (life(*[150, 170] * 50), []),
        (life(*range(100, 300, 2)), ["worker (7): resident grew from 179 to 279"]),
        (life(*[150] * 100, grows=1), ["worker (7): files grew from 90 to 140"]),
    ],
    ids=["flat", "warms up", "to and fro", "grows", "files"],
)
def test_growth_after_a_while_is_a_fault(one, expected):
    """Warming up is none, nor is what comes and goes."""
    assert one.faults() == expected


def test_a_short_life_is_not_judged():
    """A worker that was killed in its first moments says nothing."""
    series = Series({1: "worker"}, {1: [Sample(n, 10.0**n, 1, 1, 1, 1) for n in range(5)]})
    assert list(series.rows()) == []


@pytest.mark.parametrize(
    "status, claims, right",
    [
        (200, {"https://soak/n": 3, "https://soak/t": "ada"}, True),
        (200, {"https://soak/n": 5, "https://soak/t": "ada"}, True),
        (200, {"https://soak/n": 2, "https://soak/t": "ada"}, False),
        (200, {"https://soak/n": 6, "https://soak/t": "ada"}, False),
        (200, {"https://soak/n": 3, "https://soak/t": "bob"}, False),
        (200, {}, False),
        (503, {}, False),
    ],
)
def test_a_wrong_decision_is_found(status, claims, right):
    """Of a version that was not in force, of another tenant, or none."""
    tenant = Tenant("ada", None, [], Told(), lambda: True, acknowledged=4, begun=5)  # type: ignore[arg-type]
    tenant._judge(status, {"claims": claims}, 3)

    assert (tenant.told.counts["right decisions"] == 1, tenant.told.wrong == []) == (right, right)


@pytest.mark.parametrize(
    "status, away, until, counted",
    [
        (503, True, math.inf, f"token requests answered 503{AWAY}"),
        (503, False, math.inf, f"token requests answered 503{AWAY}"),
        (503, False, -math.inf, None),
        (200, True, math.inf, DECIDED),
        (500, True, math.inf, None),
    ],
)
def test_what_may_be_decided_while_the_storage_is_away(status, away, until, counted):
    """What is loaded is right, or there is no decision; and soon after it is back, decisions only."""
    tenant = Tenant("ada", None, [], Told(away=away, away_until=until), lambda: True)  # type: ignore[arg-type]
    tenant._judge(status, {"claims": {"https://soak/n": 0, "https://soak/t": "ada"}}, 0, away=away)

    assert (set(tenant.told.counts) - {"right decisions"}, not tenant.told.wrong) == (
        {counted} - {None},
        counted is not None,
    )


@pytest.mark.parametrize(
    "status, away, until, counted",
    [
        (200, False, -math.inf, "deploys"),
        (200, True, math.inf, None),
        (503, True, math.inf, REFUSED),
        (503, False, math.inf, REFUSED),
        (503, False, -math.inf, None),
        (500, True, math.inf, None),
    ],
)
def test_no_change_is_acknowledged_without_a_storage(status, away, until, counted):
    """It is refused, by a 503; with a storage it is not."""
    tenant = Tenant("ada", None, [], Told(away=away, away_until=until), lambda: True, begun=7)  # type: ignore[arg-type]
    tenant._judge_deploy(status, {}, away=away)

    assert (dict(tenant.told.counts), not tenant.told.wrong) == ({counted: 1} if counted else {}, counted is not None)
    assert tenant.acknowledged == 7 * (counted == "deploys")


async def test_an_outage_that_nobody_notices_is_a_fault(monkeypatch, tmp_path):
    """Nothing is refused, decided or acknowledged: nobody asks."""
    monkeypatch.setattr(outages, "PATIENCE", 0.0)
    tenant = Scripted()
    with RedisServer(tmp_path) as redis:
        await outages.outage(redis, tenant, 0.0)
        assert redis.cli("ping") == "PONG\n"

    assert (len(tenant.told.wrong), tenant.told.away, tenant.told.may_be_away) == (4, False, True)


def test_a_request_that_nobody_answers_is_a_fault():
    """Unless a worker was killed just before, or there is no supervisor."""
    told = Told()
    told.unanswered("POST /a", ConnectionResetError())
    assert told.wrong == ["POST /a was not answered, and no worker was killed: ConnectionResetError()"]
    for killed in (time.monotonic(), math.inf):
        told = Told(killed=killed)
        told.unanswered("POST /a", ConnectionResetError())
        assert (told.wrong, told.counts) == ([], {"not answered by a killed worker": 1})


def test_a_start_anew_that_failed_is_a_fault():
    """One for each SIGHUP that was sent, no less."""
    told = Told(counts=Counter({"right decisions": 1, "SIGHUP": 3, "started anew": 2}))
    assert Soaked(told).faults() == ["of 3 SIGHUPs 2 were followed by a start anew"]
    told.counts["started anew"] = 3
    assert Soaked(told).faults() == []


@pytest.mark.parametrize("status, counted, faults", [(200, 0, 0), (404, 0, 0), (503, 1, 0), (500, 0, 1), (504, 0, 1)])
def test_only_one_kind_of_5xx_is_meant(status, counted, faults):
    """Of whatever call: a 500 is a fault of the service, also when an attack has it."""
    told = Told()
    told.answered("POST /a", status, {"message": "oh"})
    assert (told.counts["requests answered 503"], len(told.wrong)) == (counted, faults)


async def test_an_attack_that_is_answered_with_a_500_is_a_fault():
    """Only a decision denies it."""

    async def break_down(_: web.Request) -> web.Response:
        return web.json_response({"message": "oh"}, status=500)

    app, going, told = web.Application(), iter([True, False]), Told()
    app.router.add_route("*", "/{path:.*}", break_down)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        mallory = Tenant("mallory", session, [f"http://127.0.0.1:{server.port}"], told, lambda: next(going))
        await mallory.attack(0)

    assert told.wrong
    assert all("500" in fault for fault in told.wrong)
    assert not told.counts


@pytest.mark.parametrize(
    "heard, counted, faults",
    [
        (b"", [], 0),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n{}", [400], 0),
        (b"HTTP/1.1 200 OK\r\n\r\n{}HTTP/1.1 400 Bad Request\r\n\r\n", [200, 400], 0),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", [503], 0),
        (b"HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n", [505], 0),
        (b"HTTP/1.1 200 OK\r\n\r\n{}HTTP/1.1 500 Internal Server Error\r\n\r\n", [200], 1),
    ],
)
def test_what_a_rude_client_may_be_answered(heard, counted, faults):
    """That it is to blame, or that there is too much to do: never that the service is."""
    tenant = Scripted()
    rude.judge(tenant, b"GET /", heard)

    names = [f"rude requests answered {status}" for status in counted]
    assert (list(tenant.told.counts), len(tenant.told.wrong)) == (["rude clients", *names], faults)


def test_all_that_rude_clients_say_is_said():
    """Each a text of its own; one of them is three requests as they should be."""
    all_said = rude.said("Bearer a-token")

    assert len({*all_said}) == len(all_said) > 25
    assert max(one.count(b"Authorization: Bearer a-token") for one in all_said) == 3


class Scripted(Tenant):
    """A tenant whose requests are answered as it was told."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        super().__init__("zoe", None, [], Told(), lambda: False)  # type: ignore[arg-type]
        self.answers = list(answers)

    async def call(self, method: str, path: str, body: Any = None, *, at: str = "") -> tuple[int, Any]:
        return self.answers.pop(0)


def decided(audience: object, tenant: str = "zoe") -> tuple[int, Any]:
    return 200, {"decision": "allow", "claims": {"https://soak/t": tenant, "https://soak/a": audience}}


def denied(code: str) -> tuple[int, Any]:
    return 200, {"decision": "deny", "hook_error": {"code": code}}


@pytest.mark.parametrize(
    "answer, counted",
    [
        (decided("slow"), "slow decisions"),
        (denied("wall_limit"), "slow requests answered wall_limit"),
        (denied("circuit_open"), "slow requests answered circuit_open"),
        ((503, {}), "slow requests answered 503"),
        ((0, None), "slow requests answered nothing"),
        (decided("slow", "bob"), None),
        (decided("a"), None),
        (denied("threw"), None),
        ((429, {}), None),
        ((500, {}), None),
    ],
)
def test_what_may_be_answered_in_a_burst(answer, counted):
    """That there is too much to do; nothing wrong."""
    tenant = Scripted()
    judge(tenant, *answer)

    assert list(tenant.told.counts) == ([counted] if counted else [])
    assert len(tenant.told.wrong) == (counted is None)


ORDINARY = decided(REQUEST["audience"])
WELL = [ORDINARY] * AFTERWARDS


@pytest.mark.parametrize(
    "answers, right",
    [
        (WELL, True),
        ([denied("circuit_open"), *WELL[1:], *WELL], True),
        ([*WELL[1:], decided("slow")], False),
        ([*WELL[1:], denied("threw")], False),
        ([*WELL[1:], (500, {})], False),
    ],
)
async def test_what_must_be_answered_after_a_burst(answers, right):
    """The right decision, by all workers, as soon as the hook is not left alone any more."""
    tenant = Scripted(*answers)
    await afterwards(tenant)

    assert (tenant.told.counts["right decisions after a burst"] == AFTERWARDS, not tenant.told.wrong) == (right, right)
    assert tenant.answers == []


async def test_who_is_late_for_ever_is_a_fault(monkeypatch):
    """As where all threads' turns are lost: each request waits in vain."""
    monkeypatch.setattr(bursts, "PATIENCE", 0.0)
    tenant = Scripted(*[denied("wall_limit")] * AFTERWARDS * 2)
    await afterwards(tenant)

    assert len(tenant.told.wrong) == 1


def test_a_soak_without_an_answer_is_a_fault():
    """It would prove nothing."""
    assert Soaked().faults() == ["no decision was right"]


def test_what_must_not_be_in_a_log_is_told_whole():
    """With what it is of, and as far as it goes: the log itself is gone afterwards."""
    entry = (
        "2026-11-23T03:36:50.377Z ERROR asyncio Task exception was never retrieved",
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in <module>',
        "ValueError: no",
    )
    before, after = "2026-11-23T03:36:50.376Z INFO hookd ready", "2026-11-23T03:36:50.378Z INFO hookd stopped"

    assert in_the_log("\n".join((before, *entry, after))) == ["\n".join(("in the log:", *entry))]
    assert in_the_log(f"{before}\n{after}") == []
