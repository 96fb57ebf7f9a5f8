"""A folder of what would take long to make again, each under the hash of what it was made from. For threads, not for the event loop.

An entry is the SHA-256 of its content, then the content: one that a crash or a disk has changed is not found, and goes.
Entries are written whole, under another name first. When they are more than so many bytes, those go that were longest unused.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

_DIGEST = 32


class Store:
    """Of one folder, which several processes may share."""

    def __init__(self, folder: Path, *, most: int) -> None:
        self._folder = folder
        self._most = most

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put under this key, if it is there and whole."""
        path = self._path(kind, key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # another process has made room meanwhile, or the disk is only read
            os.utime(path)
        return data[_DIGEST:]

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep it. `OSError` where the disk does not take it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = self._folder / f".{secrets.token_hex(8)}"
        try:
            written.write_bytes(hashlib.sha256(content).digest() + content)
            written.replace(self._path(kind, key))
        finally:
            written.unlink(missing_ok=True)
        self._make_room()

    def _path(self, kind: str, key: str) -> Path:
        return self._folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()}"

    def _make_room(self) -> None:
        entries = sorted((status(path) for path in self._folder.iterdir()), reverse=True)
        total = 0
        for _, size, path in entries:
            total += size
            if total > self._most:
                path.unlink(missing_ok=True)


def status(path: Path) -> tuple[float, int, Path]:
    """When the file was last used, its size and its path; nothing of one that went meanwhile."""
    try:
        found = path.stat()
    except OSError:
        return 0.0, 0, path
    return found.st_mtime, found.st_size, path
