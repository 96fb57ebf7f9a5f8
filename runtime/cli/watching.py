"""When files of some folders change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

SECONDS: Final = 0.2
"""Between two looks: an editor's saving is over, and nobody has waited."""

_Seen: TypeAlias = dict[str, tuple[int, int]]

_PASSED_BY: Final = ("node_modules", "__pycache__")


def changes(folders: Sequence[Path]) -> AsyncIterator[None]:
    """Once for each time that a file in them is changed, made or removed from now on, after it has stayed so between two looks."""
    return _changes(folders, _look(folders))


async def _changes(folders: Sequence[Path], seen: _Seen) -> AsyncIterator[None]:
    looked = seen
    while True:
        await asyncio.sleep(SECONDS)
        last, looked = looked, _look(folders)
        if looked != seen and looked == last:
            seen = looked
            yield


def _look(folders: Sequence[Path]) -> _Seen:
    """Every file, with what changes when it does."""
    found: _Seen = {}
    for folder in folders:
        for file in folder.rglob("*"):
            if not any(part.startswith(".") or part in _PASSED_BY for part in file.relative_to(folder).parts):
                try:
                    status = file.stat()
                except OSError:  # it is gone again
                    continue
                found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found
