"""A client of the live tail: how long a line is on its way from `console.log` to somebody who reads it."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection
from typing import Self

from tests.bench.servers import Broken

SECONDS = 20.0
"""So long it waits for the next event."""


class Listener:
    """Follows a tenant's executions while the block runs. A hook that prints `Date.now()` says when; `ms` is what it took.

    The hook's clock has whole milliseconds, so each figure is up to one too large.
    """

    def __init__(self, port: int, token: str) -> None:
        self.ms: list[float] = []
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self._connection.request("GET", "/api/v1/logs/tail", headers={"Authorization": f"Bearer {token}"})
        self._answer = self._connection.getresponse()
        if self._answer.status != 200:
            raise Broken(f"the tail answers {self._answer.status}: {self._answer.read()!r}")
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        """Itself, listening."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Hang up."""
        self._connection.sock.shutdown(2) if self._connection.sock else None
        self._thread.join()
        self._answer.close()
        self._connection.close()

    def wait_for(self, count: int) -> None:
        """Until it has heard of so many executions. `Broken` where they do not come."""
        ends = time.monotonic() + SECONDS
        while len(self.ms) < count:
            if time.monotonic() > ends:
                raise Broken(f"of {count} executions the tail told {len(self.ms)}")
            self._thread.join(0.01)

    def _follow(self) -> None:
        try:
            for line in self._answer:
                if line.startswith(b"data: "):
                    now = time.time() * 1000
                    self.ms.append(now - float(json.loads(line[6:])["console"][0]["text"]))
        except (OSError, ValueError, AttributeError):
            return  # hung up
