"""Who follows what is stored: by the notes in the stream `stored`, of which each says where some records lie.

Not all notes are kept. Who was away for longer than they go back reads the tenants' own streams instead, up to where these are now,
and goes on with the notes from there. Redis gives the places in all of these streams by its clock: in a tenant's stream it is read
from some seconds before the last note that was seen, for a record is written before its note.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from runtime.model import Execution
from runtime.redis.server import Server
from runtime.storage import records
from runtime.storage.peers import TOGETHER, Position
from runtime.storage.redis_keys import Keys, from_key, in_key

NOTES: Final = 2_000
"""How many calls that stored some are known to who follows, at least."""

BLOCK_SECONDS: Final = 1.0
"""How long a connection waits for news."""

NOTED_SECONDS: Final = 10.0
"""Between a record and its note, at most, but for a process that was cut off just then; and what servers' clocks may differ by."""

MOST_LATELY: Final = 5_000
"""Executions that are remembered as read, to be told once where both ways lead to them."""

_NOTES_TOGETHER: Final = 10

_Gap: TypeAlias = dict[str, tuple[str, str]]
"""What is to be read of tenants' streams: from where, up to where."""


class Stored:
    """Follows for one listener. `waiting` is a server whose connections may wait for long."""

    def __init__(self, server: Server, waiting: Server, keys: Keys) -> None:
        self._server = server
        self._waiting = waiting
        self._keys = keys
        # Up to where tenants' streams were read, whatever notes say.
        self._read_to: Mapping[str, str] = {}
        self._lately: OrderedDict[str, None] = OrderedDict()

    async def end(self) -> Position:
        """See `Peers.end`."""
        return await last_of(self._server, self._keys.stored)

    async def read(
        self, after: Position, tenants: Collection[str], seconds: float
    ) -> tuple[Sequence[Execution], Position]:
        """See `Peers.stored`."""
        until, noted = time.monotonic() + seconds, list[Execution]()
        place, gap = _parsed(after)
        while gap:
            found = await self._next_of(gap, tenants)
            if found:
                return found, _position(place, gap)
        while len(noted) < TOGETHER:
            notes = await self._notes(place, 0.0 if noted else min(until - time.monotonic(), BLOCK_SECONDS))
            if len(notes) == _NOTES_TOGETHER and await self._has_forgotten(place):
                if noted:
                    break
                return (), await self._gap(place, tenants)
            if not notes and (noted or time.monotonic() >= until):
                break
            place = await self._take(notes, tenants, noted) or place
        self._remember(noted)
        return tuple(noted), place

    def _remember(self, executions: Sequence[Execution]) -> None:
        self._lately |= dict.fromkeys(one.id for one in executions)
        while len(self._lately) > MOST_LATELY:
            self._lately.popitem(last=False)

    async def _notes(self, after: str, seconds: float) -> Sequence[Any]:
        block = ("BLOCK", max(1, int(seconds * 1000))) if seconds > 0 else ()
        rows = await self._waiting.wait("XREAD", "COUNT", _NOTES_TOGETHER, *block, "STREAMS", self._keys.stored, after)
        return entries(rows).get(self._keys.stored, [])

    async def _take(self, notes: Sequence[Any], tenants: Collection[str], noted: list[Execution]) -> str:
        """Add what they are of to what is `noted`, until that is much; the last one's place."""
        place = ""
        for note, tenants_there in notes:
            noted += await self._noted(tenants_there, tenants)
            place = note.decode()
            if len(noted) >= TOGETHER:
                break
        return place

    async def _noted(self, ranges: Mapping[bytes, bytes], tenants: Collection[str]) -> list[Execution]:
        """The executions that a note is of: tenant to first and last places in its stream."""
        found = []
        for name, places in ranges.items():
            tenant, ends = name.decode(), places.decode().split(" ")
            if tenant in tenants:
                read_to = self._read_to.get(tenant, "0-0")
                for first, last in zip(ends[::2], ends[1::2], strict=True):
                    if _number(last) > _number(read_to):
                        begin = first if _number(first) > _number(read_to) else f"({read_to}"
                        found += [one for _, one in await self._range(tenant, begin, last)]
        return found

    async def _has_forgotten(self, after: str) -> bool:
        """Whether notes that came after this one are gone. Asked after others were read: those that are there then were there before."""
        rows = await self._server.command("XRANGE", self._keys.stored, "-", "+", "COUNT", 1)
        if rows and _number(rows[0][0].decode()) <= _number(after):
            return False
        count: int = await self._server.command("XLEN", self._keys.stored)
        return count >= NOTES

    async def _gap(self, after: str, tenants: Collection[str]) -> Position:
        """Where to go on instead: with what is in the streams, then with the notes of what comes to be there."""
        # In this order: what is noted by then is in the streams by then.
        place, gap = await self.end(), _Gap()
        begin = f"{max(0, _number(after)[0] - int(NOTED_SECONDS * 1000))}-0"
        read_to = {}
        for tenant in tenants:
            end = read_to[tenant] = await last_of(self._server, self._keys.executions(tenant)[0])
            before = self._read_to.get(tenant, "0-0")
            gap[tenant] = (f"({before}" if _number(before) >= _number(begin) else begin), end
        # The caller has it now: no await in between.
        self._read_to = read_to
        return _position(place, gap)

    async def _next_of(self, gap: _Gap, tenants: Collection[str]) -> list[Execution]:
        """What comes next there; `gap` has the rest afterwards."""
        tenant = next(iter(gap))
        begin, end = gap[tenant]
        rows = await self._range(tenant, begin, end, TOGETHER) if tenant in tenants else []
        if rows:
            gap[tenant] = f"({rows[-1][0]}", end
        else:
            del gap[tenant]
        return [one for _, one in rows if one.id not in self._lately]

    async def _range(self, tenant: str, first: str, last: str, most: int = 0) -> list[tuple[str, Execution]]:
        """Executions of a tenant with their places."""
        count = ("COUNT", most) if most else ()
        rows = await self._server.command("XRANGE", self._keys.executions(tenant)[0], first, last, *count)
        return [(place.decode(), records.decode(fields[b"record"])) for place, fields in rows]


async def last_of(server: Server, stream: str) -> str:
    """The place of a stream's last entry."""
    rows = await server.command("XREVRANGE", stream, "+", "-", "COUNT", 1)
    return rows[0][0].decode() if rows else "0-0"


def entries(rows: Any) -> dict[str, list[Any]]:
    """What XREAD answers, by the streams' names."""
    return {name.decode(): list(some) for name, some in rows or ()}


def _number(place: str) -> tuple[int, int]:
    """By which places are compared: milliseconds of Redis's clock, and a number for those of one."""
    at, _, number = place.partition("-")
    return int(at), int(number)


def _position(place: str, gap: _Gap) -> Position:
    """A note's place, and what is to be read before those that follow it."""
    return " ".join([place, *(f"{in_key(tenant)}={begin},{end}" for tenant, (begin, end) in gap.items())])


def _parsed(position: Position) -> tuple[str, _Gap]:
    place, *rest = position.split(" ")
    gap = _Gap()
    for one in rest:
        tenant, _, ends = one.partition("=")
        begin, _, end = ends.partition(",")
        gap[from_key(tenant)] = begin, end
    return place, gap
