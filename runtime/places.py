"""Where the code of modules is from: a table from places in the script that they were joined into to lines of their own files.

Pure. Only looked into when an error's stack is shown. Bytes: the number of bytes of a JSON array of file names, the number of
rows, the names; then of each row the place at which it begins (line from 0 and column from 0, 32 bits each), and of each row
its file, and its line from 1. A row stands for all up to the next one.
"""

from __future__ import annotations

import json
import re
import struct
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

_HEAD: Final = struct.Struct("<II")
_BEGIN: Final = struct.Struct("<Q")
_NUMBER: Final = struct.Struct("<I")
_FRAME: Final = re.compile(r"hook\.js:(\d{1,9}):(\d{1,9})")
_COLUMN_BITS: Final = 32


def pack(files: Sequence[str], rows: Sequence[int]) -> bytes:
    """The table. `rows` has four numbers for each row, in order of the first two: line, column, file, line in the file."""
    names = json.dumps(files, ensure_ascii=False).encode()
    begins = [(line << _COLUMN_BITS) + column for line, column in zip(rows[0::4], rows[1::4], strict=True)]
    numbers = struct.pack(f"<{len(begins)}Q", *begins), struct.pack(f"<{2 * len(begins)}I", *rows[2::4], *rows[3::4])
    return b"".join([_HEAD.pack(len(names), len(begins)), names, *numbers])


class Places:
    """The table of one script, which begins after so many lines of the text that was evaluated."""

    __slots__ = ("_before", "_table", "size")

    def __init__(self, table: bytes, before: int) -> None:
        self._table = table
        self._before = before
        self.size = len(table)

    def named(self, text: str) -> str:
        """The text with files and lines in place of frames in the script. Lines of frames that are no module's go."""
        if "hook.js:" not in text:
            return text
        lines = map(self._line, text.split("\n"))
        return "\n".join(line for line in lines if line is not None)

    def _line(self, line: str) -> str | None:
        found = _FRAME.search(line)
        if found is None or int(found[1]) <= self._before:
            return line
        place = self._place(int(found[1]) - self._before - 1, int(found[2]) - 1)
        if place is not None:
            return f"{line[: found.start()]}{place}{line[found.end() :]}"
        return None if line.lstrip().startswith("at ") else line

    def _place(self, line: int, column: int) -> str | None:
        table = self._table
        size, rows = _HEAD.unpack_from(table)
        start = _HEAD.size + size
        wanted = (line << _COLUMN_BITS) + max(column, 0)
        row = bisect_right(range(rows), wanted, key=lambda row: _BEGIN.unpack_from(table, start + 8 * row)[0]) - 1
        if row < 0:
            return None
        (file,) = _NUMBER.unpack_from(table, start + 8 * rows + 4 * row)
        (own,) = _NUMBER.unpack_from(table, start + 12 * rows + 4 * row)
        name: str = json.loads(table[_HEAD.size : start])[file]
        return f"{name}:{own}" if name else None
