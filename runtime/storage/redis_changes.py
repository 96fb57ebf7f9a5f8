"""How far a process of a Redis has followed the stream `changes`, and what it heard there since it last forgot what was changed.

A change names its place, and the write that made the change before it. So what was heard is known to be all there is, without a
question to Redis: when that is away, what was changed is not run, and everything else is. Redis is asked where something was not
heard, or where it has another past than was seen here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from runtime.redis.server import Server
from runtime.storage.peers import Place
from runtime.storage.redis_keys import Keys, from_key

MOST_HEARD: Final = 1_000
"""As many as the stream keeps (scripts/write.lua)."""


class Change(NamedTuple):
    """The number of a change, and the write that made it: numbers may come again after a Redis lost some."""

    number: int
    write: str


class Heard(NamedTuple):
    """A change, what it is of, and the write that made the one before it: "" for the first of all, None where nobody says."""

    change: Change
    place: Place
    after: str | None


class Changes:
    """The part of `Peers` that is about changes."""

    def __init__(self, server: Server, keys: Keys) -> None:
        self._server = server
        self._keys = keys
        self._seen = self._told = self._listened = Change(0, "")
        self.known = 0
        """The number of the newest change that was ever known here, also if Redis has lost it."""
        self._heard: dict[int, Heard] = {}

    @property
    def is_behind(self) -> bool:
        """See `Peers.is_behind`."""
        # One object where they are equal: this is asked in each token request.
        return self._told is not self._seen

    async def catch_up(self, forget: Callable[[Place | None], None]) -> None:
        """See `Peers.catch_up`."""
        places = self._heard_since() if self.is_behind else None
        if places is None:
            await self._look(forget)
        else:
            for place in places:
                forget(place)
            self._seen = self._told
        self._heard = {number: heard for number, heard in self._heard.items() if number > self._seen.number}

    def _heard_since(self) -> Sequence[Place] | None:
        """What was changed since, each once; None where it is not known."""
        places, at = list[Place](), self._seen
        while at != self._told:
            heard = self._heard.get(at.number + 1)
            if heard is None or heard.after != at.write:
                return None
            places.append(heard.place)
            at = heard.change
        return list(dict.fromkeys(places))

    async def _look(self, forget: Callable[[Place | None], None]) -> None:
        told, seen = self._told, self._seen
        rows = await self._server.command(
            "XRANGE", self._keys.changes, f"{seen.number}-0", "+", "COUNT", MOST_HEARD + 1
        )
        changes = [heard_of(row) for row in rows]
        if seen.number:
            is_whole = bool(changes) and changes[0].change == seen
            news = changes[1:]
        else:
            is_whole = not changes or changes[0].change.number == 1
            news = changes
        for place in dict.fromkeys(heard.place for heard in news) if is_whole else [None]:
            forget(place)
        self._seen = changes[-1].change if changes else Change(0, "")
        # What was told meanwhile and is newer is to be read, too.
        if self._told == told or self._told.number <= self._seen.number:
            self._told = self._seen

    async def _begin(self) -> None:
        """Where Redis is now."""
        self._seen = self._told = self._listened = await self._newest()
        self.known = self._told.number

    def _tell(self, heard: Heard) -> None:
        """A change that Redis has."""
        number = heard.change.number
        self.known = max(self.known, number)
        if number > self._seen.number:
            self._heard[number] = heard
            if len(self._heard) > MOST_HEARD:
                del self._heard[min(self._heard)]
        if number > self._told.number:
            self._told = heard.change

    def _listen_to(self, row: Any) -> None:
        """The next of the stream."""
        heard = heard_of(row)
        self._tell(heard)
        self._listened = heard.change

    async def _has_lost(self) -> bool:
        """Whether Redis has less than it had, or other changes: who listens hears of none until there are as many again."""
        told, newest = self._told, await self._newest()
        if newest.number <= self._listened.number and newest != self._listened:
            self._listened = newest
            self._heard.clear()
        # What is newer was made just now: who listens is about to hear of it, or who made it to have its answer.
        if newest == told or newest.number > told.number or self._told != told:
            return False
        self._told = newest
        return True

    async def _newest(self) -> Change:
        rows = await self._server.command("XREVRANGE", self._keys.changes, "+", "-", "COUNT", 1)
        return heard_of(rows[0]).change if rows else Change(0, "")


def heard_of(row: Any) -> Heard:
    """A row of the stream. Those that an older release writes do not say what was before them."""
    place, fields = row
    change = Change(int(place.split(b"-")[0]), fields[b"write"].decode())
    after = fields.get(b"after")
    return Heard(
        change,
        (from_key(fields[b"tenant"].decode()), fields[b"trigger"].decode()),
        None if after is None else after.decode(),
    )


def made_by(write: str, tenant: str, number: int, after: bytes, triggers: Sequence[bytes]) -> Iterator[Heard]:
    """The changes that a write made, as its script answers: the last one's number, the write before, a trigger of each."""
    before = after.decode()
    for one, trigger in enumerate(triggers, number - len(triggers) + 1):
        yield Heard(Change(one, write), (tenant, trigger.decode()), before)
        before = write
