"""Spans, as a collector gets them that this project did not write: OTLP's own messages, over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from runtime.logs.traces import Traces, open_traces
from runtime.model import Failure
from runtime.settings import Telemetry
from tests.executions import execution

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """What was received, and where it listens."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.requests.append(ExportTraceServiceRequest.FromString(body))
        return web.Response(body=b"", content_type="application/x-protobuf")

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """An OTLP endpoint."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    yield collector
    await runner.cleanup()


def attributes(span: Any) -> dict[str, Any]:
    """A span's, as Python has them."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


async def sent(traces: Traces) -> None:
    """All that was made has arrived."""
    await asyncio.to_thread(traces.close)


async def test_an_execution_is_a_span_of_the_callers_trace(collector):
    """With the caller's span as its parent, the times of the run, and what came of it."""
    traces = open_traces(Telemetry(endpoint=collector.url, service="tokens"))
    traces.publish(execution(1, at=1000.5, duration_ms=2.5, trace=f"00-{TRACE}-{PARENT}-01", request_id="r-1"))
    await sent(traces)

    (span,) = collector.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.name == "credentials-exchange a-hook"
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1_000_500_000_000, 1_000_502_500_000)
    told = attributes(span)
    assert (told["hookd.tenant"], told["hookd.decision"], told["hookd.request"]) == ("acme", "allow", "r-1")
    assert span.status.code == span.status.STATUS_CODE_UNSET
    resource = collector.requests[0].resource_spans[0].resource
    assert attributes(resource)["service.name"] == "tokens"


async def test_a_hook_that_broke_is_an_error(collector):
    """By its code; neither its message nor what it printed leaves the record."""
    traces = open_traces(Telemetry(endpoint=collector.url))
    failure = Failure(code="threw", message="the customer is Ada", stack="at Ada")
    traces.publish(execution(1, failure=failure, decision="deny"))
    await sent(traces)

    (span,) = collector.spans
    assert (span.status.code, span.status.message) == (span.status.STATUS_CODE_ERROR, "threw")
    assert attributes(span)["error.type"] == "threw"
    assert "Ada" not in str(span)


async def test_the_caller_decides_what_is_kept(collector):
    """A trace that it does not sample is not sampled here; without a caller's word, the setting decides."""
    traces = open_traces(Telemetry(endpoint=collector.url, sample=0.0))
    traces.publish(execution(1, trace=f"00-{TRACE}-{PARENT}-00"))
    traces.publish(execution(2))
    traces.publish(execution(3, trace=f"00-{TRACE}-{PARENT}-01"))
    await sent(traces)

    assert [attributes(span)["hookd.execution"] for span in collector.spans] == [execution(3).id]


async def test_a_collector_that_is_away_hinders_nobody():
    """Spans are lost, and closing ends all the same."""
    traces = open_traces(Telemetry(endpoint="http://127.0.0.1:9/v1/traces"))
    traces.publish(execution(1))
    async with asyncio.timeout(30):
        await sent(traces)


def test_nothing_of_it_is_imported_where_nobody_asks():
    """An extra is an extra: the runtime starts without."""
    code = "import sys, runtime.bootstrap; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
