"""The contract between a sandbox and what does its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from runtime.model import Operation
from runtime.sandbox.asked import Asked


@dataclass(frozen=True, slots=True)
class Place:
    """For whom: an owner, and which hook of theirs. `dry`: what is changed is lost."""

    owner: str = ""
    hook: str = ""
    dry: bool = False


class Failed(Exception):
    """An operation came to nothing. The hook is told `code`, the text and `more`."""

    def __init__(self, code: str | int, message: str, more: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.said = {"code": code, "message": message, **(more or {})}


class Perform(Protocol):
    """Does an operation: its result, less the id, or `Failed`. `notes` gets what the execution's record has of it."""

    async def __call__(self, place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
        """Cancelled when nobody waits for it any more."""
        ...


async def nothing(place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:  # noqa: ARG001 - the contract
    """A `Perform` where there is neither network nor storage."""
    raise Failed("ERR_ACCESS_DENIED", "there are no operations here")
