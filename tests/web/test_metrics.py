"""`GET /metrics`, read by Prometheus's own parsers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from runtime.settings import MetricsSettings, Settings
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


async def test_without_a_token_there_is_none(settings: Settings):
    """It says what to set."""
    async with opened(settings) as api:
        answer = await api.call("GET", "/metrics")
        assert answer.status == 404
        assert "[metrics] token" in answer.body["message"]
