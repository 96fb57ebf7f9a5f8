"""Jobs for the load generator: requests as bytes, streams of them, and their rows of figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import orjson

from tests.bench.report import Row
from tests.bench.servers import LOAD_CORE, Broken, Child, python

CONNECTIONS = 16
OF_PATIENCE = ("served_p99_us", "refused", "given_up", "answered")
"""Columns of a stream that has patience."""


def request(method: str, path: str, body: object, token: str = "") -> str:
    """An HTTP/1.1 request with a JSON body, whole."""
    content = orjson.dumps(body).decode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([*lines, f"Content-Length: {len(content.encode())}", "", content])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Requests of one kind. `pick`: cycle, random or once; `most` of them. Without `rate` a closed loop, with it an open one.

    Every answer must have the status `expect` and contain the text `contains`, or the one of these that belongs to its
    request. `in_turn`: one after the other, each by the next of the connections. `refusals` are statuses that may come too:
    they are counted apart. `patience`: after so many seconds without a free connection a due request is given up.
    """

    requests: Sequence[str]
    contains: str | Sequence[str] = ""
    connections: int = CONNECTIONS
    pick: str = "cycle"
    most: int | None = None
    in_turn: bool = False
    rate: float | None = None
    patience: float | None = None
    expect: int = 200
    refusals: Sequence[int] = ()

    def job(self) -> dict[str, Any]:
        """As the load generator wants it."""
        contains = [self.contains] if isinstance(self.contains, str) else self.contains
        return {**asdict(self), "contains": contains}


class LoadGenerator:
    """The load generator's process. Where several share their core, one may come first: what it measures is not the others."""

    def __init__(self, *, comes_first: bool = False) -> None:
        self._child = Child(python("loadgen"), core=LOAD_CORE)
        self._child.read()
        if comes_first:
            self._child.come_first()

    def __enter__(self) -> Self:
        """Itself; leaving stops it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Stop it."""
        self._child.close()

    def run(self, port: int, seconds: float, *streams: Stream) -> list[Row]:
        """Run the streams side by side; a row for each. `Broken` when an answer is not as expected.

        A row's `busy` is the share of its core that the generator used, for all streams together.
        """
        answer = self._child.ask({"port": port, "seconds": seconds, "streams": [stream.job() for stream in streams]})
        for stream, row in zip(streams, answer["streams"], strict=True):
            statuses, strange = row.pop("statuses"), row.pop("strange")
            if any(int(status) != stream.expect for status in statuses):
                asked = (
                    f"{stream.requests[0].partition(' HTTP/')[0]}: expected {stream.expect} with {stream.contains!r}"
                )
                raise Broken(f"{asked}, got statuses {statuses}; such an answer:\n{strange}")
            row["busy"] = answer["busy"]
            if stream.patience is None:
                for name in OF_PATIENCE:
                    del row[name]
        return list(answer["streams"])
