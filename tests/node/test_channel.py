"""The host's end of a process's socket, against whatever is written into the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from runtime.node.channel import MOST_FRAMES, Channel, Ended
from runtime.node.frames import frame

ALLOWANCE = 1_000


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Channel, socket.socket]]:
    """A channel, and the process's end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(10)
    channel = Channel(ALLOWANCE)
    await asyncio.get_running_loop().create_connection(lambda: channel, sock=ours)
    yield channel, theirs
    channel.close()
    theirs.close()


async def test_messages_go_both_ways(pair: tuple[Channel, socket.socket]):
    """In their order."""
    channel, process = pair
    process.sendall(frame(b"a") + frame(b"b"))
    channel.send(b"c", b"")

    assert [await channel.receive(10), await channel.receive(10)] == [b"a", b"b"]
    assert await asyncio.to_thread(process.recv, 9, socket.MSG_WAITALL) == frame(b"c") + frame(b"")


async def test_nobody_waits_for_longer_than_wanted(pair: tuple[Channel, socket.socket]):
    """None, and the next one is not lost."""
    channel, process = pair

    assert await channel.receive(0.001) is None
    process.sendall(frame(b"late"))
    assert await channel.receive(10) == b"late"


@pytest.mark.parametrize(
    "written, says",
    [
        (b"", ""),
        (b"\x05\0\0", ""),
        (frame(b"half")[:-1], ""),
        (struct.pack("<I", 1 << 30), "longer than any may be"),
        (b"not a frame at all", "longer than any may be"),
        (frame(b"x" * (ALLOWANCE + 1)), "longer than any may be"),
        (frame(b"x" * 600) * 2, "more than it may"),
    ],
    ids=["nothing", "half a length", "half a message", "a gigabyte", "text", "too long", "too many bytes"],
)
async def test_every_end_is_clean(pair: tuple[Channel, socket.socket], written: bytes, says: str):
    """Whatever came before the process closed its end, or did what it may not."""
    channel, process = pair
    process.sendall(written)
    process.close()
    with pytest.raises(Ended) as ended:
        await channel.receive(10)

    assert says in str(ended.value)
    assert bool(str(ended.value)) == bool(says)


async def test_a_flood_of_empty_messages_ends(pair: tuple[Channel, socket.socket]):
    """Bytes are allowed, but not so many messages."""
    channel, process = pair
    channel.allow(1 << 20)
    writing = asyncio.create_task(asyncio.to_thread(_flood, process))
    with pytest.raises(Ended, match="more than it may"):
        await _all_of(channel)
    await writing


async def _all_of(channel: Channel) -> None:
    while True:
        await channel.receive(10)


def _flood(process: socket.socket) -> None:
    try:
        process.sendall(frame(b"") * (MOST_FRAMES + 1) * 2)
    except OSError:
        return


async def test_what_came_before_the_end_is_read(pair: tuple[Channel, socket.socket]):
    """A process that answers and ends has answered."""
    channel, process = pair
    process.sendall(frame(b"last"))
    process.close()

    assert await channel.receive(10) == b"last"
    with pytest.raises(Ended):
        await channel.receive(10)


async def test_an_allowance_can_be_raised(pair: tuple[Channel, socket.socket]):
    """By who asks something of the process."""
    channel, process = pair
    channel.allow(5_000)
    process.sendall(frame(b"x" * 5_000))

    assert await channel.receive(10) == b"x" * 5_000
