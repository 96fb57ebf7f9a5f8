"""The contract of the execution log, as the use cases see it, and what a record weighs."""

from __future__ import annotations

from dataclasses import dataclass
from sys import getsizeof
from typing import Final, Protocol

from runtime.model import Execution, Refusal

RECORD_BYTES: Final = 1024
"""About what a record takes in memory beside the texts that a hook makes."""

_LINE_BYTES: Final = 64
_DROPPED_BYTES: Final = 512
_OPERATION_BYTES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept: so many days, and of each tenant the newest `most` records, and of these `most_bytes` together."""

    days: int
    most: int
    most_bytes: int


class Recorder(Protocol):
    """Takes execution records. Bounded: under overload records are dropped and counted, answers never wait."""

    def record(self, execution: Execution) -> None:
        """Take one record. Returns at once and never raises."""


def size_of(execution: Execution) -> int:
    """About how many bytes the record takes in memory. Counts what a hook can make large."""
    size = RECORD_BYTES
    if execution.answer:
        size += getsizeof(execution.answer)
    for line in execution.console:
        size += _LINE_BYTES + getsizeof(line.text)
    if execution.dropped:
        size += _DROPPED_BYTES * len(execution.dropped)
    if execution.operations:
        size += sum(_OPERATION_BYTES + getsizeof(operation.host) for operation in execution.operations)
    if execution.request is not None:
        size += _json_size(execution.request)
    failure = execution.failure
    if failure is not None:
        size += getsizeof(failure.message) + getsizeof(failure.stack)
        if isinstance(failure, Refusal) and failure.properties:
            size += _json_size(failure.properties)
    return size


def _json_size(value: object) -> int:
    size = getsizeof(value)
    if isinstance(value, dict):
        return size + sum(getsizeof(name) + _json_size(member) for name, member in value.items())
    return size + sum(map(_json_size, value)) if isinstance(value, list) else size
