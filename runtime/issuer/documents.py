"""Records as JSON documents: what is kept of them, beside what they are found by."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeVar

import orjson

T = TypeVar("T")


def dump(record: Any) -> str:
    """A record's document."""
    return orjson.dumps(asdict(record)).decode()


def load(kind: type[T], document: str | bytes) -> T:
    """A record from its document. JSON has no tuples, and records have no lists at their top level."""
    fields: dict[str, object] = orjson.loads(document)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
