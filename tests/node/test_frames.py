"""Messages on the socket: what is sent comes out as it was, however it is cut, and nothing that is too long is kept."""

from __future__ import annotations

import struct

import pytest

from runtime.node.frames import Reader, frame
from runtime.sandbox.abi import Nonsense


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_messages_come_out_whole_however_they_are_cut(size: int):
    """Byte by byte, several at once, empty ones too."""
    messages = [b"", b"{}", b"x" * 300, b"", b"\x00\x01\x02\x03\x04"]
    data = b"".join(map(frame, messages))
    reader = Reader(300)

    read = [message for at in range(0, len(data), size) for message in reader.read(data[at : at + size])]

    assert read == messages


@pytest.mark.parametrize("length", [301, 1 << 30, (1 << 32) - 1])
def test_a_length_that_is_too_large_is_not_waited_for(length: int):
    """The head is enough to end it: a message of a gigabyte is never begun."""
    with pytest.raises(Nonsense):
        list(Reader(300).read(struct.pack("<I", length)))


def test_half_a_message_is_none():
    """It waits for the rest."""
    reader = Reader(300)

    assert list(reader.read(frame(b"abc")[:-1])) == []
    assert list(reader.read(b"c")) == [b"abc"]
