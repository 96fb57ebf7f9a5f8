"""Folders that a stranger's archive has filled: counted, packed, unpacked and removed, however many and deep they are.

For threads, not for the event loop. Nothing here calls itself for a folder in a folder: a thousand of them, which an archive of
300 bytes makes, are more than Python's stack takes.
"""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from pathlib import Path
from typing import Final

from runtime.bundle.base import ModulesTooLarge

ENTRY_BYTES: Final = 1_024
"""What a file or a folder counts beside its content: about what it takes in `packed`, and more than nothing on a disk."""
DEEPEST: Final = 200
"""Folders in one another."""


def size_of(folder: Path, most: int) -> int:
    """Bytes of all that is below the folder, `ENTRY_BYTES` for each entry among them, as far as they are not more than `most`."""
    total, folders = 0, [str(folder)]
    while folders and total <= most:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    total += ENTRY_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
                    if total > most:
                        break
        except OSError:  # it went while it was looked at
            continue
    return total


def packed(folder: Path) -> bytes:
    """An archive of the folder, by its own name. `ModulesTooLarge` where it is too deep."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        waiting = [(folder, folder.name, 0)]
        while waiting:
            place, name, depth = waiting.pop()
            if depth > DEEPEST:
                raise ModulesTooLarge(f"The hook's modules have more than {DEEPEST} folders in one another.")
            archive.add(place, name, recursive=False)
            if place.is_dir() and not place.is_symlink():
                below = sorted(place.iterdir(), reverse=True)
                waiting += [(each, f"{name}/{each.name}", depth + 1) for each in below]
    return made.getvalue()


def unpack(tree: bytes, work: Path) -> None:
    """What was `packed`, into this folder."""
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        # Of the first releases of Python 3.11 only; what is unpacked was packed here.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(work)  # noqa: S202 - likewise


def remove(folder: Path) -> None:
    """The folder and all in it. What the system does not let go stays, and is no error.

    What lies deeper is moved up to the top before it is looked at: so no path is too long for the system, either.
    """
    waiting, count = _emptied(folder), 0
    while waiting:
        place = waiting.pop()
        for below in _emptied(place):
            count += 1
            up = str(folder / f"removed-{count}")
            try:
                os.rename(below, up)  # noqa: PTH104 - there may be very many
            except OSError:
                up = below
            waiting.append(up)
        with contextlib.suppress(OSError):
            os.rmdir(place)  # noqa: PTH106 - likewise
    with contextlib.suppress(OSError):
        folder.rmdir()


def _emptied(place: str | Path) -> list[str]:
    """The folders in this one, which has nothing else any more."""
    folders = []
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)  # noqa: PTH108 - likewise
    return folders
