"""A span for each execution, by OpenTelemetry, in the caller's trace where the caller has one.

Rule: a span is made of a record, when the answer is on its way; nobody waits for one. Without an endpoint none of this is
even imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runtime.errors import SettingsError
from runtime.model import Execution
from runtime.settings import Telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

_NANOSECONDS: Final = 1_000_000_000


class Traces:
    """Makes spans and sends them, in batches, from a thread of OpenTelemetry's."""

    def __init__(self, provider: TracerProvider, api: Any) -> None:
        self._provider = provider
        self._api = api
        self._tracer: Tracer = provider.get_tracer("hookd")

    def publish(self, execution: Execution) -> None:
        """The span of one execution."""
        begun = int(execution.at * _NANOSECONDS)
        span = self._tracer.start_span(
            f"{execution.trigger} {execution.hook_name}",
            context=self._parent(execution.trace),
            kind=self._api.SpanKind.SERVER,
            attributes=_attributes(execution),
            start_time=begun,
        )
        if execution.has_failed:
            span.set_attribute("error.type", execution.outcome)
            span.set_status(self._api.StatusCode.ERROR, execution.outcome)
        span.end(begun + int(execution.duration_ms * _NANOSECONDS / 1000))

    def close(self) -> None:
        """Send what there is. Blocks, for some seconds at most."""
        self._provider.shutdown()

    def _parent(self, trace: str) -> Any:
        if not trace:
            return None
        _, trace_id, span_id, flags = trace.split("-")
        api = self._api
        parent = api.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=api.TraceFlags(int(flags, 16) & 1)
        )
        return api.set_span_in_context(api.NonRecordingSpan(parent))


def open_traces(telemetry: Telemetry) -> Traces:
    """Spans to the endpoint of the settings. `SettingsError` where OpenTelemetry is not installed."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra, and slow to import
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"[telemetry] endpoint is set, and OpenTelemetry is not installed ({error}): pip install 'hookd[telemetry]'."
        ) from None
    provider = TracerProvider(
        resource=Resource.create({"service.name": telemetry.service}),
        sampler=ParentBasedTraceIdRatio(telemetry.sample),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=telemetry.endpoint, timeout=5)))
    return Traces(provider, trace)


def _attributes(execution: Execution) -> dict[str, str | int | float]:
    """What a span says of an execution. Neither what the hook printed nor an error's text, as in the process's log."""
    return {
        "hookd.execution": execution.id,
        "hookd.tenant": execution.tenant,
        "hookd.trigger": execution.trigger,
        "hookd.hook": execution.hook_name,
        "hookd.hook_id": execution.hook_id,
        "hookd.version": execution.version_id,
        "hookd.client": execution.client_id,
        "hookd.decision": execution.decision,
        "hookd.outcome": execution.outcome,
        "hookd.cpu_ms": execution.cpu_ms,
        "hookd.memory_bytes": execution.memory_bytes,
        "hookd.operations": len(execution.operations),
        "hookd.request": execution.request_id,
    }
