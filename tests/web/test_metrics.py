"""`GET /metrics`, read by Prometheus's own parsers."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from runtime.logs.backlog import Backlog
from runtime.settings import MetricsSettings, Settings
from runtime.sqlite.database import BUSY_SECONDS
from runtime.storage.base import ExecutionFilter
from runtime.web import metrics as web_metrics
from runtime.workers.slates import Slates
from tests.databases import other_process
from tests.web.conftest import REQUEST, Api, hook_of, opened

TOKEN = "a token for Prometheus alone"
HOOK = hook_of("if (client.id === 'bad') throw new Error('x'); cb(null, {});")


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A runtime with metrics."""
    async with opened(replace(settings, metrics=MetricsSettings(token=TOKEN))) as api:
        yield api


async def metrics(api: Api, accept: str = "*/*") -> str:
    """The text."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
    async with api.client.get(f"{api.url}/metrics", headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


async def samples(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Name and labels to value."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(await metrics(api))
        for sample in family.samples
    }


async def test_it_has_what_an_operator_watches(api: Api):
    """Executions by hook and outcome, three histograms, queues, the cache, what was lost, and the process itself."""
    await api.create(HOOK)
    for client_id in ("a", "a", "bad"):
        await api.execute(client={**REQUEST["client"], "id": client_id})

    found = await samples(api)

    labels = {"tenant": "acme", "trigger": "credentials-exchange", "hook": "a-hook"}
    counted = {
        outcome: found[
            "hookd_executions_total", frozenset({**labels, "decision": decision, "outcome": outcome}.items())
        ]
        for decision, outcome in (("allow", "answer"), ("deny", "threw"))
    }
    assert counted == {"answer": 2, "threw": 1}
    trigger = ("trigger", "credentials-exchange")
    for name in ("total", "sandbox", "wait"):
        histogram = f"hookd_execution_{name}_seconds"
        assert found[f"{histogram}_count", frozenset({trigger})] == 3
        assert found[f"{histogram}_bucket", frozenset({trigger, ("le", "+Inf")})] == 3
    assert found["hookd_execution_total_seconds_sum", frozenset({trigger})] > 0
    nothing: frozenset[tuple[str, str]] = frozenset()
    assert found["hookd_runs_queued", frozenset({("engine", "wasm")})] == 0
    assert found["hookd_image_cache_rows", nothing] == 1
    assert found["hookd_image_cache_bytes", nothing] > 1000
    assert found["hookd_image_cache_misses_total", nothing] == 1
    # Made when it was deployed, and kept until somebody ran it.
    assert [found["hookd_images_total", frozenset({("how", how)})] for how in ("made", "fetched")] == [1, 1]
    assert found["hookd_records_dropped_total", nothing] == 0
    assert found["process_resident_memory_bytes", nothing] > 1_000_000


async def test_it_is_open_metrics_where_that_is_wanted(api: Api):
    """As newer Prometheus servers ask."""
    await api.create(HOOK)
    await api.execute()

    families = {
        family.name: family.type
        for family in open_metrics(await metrics(api, "application/openmetrics-text; version=1.0.0"))
    }

    assert families["hookd_executions"] == "counter"
    assert families["hookd_execution_total_seconds"] == "histogram"


@pytest.mark.parametrize("header", [None, "Bearer another", "Basic YTpi", f"Bearer {TOKEN}x", "Bearer"])
async def test_it_is_for_who_has_its_token(api: Api, header: str | None):
    """No tenant's token opens it, for it tells of all tenants."""
    bearers = [header] if header is not None else [None, api.headers["Authorization"]]
    for bearer in bearers:
        headers = {} if bearer is None else {"Authorization": bearer}
        async with api.client.get(f"{api.url}/metrics", headers=headers) as answer:
            assert (answer.status, (await answer.json())["errorCode"]) == (401, "invalid_token")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_bytes_that_are_no_text_are_not_its_token(api: Api):
    """They are refused as any other token is."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")

    answer = await reader.read()

    writer.close()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'error="invalid_token"' in answer


async def test_without_a_token_there_is_none(settings: Settings):
    """It says what to set."""
    async with opened(settings) as api:
        answer = await api.call("GET", "/metrics")
        assert answer.status == 404
        assert "[metrics] token" in answer.body["message"]


async def executions(api: Api) -> dict[str, float]:
    """How many, by worker."""
    found = (await samples(api)).items()
    return {dict(labels)["worker"]: count for (name, labels), count in found if name == "hookd_executions_total"}


async def test_under_overload_records_are_dropped_and_counted_and_answers_are_not(api: Api, monkeypatch):
    """The database is locked by somebody else: every request has its decision, what there is no room for is counted."""
    await api.create(HOOK)
    await api.execute()
    recorder = api.runtime.recorder
    await recorder.flush("acme")
    monkeypatch.setattr(recorder, "_waiting", Backlog(20_000))
    nothing: frozenset[tuple[str, str]] = frozenset()
    with other_process(Path(api.runtime.settings.storage.url.removeprefix("sqlite:///")), "BEGIN IMMEDIATE") as other:
        async with asyncio.timeout(BUSY_SECONDS):
            for _ in range(100):
                assert (await api.execute())["decision"] == "allow"
            found = await samples(api)
        dropped, queued = found["hookd_records_dropped_total", nothing], found["hookd_records_queued", nothing]
        assert dropped > 0
        assert recorder._waiting._bytes <= 20_000
        other.execute("ROLLBACK")
    await recorder.flush("acme")
    assert recorder.dropped == dropped
    stored = await api.runtime.storage.list_executions("acme", ExecutionFilter(), limit=1000)
    assert len(stored) == 101 - dropped
    assert queued <= 100 - dropped


async def test_several_workers_are_told_apart(settings: Settings):
    """Whichever of them is asked: a counter that jumped from one's to another's would be none."""
    settings, slates = replace(settings, metrics=MetricsSettings(token=TOKEN)), Slates(3)
    async with opened(settings, slates, 0) as first, opened(settings, slates, 1) as second:
        await first.create(HOOK)
        for api in (first, first, second):
            await api.execute()
        async with asyncio.timeout(20):
            while [await executions(first), await executions(second)] != [{"0": 2, "1": 1}] * 2:
                await asyncio.sleep(0.05)
        text = await metrics(second, "application/openmetrics-text; version=1.0.0")
        families = {family.name: family for family in open_metrics(text)}
        assert {sample.labels["worker"] for sample in families["process_open_fds"].samples} == {"0", "1"}
        buckets = [one for one in families["hookd_execution_total_seconds"].samples if one.labels.get("le") == "+Inf"]
        assert {one.labels["worker"]: one.value for one in buckets} == {"0": 2, "1": 1}


async def test_a_worker_goes_on_telling_the_others(settings: Settings, monkeypatch):
    """Though it could not, once."""
    monkeypatch.setattr(web_metrics, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(web_metrics, "_SPARE", 0)
    slates, written, write = Slates(1), asyncio.Event(), Slates.write

    def fails_once(self: Slates, number: int, data: bytes) -> None:
        monkeypatch.setattr(Slates, "write", write)
        loop.call_soon_threadsafe(written.set)
        raise OSError(errno.ENOSPC, "No space left on device")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(Slates, "write", fails_once)
    async with opened(settings, slates, 0), asyncio.timeout(20):
        await written.wait()
        while not slates.read(0):
            await asyncio.sleep(0.01)
