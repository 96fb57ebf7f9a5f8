"""The log stream of a container: what its hooks print and how they end, as bunyan records (contract 4, contract-full 8).

Rule: the bytes keep to what webtask-log-stream can read: LF, one `data:` line and one write per event, no `event:` line,
never a blank line first. Without `Accept: text/event-stream` each record is a line of JSON, for `curl | bunyan`.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

import orjson
from aiohttp import hdrs, web

from runtime.http.json import SECURITY_HEADERS
from runtime.http.query import Query
from runtime.http.routes import REQUEST_ID, Call, Route, Scopes
from runtime.logs.tail import Missed, Subscription, Tail
from runtime.model import Execution, Failure, Refusal
from runtime.storage.base import ExecutionFilter
from runtime.web.logs import EVENT_HEADERS, HEARTBEAT_SECONDS, Write, streaming
from runtime.web.shapes import rfc3339
from runtime.web.webtask import container

PATH: Final = "/api/logs/tenant/{container}"

_EVENTS: Final = "text/event-stream"
_FIRST: Final = b": connected\n\n"
_HEARTBEAT: Final = b":\n\n"
_LINE_HEADERS: Final = {
    **SECURITY_HEADERS,
    "Content-Type": "application/x-ndjson; charset=utf-8",
    "X-Accel-Buffering": "no",
}
_EVERYTHING: Final = ExecutionFilter()
_INFO, _ERROR = 30, 50
_LEVELS: Final = {"debug": 20, "info": _INFO, "warn": 40, "error": _ERROR}
_HOST: Final = socket.gethostname()


def webtask_log_routes(tail: Tail) -> list[Route]:
    """`GET /api/logs/tenant/{container}`; wt-cli gives its token as `key`."""

    async def follow(call: Call) -> web.StreamResponse:
        tenant = container(call)
        Query(call.request.query, ("key",))
        as_events = _EVENTS in call.request.headers.get(hdrs.ACCEPT, "")
        with tail.subscribe(tenant, _EVERYTHING) as subscription:
            headers = EVENT_HEADERS if as_events else _LINE_HEADERS
            stream = web.StreamResponse(headers={**headers, REQUEST_ID: call.request_id})
            async with streaming(call, subscription, stream) as write:
                if as_events:
                    await write(_FIRST)
                await _follow(call, write, subscription, _event if as_events else _line)
        return stream

    return [Route(method="GET", path=PATH, handler=follow, access=Scopes("read:logs"), token_parameter="key")]  # noqa: S106 - its name


async def _follow(
    call: Call, write: Write, subscription: Subscription, written: Callable[[dict[str, object]], bytes]
) -> None:
    """Write what comes, until the subscription is closed or the client has left."""
    while not subscription.closed and call.request.transport is not None:
        event = await subscription.next(HEARTBEAT_SECONDS)
        if isinstance(event, Missed):
            await write(written(_missed(event)))
        elif event is not None:
            for record in records(event):
                await write(written(record))
        elif written is _event:
            await write(_HEARTBEAT)


def records(execution: Execution) -> Iterator[dict[str, object]]:
    """Bunyan's records of one execution: its beginning, what it printed, its error, its end."""
    about = {"container": execution.tenant, "webtask": execution.hook_name, "req_id": execution.id}
    begun, ended = execution.at, execution.at + execution.duration_ms / 1000
    yield _record(begun, _INFO, f"new webtask request {execution.id}", about)
    for line in execution.console:
        yield _record(begun, _LEVELS.get(line.level, _INFO), line.text, about)
    if execution.failure is not None:
        yield _record(ended, _ERROR, _told(execution.failure), about)
    status = 500 if isinstance(execution.failure, Failure) else 200
    took = f"with HTTP {status} in {execution.duration_ms:.0f}ms"
    yield _record(ended, _INFO, f"finished webtask request {execution.id} {took}", about)


def _told(failure: Failure | Refusal) -> str:
    first = f"{failure.name}: {failure.message}"
    if failure.stack.startswith(first):
        return failure.stack
    return f"{first}\n{failure.stack}" if failure.stack else first


def _missed(missed: Missed) -> dict[str, object]:
    return _record(time.time(), _ERROR, f"{missed.count} executions are missing here: they came too fast", {})


def _record(at: float, level: int, message: str, about: dict[str, str]) -> dict[str, object]:
    core = {"name": "hookd", "hostname": _HOST, "pid": os.getpid(), "level": level, "time": rfc3339(at)}
    return {**core, **about, "msg": message, "v": 0}


def _event(record: dict[str, object]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(record)


def _line(record: dict[str, object]) -> bytes:
    return orjson.dumps(record) + b"\n"
