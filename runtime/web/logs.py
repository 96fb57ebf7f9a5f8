"""Execution records: a list with filters, a summary, and a live tail as server-sent events.

Rule: a tenant sees its own executions only. The tail follows what all processes run. The list, and what a listener missed
while it was away, is what is stored, and waits for what is on its way there. The bytes of the events keep to what poor
clients can read (contract 4): LF, one write and one `data:` line per event, no `event:` line on an execution, never a blank
line first. Nobody waits for a listener: one whose connection takes nothing any more is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

import orjson
from aiohttp import web

from runtime.errors import InvalidQuery
from runtime.http.json import SECURITY_HEADERS, json_response
from runtime.http.query import Query, path_variable
from runtime.http.routes import REQUEST_ID, STOPPING, Call, Route, guarded
from runtime.logs.relay import Relay
from runtime.logs.tail import Missed, Subscription, Tail
from runtime.model import LEVELS, WEBTASK, Execution
from runtime.storage.base import OUTCOMES, ExecutionFilter, Storage
from runtime.triggers import TRIGGERS
from runtime.ulid import ULID_PATTERN, is_ulid, least_at
from runtime.web.shapes import execution_body

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Writes an event; `ConnectionResetError` where nobody reads it."""

EXECUTION: Final = "/api/v1/logs/{id}"
LIST_DEFAULT: Final = 50
LIST_MOST: Final = 100
REPLAYED_MOST: Final = 1000
"""Stored executions that a listener who comes back gets at most."""

HEARTBEAT_SECONDS: Final = 15.0
LONGEST_SECONDS: Final = 1800.0
"""A tail ends after this, or with its token; the client comes back with `Last-Event-ID`."""

SESSION_SECONDS: Final = 1.0
"""How often a tail that came with a session looks whether that has ended, before it writes something."""

AHEAD_SECONDS: Final = 1.0
"""Ids that are so far ahead of the clock are from before it was set back."""

SLOW_SECONDS: Final = 10.0
"""A listener whose connection takes nothing for so long is cut off, and comes back with `Last-Event-ID`."""

# Comments and `retry` end in no blank line: some readers take one for an event without data.
HEARTBEAT: Final = b":\n"
EVENT_HEADERS: Final = {
    **SECURITY_HEADERS,
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",  # nginx would keep events until it has some kilobytes
}
_FIRST: Final = b": connected\nretry: 2000\n"
FILTERS: Final = ("trigger", "hook", "client", "decision", "outcome", "level", "request_id")
DECISIONS: Final = ("allow", "deny")


def log_routes(storage: Storage, tail: Tail, relay: Relay, flush: Callable[[str], Awaitable[None]]) -> list[Route]:
    """`GET /api/v1/logs` and `GET /api/v1/logs/tail`. `flush` returns when what has happened in a tenant is in the storage."""
    logs = _Logs(storage, tail, relay, flush)
    return [
        guarded("GET", "/api/v1/logs", logs.list_executions, "read:logs"),
        guarded("GET", "/api/v1/logs/tail", logs.tail, "read:logs"),
        guarded("GET", EXECUTION, logs.get, "read:logs"),
    ]


class _Logs:
    """The handlers."""

    def __init__(self, storage: Storage, tail: Tail, relay: Relay, flush: Callable[[str], Awaitable[None]]) -> None:
        self._flush = flush
        self._relay = relay
        self._storage = storage
        self._tail = tail

    async def list_executions(self, call: Call) -> web.Response:
        query = Query(call.request.query, (*FILTERS, "since", "until", "before", "limit"))
        limit = query.integer("limit", LIST_DEFAULT, least=1, most=LIST_MOST)
        since, until, before = query.moment("since"), query.moment("until"), query.ulid("before")
        wanted = replace(filter_of(query), since=since, until=until, before=before)
        await self._flush(call.caller.tenant)
        found = await self._storage.list_executions(call.caller.tenant, wanted, limit=limit)
        following = found[-1].id if len(found) == limit else None
        return json_response({"executions": [execution_body(execution) for execution in found], "next": following})

    async def get(self, call: Call) -> web.Response:
        Query(call.request.query, ())
        execution = path_variable(call.path("id"), "id", ULID_PATTERN, "ID of the execution")
        await self._flush(call.caller.tenant)
        return json_response(execution_body(await self._storage.get_execution(call.caller.tenant, execution)))

    async def tail(self, call: Call) -> web.StreamResponse:
        tenant, after = call.caller.tenant, _last_event_id(call)
        wanted = filter_of(Query(call.request.query, FILTERS))
        with self._tail.subscribe(tenant, wanted) as subscription:
            stored = [] if after is None else await self._stored_after(tenant, wanted, after)
            stream = web.StreamResponse(headers={**EVENT_HEADERS, REQUEST_ID: call.request_id})
            async with streaming(call, subscription, stream) as write:
                known = await _replay(write, stored)
                await _follow(call, write, subscription, known)
        return stream

    async def _stored_after(self, tenant: str, wanted: ExecutionFilter, after: str) -> list[Execution]:
        """Oldest first, at most one more than `REPLAYED_MOST`: all that the subscription was too late for.

        Not what is newer than this moment. The subscription has that, in order: another process may be slower with an older one.
        """
        await self._relay.ready()
        # Ids count milliseconds: what is less than this is what there is by the time of the flush.
        wanted = replace(wanted, after=after, before=least_at(time.time() + 0.001))
        await asyncio.sleep(0.001)
        await self._flush(tenant)
        ahead = ExecutionFilter(after=least_at(time.time() + AHEAD_SECONDS))
        if await self._storage.list_executions(tenant, ahead, limit=1):
            wanted = replace(wanted, before=None)
        found: list[Execution] = []
        while len(found) <= REPLAYED_MOST:
            page = await self._storage.list_executions(tenant, wanted, limit=LIST_MOST)
            found += page
            if len(page) < LIST_MOST:
                break
            wanted = replace(wanted, before=page[-1].id)
        return found[REPLAYED_MOST::-1]


@contextlib.asynccontextmanager
async def streaming(call: Call, subscription: Subscription, stream: web.StreamResponse) -> AsyncIterator[Write]:
    """What writes to a stream while the block runs. It just ends with the token, with a client that left, or with the server."""
    call.goes_on(stream)
    with contextlib.suppress(ConnectionResetError):  # it left before we began: the first write says so again
        await stream.prepare(call.request)
    stopping = asyncio.ensure_future(call.request.app[STOPPING].wait())
    stopping.add_done_callback(lambda _: subscription.close())
    try:
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(min(LONGEST_SECONDS, call.caller.expires_at - time.time())):
                yield partial(_write, call, stream)
    finally:
        stopping.cancel()


async def _write(call: Call, stream: web.StreamResponse, event: bytes) -> None:
    """`ConnectionResetError` where the client has left, or does not read."""
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            await stream.write(event)
    except TimeoutError:
        if call.request.transport is not None:
            call.request.transport.abort()  # an orderly end would wait for the client, too
        raise ConnectionResetError from None


async def _replay(write: Write, stored: list[Execution]) -> set[str]:
    """Write what the listener had missed while it was away; the ids of that."""
    await write(_FIRST)
    if len(stored) > REPLAYED_MOST:
        stored = stored[1:]
        await write(_missed_event(None))
    for execution in stored:
        await write(_execution_event(execution))
    return {execution.id for execution in stored}


async def _follow(call: Call, write: Write, subscription: Subscription, known: set[str]) -> None:
    """Write what comes and is not known, until the subscription is closed, or the session ends that the call came with."""
    looked = -math.inf
    while not subscription.closed:
        event = await subscription.next(HEARTBEAT_SECONDS)
        if time.monotonic() >= looked + SESSION_SECONDS:
            if await call.has_ended():
                break
            looked = time.monotonic()
        if event is None:
            await write(HEARTBEAT)
        elif isinstance(event, Missed):
            await write(_missed_event(event.count))
        elif event.id not in known:
            await write(_execution_event(event))


def _execution_event(execution: Execution) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (execution.id.encode(), orjson.dumps(execution_body(execution)))


def _missed_event(count: int | None) -> bytes:
    """How many executions are missing here; null when nobody counted."""
    return b"event: missed\ndata: %b\n\n" % orjson.dumps({"missed": count})


def filter_of(query: Query) -> ExecutionFilter:
    """What `FILTERS` say."""
    return ExecutionFilter(
        trigger=query.choice("trigger", (*TRIGGERS, WEBTASK)),
        hook_id=query.ulid("hook"),
        client_id=query.text("client"),
        decision=query.choice("decision", DECISIONS),
        outcome=query.choice("outcome", OUTCOMES),
        level=query.choice("level", LEVELS),
        request_id=query.text("request_id"),
    )


def _last_event_id(call: Call) -> str | None:
    """What the listener saw last; browsers send it by themselves when they come back."""
    given = call.request.headers.get("Last-Event-ID")
    if given is not None and not is_ulid(given):
        raise InvalidQuery(f"The header Last-Event-ID must be an execution's id, 26 characters, not {given[:26]!r}.")
    return given
