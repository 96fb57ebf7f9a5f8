"""Execution records as backends keep them: one JSON object each. Pure.

Records outlive the release that wrote them: a field that this release does not know is left out, one that the record
does not have takes its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

import orjson

from runtime.model import ConsoleLine, DroppedClaim, Execution, Failure, Operation, Refusal

T = TypeVar("T")


def encode(execution: Execution) -> bytes:
    """The record of an execution."""
    return orjson.dumps(execution)


def decode(record: bytes) -> Execution:
    """The execution of a record."""
    values: dict[str, Any] = orjson.loads(record)
    values["dropped"] = tuple(_make(DroppedClaim, claim) for claim in values.get("dropped", ()))
    values["operations"] = tuple(_make(Operation, operation) for operation in values.get("operations", ()))
    values["console"] = tuple(_make(ConsoleLine, line) for line in values.get("console", ()))
    failure = values.get("failure")
    # A failure has a code, a refusal has none (model.Outcome).
    values["failure"] = failure and _make(Failure if "code" in failure else Refusal, failure)
    return _make(Execution, values)


_NAMES: Final[Mapping[type, frozenset[str]]] = {
    kind: frozenset(item.name for item in fields(kind))
    for kind in (ConsoleLine, DroppedClaim, Execution, Failure, Operation, Refusal)
}


def _make(kind: type[T], values: Mapping[str, Any]) -> T:
    return kind(**{name: value for name, value in values.items() if name in _NAMES[kind]})
