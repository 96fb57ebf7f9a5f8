"""The contract of the execution log, as the use cases see it."""

from __future__ import annotations

from typing import Protocol

from runtime.model import Execution


class Recorder(Protocol):
    """Takes execution records. Bounded: under overload records are dropped and counted, answers never wait."""

    def record(self, execution: Execution) -> None:
        """Take one record. Returns at once and never raises."""
