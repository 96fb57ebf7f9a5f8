"""SQLite files as somebody else holds them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def other_process(path: Path, *statements: str) -> Iterator[sqlite3.Connection]:
    """A connection beside ours, as another process has one."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        for statement in statements:
            connection.execute(statement)
        yield connection
    finally:
        connection.close()
