"""`GET /metrics`, as Prometheus reads it: what `logs.metrics` counts, and what the runtime has in hand at this moment.

Rule: it tells of all tenants, so it is no tenant's: its bearer token is a setting of its own, and without that it is not there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

import orjson
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


TELL_SECONDS: Final = 1.0
"""How often a worker tells the others what it has counted."""


_SPARE: Final = 50
"""Of so many seconds, one may go into telling."""

_LOG: Final = logging.getLogger("hookd.metrics")


class Shared(Protocol):
    """What several workers have in common: a slate each."""

    @property
    def count(self) -> int:
        """How many workers there are."""

    def read(self, number: int) -> bytes:
        """What a worker told; b"" for nothing."""

    def write(self, number: int, data: bytes) -> None:
        """Tell it."""


class Exposition:
    """What this process counts. Among several workers, `share` it: then `registry` has all of them, with the label `worker`."""

    def __init__(self, runtime: Runtime) -> None:
        self.registry = self._own = CollectorRegistry(auto_describe=False)
        self._own.register(_Runtime(runtime))
        ProcessCollector(registry=self._own)
        PlatformCollector(registry=self._own)

    @contextlib.asynccontextmanager
    async def share(self, shared: Shared, number: int) -> AsyncIterator[None]:
        """Tell the others while the block runs. `number` is this worker's."""
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(_Workers(self._own, shared, number))

        def write() -> None:
            shared.write(number, orjson.dumps(_families(self._own)))

        async def tell() -> None:
            while True:
                began = time.monotonic()
                try:
                    # In a thread: where there are many hooks, it takes many milliseconds.
                    await asyncio.to_thread(write)
                except Exception:  # noqa: BLE001 - the task lives as long as the service
                    _LOG.exception("what this worker counts is not told to the others")
                await asyncio.sleep(max(TELL_SECONDS, _SPARE * (time.monotonic() - began)))

        telling = asyncio.create_task(tell(), name="metrics")
        try:
            yield
        finally:
            telling.cancel()


def metrics_routes(token: str, exposition: Exposition) -> list[Route]:
    """`GET /metrics`."""

    async def metrics(call: Call) -> web.Response:
        _require(token, call.request.headers.get(hdrs.AUTHORIZATION))
        encode, media = choose_encoder(call.request.headers.get(hdrs.ACCEPT, ""))
        body = await asyncio.to_thread(encode, exposition.registry)
        return web.Response(body=body, headers={**SECURITY_HEADERS, hdrs.CONTENT_TYPE: media})

    why = Public("its token is [metrics] token, which is no tenant's")
    return [Route(method="GET", path="/metrics", handler=metrics, access=why)]


def _require(token: str, header: str | None) -> None:
    """`NotFound` where the configuration has no token; `Unauthenticated` for another one."""
    if not token:
        raise NotFound("There is nothing at /metrics: [metrics] token is not set.")
    if header is None:
        raise NoToken("The bearer token of [metrics] is missing.")
    kind, _, given = header.partition(" ")
    sent = given.strip().encode("utf-8", "surrogateescape")  # as aiohttp has bytes that are no UTF-8
    if kind.lower() != "bearer" or not hmac.compare_digest(sent, token.encode()):
        raise Unauthenticated("This is not the bearer token of [metrics].")


Family: TypeAlias = tuple[str, str, str, Sequence[tuple[str, dict[str, str], float]]]
"""Name, what it is, type, and samples: name, labels, value."""


def _families(registry: CollectorRegistry) -> list[Family]:
    return [
        (family.name, family.documentation, family.type, [(one.name, one.labels, one.value) for one in family.samples])
        for family in registry.collect()
    ]


class _Workers(Collector):
    """What all workers count: this one now, the others as they told last."""

    def __init__(self, own: CollectorRegistry, shared: Shared, number: int) -> None:
        self._own, self._shared, self._number = own, shared, number

    def collect(self) -> Iterator[Metric]:
        """Each family once."""
        merged: dict[str, Metric] = {}
        for number in range(self._shared.count):
            for name, about, kind, samples in self._of(number):
                family = merged.setdefault(name, Metric(name, about, kind))
                for sample, labels, value in samples:
                    family.add_sample(sample, {**labels, "worker": str(number)}, value)
        yield from merged.values()

    def _of(self, number: int) -> Sequence[Family]:
        if number == self._number:
            return _families(self._own)
        families: Sequence[Family] = orjson.loads(self._shared.read(number) or b"[]")
        return families


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
        for trigger, timed in list(self._runtime.metrics.timed.items()):
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
        images = CounterMetricFamily(
            "hookd_images", "Images of hooks: made here of their source, or fetched from the storage", labels=["how"]
        )
        for how, count in (("made", kept.made), ("fetched", kept.fetched)):
            images.add_metric([how], count, created=self._began)
        yield images

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
