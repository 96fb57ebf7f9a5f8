"""`GET /metrics`, as Prometheus reads it: what `logs.metrics` counts, and what the runtime has in hand at this moment.

Rule: it tells of all tenants, so it is no tenant's: its bearer token is a setting of its own, and without that it is not there.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator, Mapping
from typing import Final

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from runtime.bootstrap import Runtime
from runtime.errors import NotFound, Unauthenticated
from runtime.http.bearer import NoToken
from runtime.http.json import SECURITY_HEADERS
from runtime.http.routes import Call, Public, Route
from runtime.logs.metrics import BOUNDS, Durations, Timed

_TIMES: Final[Mapping[str, str]] = {
    "total": "From the request to its decision",
    "sandbox": "CPU time in the sandbox",
    "wait": "What of the total was no CPU time: for a place, a thread, an operation's answer, a timer",
}


def metrics_routes(runtime: Runtime) -> list[Route]:
    """`GET /metrics`."""
    token = runtime.settings.metrics.token
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Runtime(runtime))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)

    async def metrics(call: Call) -> web.Response:
        _require(token, call.request.headers.get(hdrs.AUTHORIZATION))
        encode, media = choose_encoder(call.request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=encode(registry), headers={**SECURITY_HEADERS, hdrs.CONTENT_TYPE: media})

    why = Public("its token is [metrics] token, which is no tenant's")
    return [Route(method="GET", path="/metrics", handler=metrics, access=why)]


def _require(token: str, header: str | None) -> None:
    """`NotFound` where the configuration has no token; `Unauthenticated` for another one."""
    if not token:
        raise NotFound("There is nothing at /metrics: [metrics] token is not set.")
    if header is None:
        raise NoToken("The bearer token of [metrics] is missing.")
    kind, _, given = header.partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Unauthenticated("This is not the bearer token of [metrics].")


class _Runtime(Collector):
    """What the runtime tells when it is asked."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._began = time.time()

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        yield self._executions()
        for name, about in _TIMES.items():
            yield self._times(name, about)
        yield from self._engines()
        yield from self._hooks()
        yield from self._records()

    def _executions(self) -> Metric:
        labels = ["tenant", "trigger", "hook", "decision", "outcome"]
        family = CounterMetricFamily("hookd_executions", "Executions", labels=labels)
        for kind, count in self._runtime.metrics.executions.items():
            family.add_metric(list(kind), count, created=self._began)
        return family

    def _times(self, name: str, about: str) -> Metric:
        family = HistogramMetricFamily(f"hookd_execution_{name}_seconds", about, labels=["trigger"])
        for trigger, timed in self._runtime.metrics.timed.items():
            durations = _durations(timed, name)
            family.add_metric([trigger], buckets=_buckets(durations), sum_value=durations.ms / 1000)
        return family

    def _engines(self) -> Iterator[Metric]:
        busy = GaugeMetricFamily(
            "hookd_runs", "Runs that have a place: they wait, or compute for long", labels=["engine"]
        )
        queued = GaugeMetricFamily("hookd_runs_queued", "Runs that wait for a thread, or a process", labels=["engine"])
        for name, engine in self._runtime.engines.items():
            busy.add_metric([name], engine.busy)
            queued.add_metric([name], engine.queued)
        yield busy
        yield queued

    def _hooks(self) -> Iterator[Metric]:
        kept = self._runtime.preparations
        yield GaugeMetricFamily(
            "hookd_image_cache_rows", "Extensibility points whose hooks are ready to run", kept.count
        )
        yield GaugeMetricFamily("hookd_image_cache_bytes", "What they take, images included, about", kept.bytes)
        yield CounterMetricFamily(
            "hookd_image_cache_misses",
            "Token requests that found their hooks not ready",
            kept.misses,
            created=self._began,
        )

    def _records(self) -> Iterator[Metric]:
        recorder = self._runtime.recorder
        yield GaugeMetricFamily("hookd_records_queued", "Execution records that are to be written", recorder.waiting)
        yield CounterMetricFamily(
            "hookd_records_dropped", "Execution records that are lost", recorder.dropped, created=self._began
        )
        yield GaugeMetricFamily("hookd_tails", "Listeners of execution logs", self._runtime.tail.listeners)


def _durations(timed: Timed, name: str) -> Durations:
    durations: Durations = getattr(timed, name)
    return durations


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """As Prometheus has them: of each bound, how many took no longer."""
    buckets, total = [], 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), durations.classes, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets
