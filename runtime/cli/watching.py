"""When files change: those that are named, and all in folders that are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

SECONDS: Final = 0.2
"""Between two looks: an editor's saving is over, and nobody has waited."""

_Seen: TypeAlias = dict[str, tuple[int, int]]

_PASSED_BY: Final = ("node_modules", "__pycache__")


def changes(places: Sequence[Path]) -> AsyncIterator[None]:
    """Once for each time that one of these files, or a file in these folders, is changed, made or removed from now on, after it has stayed so between two looks."""
    return _changes(places, _look(places))


async def _changes(places: Sequence[Path], seen: _Seen) -> AsyncIterator[None]:
    looked = seen
    while True:
        await asyncio.sleep(SECONDS)
        last, looked = looked, _look(places)
        if looked != seen and looked == last:
            seen = looked
            yield


def _look(places: Sequence[Path]) -> _Seen:
    """Every file, with what changes when it does."""
    found: _Seen = {}
    for place in places:
        for file in place.rglob("*") if place.is_dir() else [place]:
            if not any(part.startswith(".") or part in _PASSED_BY for part in file.relative_to(place).parts):
                try:
                    status = file.stat()
                except OSError:  # it is gone again
                    continue
                found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found
