"""What goes over the socket to a jailed process: four bytes of length, little-endian, and so many bytes of JSON. Pure.

Whatever comes from there is an attacker's: no length is believed before it is known to be allowed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from runtime.sandbox.abi import Nonsense

_LENGTH: Final = struct.Struct("<I")


def frame(body: bytes) -> bytes:
    """A message as it is sent."""
    return _LENGTH.pack(len(body)) + body


class Reader:
    """Bytes as they come, to messages. It keeps no more of them than `most` at a time, and raises `Nonsense` for more."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept = bytearray()

    def read(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole with these bytes."""
        self._kept += data
        while len(self._kept) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._kept)
            if size > self.most:
                raise Nonsense("it began a message that is longer than any may be")
            end = _LENGTH.size + size
            if len(self._kept) < end:
                return
            yield bytes(self._kept[_LENGTH.size : end])
            del self._kept[:end]
