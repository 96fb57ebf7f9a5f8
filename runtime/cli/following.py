"""The live tail: server-sent events, across lost connections. What was missed meanwhile comes with the next one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from httpx_sse import EventSource, ServerSentEvent

from runtime.cli.failures import ServerAway, ServerRefused
from runtime.cli.options import Remote

SECONDS: Final = 1.0
"""Wait before the first try to come back; each further one waits twice as long."""

MOST_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Missed:
    """So many executions are not in the stream; None when nobody counted."""

    count: int | None


def follow(remote: Remote, query: Mapping[str, Any], *, after: str | None) -> Iterator[Mapping[str, Any] | Missed]:
    """Executions as they happen, without an end; *after* is the id of the last one that is known already.

    `CommandFailed` where the server refuses, or is not there to begin with. Who was connected once waits for it.
    """
    tail, waited, is_told = _Tail(remote, dict(query), after), 0.0, False
    while True:
        try:
            for event in tail.events():
                waited, is_told = 0.0, False
                yield event
        except ServerAway as error:
            if not tail.was_connected:
                raise
            if not is_told:
                remote.out.note(f"{error.message.split('. ')[0]}. Waiting for it; Ctrl-C ends.")
            is_told = True
        waited = min(MOST_SECONDS, 2 * waited or SECONDS)
        # Nobody sets it: a wait that Ctrl-C ends.
        threading.Event().wait(waited)


class _Tail:
    """One listener, over several connections."""

    def __init__(self, remote: Remote, query: Mapping[str, Any], last: str | None) -> None:
        self.was_connected = False
        self._remote = remote
        self._query = query
        self._last = last

    def events(self) -> Iterator[Mapping[str, Any] | Missed]:
        """What one connection brings, until it ends."""
        with self._connected() as source:
            for event in source.iter_sse():
                self._last = event.id or self._last
                if event.data:  # a comment, or how long to wait, is no event
                    yield _read(event)

    @contextmanager
    def _connected(self) -> Iterator[EventSource]:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": self._last} if self._last else {})}
        with self._remote.server.stream("/api/v1/logs/tail", query=self._query, headers=headers) as response:
            self.was_connected = True
            yield EventSource(response)


def _read(event: ServerSentEvent) -> Mapping[str, Any] | Missed:
    try:
        body = event.json()
    except ValueError:
        raise ServerRefused(
            "What comes as an execution is none: something between here and hookd changes it."
        ) from None
    return Missed(body["missed"]) if event.event == "missed" else dict(body)
