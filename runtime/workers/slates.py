"""A slate for each worker: it writes what it likes, and all can read it. In memory, made before the workers are."""

from __future__ import annotations

import os
import struct
from typing import Final
from zlib import crc32

from runtime.memory import nameless_file

_HEAD: Final = struct.Struct("<QI")
_ATTEMPTS: Final = 3


class Slates:
    """So many; each has nothing on it. A process that is gone leaves what it wrote to its successor, who writes over it."""

    def __init__(self, count: int) -> None:
        self._files = [nameless_file("hookd-worker") for _ in range(count)]

    def write(self, number: int, data: bytes) -> None:
        """In place of what stands there. To be called by one process at a time."""
        os.pwrite(self._files[number], _HEAD.pack(len(data), crc32(data)) + data, 0)

    def read(self, number: int) -> bytes:
        """What stands there; nothing if it is being written all the time, or was left half written."""
        for _ in range(_ATTEMPTS):
            head = os.pread(self._files[number], _HEAD.size, 0)
            if len(head) == _HEAD.size:
                length, check = _HEAD.unpack(head)
                data = os.pread(self._files[number], length, _HEAD.size)
                if len(data) == length and crc32(data) == check:
                    return data
        return b""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._files)
