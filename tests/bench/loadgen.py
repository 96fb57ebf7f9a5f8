"""The load generator: a process of its own, on a core of its own, that must never be what is measured.

It reads one job as a line of JSON, runs it, answers with a line of JSON, and waits for the next. A job is
`{"port", "seconds", "streams": [stream...]}`; its answer has one row per stream. A stream is

    {"requests": [text...], "contains": [text...], "connections": n, "pick": "cycle" | "random" | "once",
     "most": null | n, "in_turn": false | true, "rate": null | per second, "refusals": [status...], "patience": null | seconds}

Every answer is looked at: one that does not contain the text that belongs to its request counts with its status negative.

Without a rate, every connection asks again as soon as it is answered (closed loop), or, in turn, the next one does. With
one, requests start on time whatever the server does, and latencies count from the time they were due, so that a stall is
not hidden (open loop). A due request waits until a connection is free; one that has waited for longer than the patience is
given up. Answers that refuse, by those statuses, are counted apart, and have no latency.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import random
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, cast

import orjson
import uvloop

from tests.bench import report

PATIENCE = 20.0
"""Seconds after a stream's end that an answer is waited for."""
DOZE = 0.0015
"""Seconds before a due request from which on the loop dozes, a little at a time: its timers are only good to a millisecond."""
DOZED = 0.0002
SPIN = 0.0004
"""Seconds before it from which on the loop spins. Who spins for long keeps another generator from this core, which then sends
in one go what it could not send meanwhile."""


Request: TypeAlias = tuple[bytes, bytes]
"""A request whole, and what its answer must contain."""


class Connection(asyncio.Protocol):
    """One keep-alive connection: `ask` writes a prebuilt request, `answered(self, status)` is called for its answer."""

    def __init__(self, answered: Callable[[Connection, int], None]) -> None:
        self._answered = answered
        self._contains = b""
        self._received = b""
        self.asked_at = self.sent_at = 0.0
        self.strange = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: Request, at: float) -> None:
        """Send; the latency counts from `at`."""
        self.asked_at, self.sent_at = at, time.perf_counter()
        text, self._contains = request
        self._transport.write(text)

    def data_received(self, data: bytes) -> None:
        """Only as much of HTTP as servers with a Content-Length need."""
        received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0 or len(received) < end + 4 + _content_length(received[:end]):
            self._received = received
            return
        self._received = b""
        status = int(received[9:12])
        if self._contains not in received:
            self.strange, status = received, -status
        self._answered(self, status)

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up before the end is a failed run; status 0 says so."""
        if self.asked_at:
            self._answered(self, 0)

    def close(self) -> None:
        """Hang up."""
        self.asked_at = 0.0
        self._transport.close()


def _content_length(head: bytes) -> int:
    head = head.lower()
    at = head.find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


class Stream(ABC):
    """One kind of request. Subclasses say when the next one starts."""

    def __init__(self, job: dict[str, Any]) -> None:
        requests = zip(job["requests"], itertools.cycle(job["contains"]), strict=False)
        picked = _picked([(text.encode(), contains.encode()) for text, contains in requests], job["pick"])
        self._requests = itertools.islice(picked, job["most"])
        self._count: int = job["connections"]
        self._connections: list[Connection] = []
        self._waiting_for = 0
        self._latencies: list[float] = []
        self._served: list[float] = []
        self._refusals = frozenset(job["refusals"])
        self._refused = self._given_up = 0
        self._statuses: dict[int, int] = {}
        self._done = asyncio.Event()

    async def connect(self, port: int) -> None:
        """Open every connection before the clock starts."""
        loop = asyncio.get_running_loop()
        for _ in range(self._count):
            _, connection = await loop.create_connection(lambda: Connection(self._answered), "127.0.0.1", port)
            self._connections.append(connection)

    async def run(self, seconds: float) -> dict[str, Any]:
        """Run the stream, then its row: latencies in microseconds, answers by status, answers per second.

        `served` counts from when a request was sent, which in an open loop may be later than it was due.
        """
        started = time.perf_counter()
        self._start(started, started + seconds)
        await asyncio.wait_for(self._done.wait(), seconds + PATIENCE)
        elapsed = time.perf_counter() - started
        for connection in self._connections:
            connection.close()
        micros = [latency * 1e6 for latency in self._latencies]
        row = {**report.latency(micros, "us"), "per_s": len(micros) / elapsed}
        row |= {"served_p99_us": report.percentile(self._served, 0.99) * 1e6}
        row |= {"refused": self._refused, "given_up": self._given_up, "answered": len(micros)}
        strange = next((connection.strange for connection in self._connections if connection.strange), b"")
        return {**row, "statuses": self._statuses, "strange": strange.decode(errors="replace")}

    @abstractmethod
    def _start(self, now: float, end: float) -> None:
        """Ask for the first time."""

    def _answered(self, connection: Connection, status: int) -> None:
        now = time.perf_counter()
        if abs(status) in self._refusals:
            self._refused += 1
        else:
            self._latencies.append(now - connection.asked_at)
            self._served.append(now - connection.sent_at)
            self._statuses[status] = self._statuses.get(status, 0) + 1
        self._waiting_for -= 1
        connection.asked_at = 0.0
        self._go_on(connection, now)

    @abstractmethod
    def _go_on(self, connection: Connection, now: float) -> None:
        """A connection has its answer: what next?"""

    def _ask(self, connection: Connection, request: Request, at: float) -> None:
        self._waiting_for += 1
        connection.ask(request, at)


class ClosedLoop(Stream):
    """Every connection asks again as soon as it is answered, until time or requests run out."""

    def _start(self, now: float, end: float) -> None:
        self._end = end
        for connection in self._connections:
            self._go_on(connection, now)

    def _go_on(self, connection: Connection, now: float) -> None:
        request = next(self._requests, None) if now < self._end else None
        if request is not None:
            self._ask(connection, request, now)
        elif not self._waiting_for:
            self._done.set()


class InTurn(ClosedLoop):
    """One request after the other, each by the next connection: two workers that share a port both have their part of them."""

    def _start(self, now: float, end: float) -> None:
        self._end = end
        self._turns = itertools.cycle(self._connections)
        super()._go_on(next(self._turns), now)

    def _go_on(self, connection: Connection, now: float) -> None:
        super()._go_on(next(self._turns), now)


class OpenLoop(Stream):
    """A request every 1/rate seconds, on whichever connection is free; a due one waits when none is."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        self._interval = 1 / job["rate"]
        self._patience: float = job["patience"] or math.inf
        self._due: deque[float] = deque()

    def _start(self, now: float, end: float) -> None:
        self._free = list(self._connections)
        self._next, self._end = now, end
        self._tick()

    def _tick(self) -> None:
        """What is due now; then again when the next one is."""
        now = time.perf_counter()
        self._send(now)
        if self._next < self._end:
            loop, ahead = asyncio.get_running_loop(), self._next - now
            if ahead > 2 * DOZE:
                loop.call_later(ahead - DOZE, self._tick)
                return
            if ahead > SPIN:
                time.sleep(DOZED)  # noqa: TID251 - what is waited for is a moment
            loop.call_soon(self._tick)
        elif not self._waiting_for:
            self._done.set()

    def _send(self, now: float) -> None:
        while self._next <= now and self._next < self._end:
            self._due.append(self._next)
            self._next += self._interval
        while self._due and self._due[0] < now - self._patience:
            self._due.popleft()
            self._given_up += 1
        while self._due and self._free:
            self._ask(self._free.pop(), next(self._requests), self._due.popleft())

    def _go_on(self, connection: Connection, now: float) -> None:
        self._free.append(connection)
        if self._due:
            self._send(now)
        if self._next >= self._end and not self._waiting_for:
            self._done.set()


def _picked(requests: list[Request], pick: str) -> Iterator[Request]:
    if pick == "once":
        return iter(requests)
    if pick == "random":
        choose = random.Random(1).choice
        return (choose(requests) for _ in itertools.count())
    return itertools.cycle(requests)


def _kind(job: dict[str, Any]) -> type[Stream]:
    return OpenLoop if job["rate"] else InTurn if job["in_turn"] else ClosedLoop


async def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Run the job's streams together. `busy` is the share of its core that the generator itself used."""
    streams = [_kind(stream)(stream) for stream in job["streams"]]
    for stream in streams:
        await stream.connect(job["port"])
    gc.collect()
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    rows = await asyncio.gather(*(stream.run(job["seconds"]) for stream in streams))
    busy = (time.process_time() - cpu) / (time.perf_counter() - wall)
    gc.enable()
    return {"streams": rows, "busy": busy}


def main() -> None:
    """Serve jobs from standard input until it ends."""
    sys.stdout.write('{"ready": true}\n')
    sys.stdout.flush()
    for line in sys.stdin:
        answer = uvloop.run(run_job(orjson.loads(line)))
        sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
