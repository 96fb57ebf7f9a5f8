"""The answers of the last minute, in memory that all workers of a service share, and which ones are being made.

The file (`memory`) has no name: nothing of a token reaches a disk, and all of it is gone with the service. It is a head,
buckets of entries, and a ring of records that the entries point to; the oldest record gives way. Long ones take half of it in a
minute at most, whatever hooks answer: the others are not kept, so that one tenant's leave room for others' short ones. One lock for
all, for a few microseconds at a time. A process that is killed may leave anything half written: an entry counts only if its record has the same
key and its checksum holds.
"""

from __future__ import annotations

import enum
import struct
import time
from collections.abc import Callable
from typing import Final
from zlib import crc32

from runtime.memory import Lock, mapped

SECONDS: Final = 60.0
"""How long an answer is kept, at most."""

ROOM: Final = 64 << 20
"""Bytes of answers."""

SHORT: Final = 2048
"""Bytes of an answer that is kept, however many there are."""

BUCKETS: Final = 1 << 15
LAYOUT: Final = 2
"""Of the file; another one for another form."""

LEASE_SECONDS: Final = 120.0
"""Nobody makes an answer for longer: after this, a claim that nobody could take back is void."""

_WAYS: Final = 8
# key, place of the record since the beginning of time, its length or `_RUNNING`, who makes it, until when the entry counts.
_ENTRY: Final = struct.Struct("<16sQIId")
_UNTILS: Final = struct.Struct("<" + "32xd" * _WAYS)
_BUCKET: Final = _ENTRY.size * _WAYS
# key, length, checksum
_RECORD: Final = struct.Struct("<16sII")
_HEAD: Final = struct.Struct("<QQ")
"""Where the ring ends, and how many processes have come."""

_LONG: Final = struct.Struct("<d")
"""Behind it, until when the room of long answers is given away, in seconds of the clock: at most a minute ago counts."""

_HEAD_BYTES: Final = 64
_RUNNING: Final = 0xFFFFFFFF
# What is locked is no part of what is written: a byte for all, and one for each process.
_LOCK: Final = 1 << 40
_ALIVE: Final = _LOCK + 1


class Claim(enum.Enum):
    """What somebody hears who is to make an answer that is not there."""

    MINE = enum.auto()
    """Make it, and `keep` it or `release` the claim."""

    RUNNING = enum.auto()
    """Another process makes it: ask again soon."""


class Answers:
    """One process's view of a file that all have. Keys are 16 bytes."""

    def __init__(
        self,
        file: int,
        *,
        room: int = ROOM,
        buckets: int = BUCKETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._room = room
        self._buckets = buckets
        self._clock = clock
        self._ring = _HEAD_BYTES + buckets * _BUCKET
        self._memory = mapped(file, 0, self._ring + room)
        self._lock = Lock(file, _LOCK, clock)
        self._lock.wait()
        try:
            end, self._me = _HEAD.unpack_from(self._memory)
            self._me += 1
            _HEAD.pack_into(self._memory, 0, end, self._me)
        finally:
            self._lock.give_back()
        # As long as it lives.
        Lock(file, _ALIVE + self._me).wait()

    def claim(self, key: bytes) -> bytes | Claim:
        """The answer that was given, or whose it is to make one. Who asks again for what is its own gets it again."""
        now = self._clock()
        if not self._lock.take():
            return Claim.MINE
        try:
            at = self._find(key)
            if at:
                _, place, length, maker, until = _ENTRY.unpack_from(self._memory, at)
                if now < until:
                    if length == _RUNNING:
                        if maker != self._me and Lock(self._file, _ALIVE + maker).is_taken():
                            return Claim.RUNNING
                    elif (answer := self._read(key, place, length)) is not None:
                        return answer
            else:
                at = self._free(key, now)
            if at:
                _ENTRY.pack_into(self._memory, at, key, 0, _RUNNING, self._me, now + LEASE_SECONDS)
            return Claim.MINE
        finally:
            self._lock.give_back()

    def keep(self, key: bytes, answer: bytes) -> None:
        """The answer, for a minute, as far as there is room."""
        now = self._clock()
        if self._lock.take():
            try:
                at = self._find(key) or self._free(key, now)
                if at:
                    place = self._write(key, answer) if self._has_room(len(answer), now) else None
                    until = 0.0 if place is None else now + SECONDS
                    _ENTRY.pack_into(self._memory, at, key, place or 0, len(answer), 0, until)
            finally:
                self._lock.give_back()

    def release(self, key: bytes) -> None:
        """There will be no answer: the next one may make it."""
        if self._lock.take():
            try:
                at = self._find(key)
                if at and _ENTRY.unpack_from(self._memory, at)[3] == self._me:
                    _ENTRY.pack_into(self._memory, at, bytes(16), 0, 0, 0, 0.0)
            finally:
                self._lock.give_back()

    def _bucket(self, key: bytes) -> int:
        return _HEAD_BYTES + int.from_bytes(key[:4], "little") % self._buckets * _BUCKET

    def _find(self, key: bytes) -> int:
        """Where its entry is, 0 for nowhere."""
        start = at = self._bucket(key)
        while (at := self._memory.find(key, at, start + _BUCKET)) >= 0:
            if (at - start) % _ENTRY.size == 0:
                return at
            at += 1
        return 0

    def _free(self, key: bytes, now: float) -> int:
        """Where there is room for its entry: in place of one that counts no more, or of the oldest answer. 0 for nowhere."""
        start = self._bucket(key)
        untils = _UNTILS.unpack_from(self._memory, start)
        until = min(untils)
        at = start + untils.index(until) * _ENTRY.size
        # What runs counts for longer than any answer.
        is_running = until > now and _ENTRY.unpack_from(self._memory, at)[2] == _RUNNING
        return 0 if is_running else at

    def _has_room(self, size: int, now: float) -> bool:
        """Whether an answer may be kept; a long one has taken its part of the room then."""
        if size <= SHORT:
            return True
        (given,) = _LONG.unpack_from(self._memory, _HEAD.size)
        given = min(max(given, now - SECONDS), now) + size / (self._room / 2) * SECONDS
        if given > now:
            return False
        _LONG.pack_into(self._memory, _HEAD.size, given)
        return True

    def _write(self, key: bytes, answer: bytes) -> int | None:
        """The place of a new record; None where it is too large."""
        size = _RECORD.size + len(answer)
        if size > self._room:
            return None
        (end, came) = _HEAD.unpack_from(self._memory)
        at = end % self._room
        if at + size > self._room:
            end, at = end + self._room - at, 0
        # First the end: whoever is killed in between has only wasted room.
        _HEAD.pack_into(self._memory, 0, end + size, came)
        at += self._ring
        _RECORD.pack_into(self._memory, at, key, len(answer), crc32(answer))
        self._memory[at + _RECORD.size : at + size] = answer
        return int(end)

    def _read(self, key: bytes, place: int, length: int) -> bytes | None:
        """The answer of a record, None if it has given way."""
        end, _ = _HEAD.unpack_from(self._memory)
        at = place % self._room
        if end - place > self._room or at + _RECORD.size + length > self._room:
            return None
        at += self._ring
        answer = self._memory[at + _RECORD.size : at + _RECORD.size + length]
        return answer if _RECORD.unpack_from(self._memory, at) == (key, length, crc32(answer)) else None
