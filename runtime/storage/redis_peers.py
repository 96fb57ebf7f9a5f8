"""The processes that share a Redis: what `Peers` promises, from three streams and a hash of the catalogue.

- `changes` has each change of a hook, in the step that made it. One connection waits for news there. Whoever makes a change waits
  until all have heard of it, a few milliseconds: who has its answer finds it in force everywhere. It is not acknowledged while one
  that lives has not heard. They have heard what was changed, too (redis_changes): they need not ask Redis for it.
- `talk` is read by the same connection. Who wants to know that all have written their records asks there, and is answered there.
- `stored` says which records were written, whosever they are. Only who has listeners reads it (redis_stored).
- `processes` has who is there: each says so twice a second.

Where Redis is away, what is known stays as it was. Where it comes back with less than it had, or has less all of a sudden, the change
that was seen last is another one or none, and everything is asked for anew. Each looks once a second, and a change that somebody makes
before that has a number that none had: all hear of it at once. Whoever says that it is there says again whose the keys are, where
Redis has lost that: others can start there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from math import inf
from typing import Any, Final, NamedTuple
from uuid import uuid4

from runtime.errors import Unavailable
from runtime.model import Execution
from runtime.redis.server import Server
from runtime.storage.peers import BEAT_SECONDS, SETTLE_SECONDS, Peers, Position
from runtime.storage.redis_answers import RedisAnswers
from runtime.storage.redis_changes import Changes, Heard
from runtime.storage.redis_keys import Keys
from runtime.storage.redis_opening import place_of
from runtime.storage.redis_part import script
from runtime.storage.redis_rates import RedisBuckets
from runtime.storage.redis_stored import BLOCK_SECONDS, Stored, entries, last_of

ALIVE_SECONDS: Final = 3.0
SPREAD_SECONDS: Final = 5.0
"""Longest that a change waits for processes that do not say that they have heard of it: one that was killed is known to be gone by
then, and where one lives the change is not acknowledged.
"""

_ASKED_SECONDS: Final = 0.25
"""How long after a question records are written without delay: mostly another one follows."""

_BEAT: Final = script("beat")
_TALK: Final = 1_000
_CANCEL_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 0.5
_LOG: Final = logging.getLogger("hookd.storage")


class _Question(NamedTuple):
    """Of whom, which of theirs, and when it was heard here."""

    asker: str
    number: str
    heard: float


class RedisPeers(Changes, Peers):
    """See `Peers`. `open` before use, `close` before the server. `waiting` is a server whose connections may wait for long."""

    def __init__(self, server: Server, waiting: Server, keys: Keys) -> None:
        super().__init__(server, keys)
        self._waiting = waiting
        self._stored = Stored(server, waiting, keys)
        self.answers: RedisAnswers = RedisAnswers(server, keys)
        self.buckets: RedisBuckets = RedisBuckets(server, keys)
        self._id = uuid4().hex
        self._said = self._listened
        self._talked = "0-0"
        self._others: Mapping[str, int] = {}
        self._beat_at, self._cut_off = inf, -inf
        self._looked = -inf
        self._have: dict[str, int] = {}
        self._listeners = self._settling = 0
        self._records_wait = 0.0
        self._asked: list[_Question] = []
        self._asked_until = 0.0
        self._asking = 0
        self._answers: dict[str, set[str]] = {}
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Begin where Redis is now."""
        await self._begin()
        self._talked = await last_of(self._server, self._keys.talk)
        await self._beat()
        await self._say(kind="news")
        self._do(self._listen_for_ever())
        self._do(self._beat_for_ever())

    async def close(self) -> None:
        """Leave. Idempotent."""
        is_open, waiting = bool(self._tasks), set(self._tasks)
        while waiting:
            for task in waiting:
                task.cancel()
            # Once is not always enough: `asyncio.wait_for`, by which the library sends, may keep it for itself before Python 3.12.
            _, waiting = await asyncio.wait(waiting, timeout=_CANCEL_SECONDS)
        if is_open:
            with contextlib.suppress(Unavailable):
                await self._beaten("")
                await self._say(kind="news")

    async def changed(self, changes: Collection[Heard]) -> None:
        """A write of this process made them. Returns when the others have heard of them. `Unavailable` where one does not."""
        for heard in changes:
            self._tell(heard)
        number = max(heard.change.number for heard in changes)
        try:
            async with asyncio.timeout(SPREAD_SECONDS):
                while any(self._have.get(other, 0) < number for other in self._others):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise Unavailable(
                "The storage is not available. Try again.",
                debug="another process does not hear of a change that was made",
            ) from None

    @property
    def are_there(self) -> bool:
        """See `Peers.are_there`."""
        return bool(self._others)

    @property
    def processes(self) -> int:
        """See `Peers.processes`."""
        return len(self._others) + 1

    @property
    def follow(self) -> bool:
        """See `Peers.follow`."""
        return bool(self._others) and (
            self._listeners + self._settling > 0 or any(self._others.values()) or time.monotonic() < self._asked_until
        )

    def has_listeners(self, count: int) -> None:
        """See `Peers.has_listeners`."""
        self._listeners = count
        self._do(self._tell_listeners())

    def records_wait(self, since: float) -> None:
        """See `Peers.records_wait`."""
        self._records_wait = since
        self._news.set()
        if self._asked:
            self._answer()

    async def settled(self) -> None:
        """See `Peers.settled`."""
        if not self._others:
            return
        began, others = time.monotonic(), set(self._others)
        self._asking += 1
        number = str(self._asking)
        self._answers[number] = set()
        self._settling += 1
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._say(kind="ask", number=number)
                # Who has left since does not answer.
                while self._waits_before(began) or not self._answers[number] >= others & self._others.keys():
                    self._news.clear()
                    await self._news.wait()
        except (TimeoutError, Unavailable):
            pass
        finally:
            self._settling -= 1
            del self._answers[number]

    async def end(self) -> Position:
        """See `Peers.end`."""
        return await self._stored.end()

    async def stored(
        self, after: Position, tenants: Collection[str], seconds: float
    ) -> tuple[Sequence[Execution], Position]:
        """See `Peers.stored`."""
        return await self._stored.read(after, tenants, seconds)

    # what goes on all the time

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="storage-peers")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
            except Unavailable:
                pass  # who listens says so
            except Exception:  # noqa: BLE001 - the task lives as long as the storage
                _LOG.exception("the other processes are not known")

    async def _beat(self) -> None:
        was_there, others = await self._beaten(str(self._listeners))
        now = time.monotonic()
        if now > self._beat_at + ALIVE_SECONDS / 2 or (self._beat_at < inf and not was_there):
            # None of them could say that it is there, either; or Redis has lost it, or has another time now.
            self._cut_off = now
        self._beat_at = now
        known = self._others if now < self._cut_off + ALIVE_SECONDS else {}
        self._others = {**known, **{other.decode(): listeners for other, listeners in others}}
        self._have = {other: number for other, number in self._have.items() if other in self._others}
        self._news.set()

    async def _beaten(self, listeners: str) -> Any:
        """Whether this one was there, the others, and how many listen at each. With "" it leaves: alone, for those that are there stay."""
        alive = str(int(ALIVE_SECONDS * 1000))
        keys, mark = [self._keys.processes, self._keys.mark], place_of(self._keys).text
        return await self._server.run(_BEAT, keys, self._id, listeners, alive, mark)

    async def _tell_listeners(self) -> None:
        with contextlib.suppress(Unavailable):  # the next beat does
            await self._beat()
            await self._say(kind="news")

    async def _listen_for_ever(self) -> None:
        is_away = False
        while True:
            try:
                await self._listen()
                if is_away:
                    _LOG.info("changes of other processes are known again")
                is_away = False
            except Exception as error:  # noqa: BLE001 - the task lives as long as the storage
                if not is_away:
                    why = error.debug if isinstance(error, Unavailable) else error
                    _LOG.warning("changes of other processes are not known: %s", why)
                is_away = True
                await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        """Wait for news, a second at most."""
        await self._say_heard()
        keys, places = (self._keys.changes, self._keys.talk), (f"{self._listened.number}-0", self._talked)
        block = int(BLOCK_SECONDS * 1000)
        news = entries(await self._waiting.wait("XREAD", "BLOCK", block, "STREAMS", *keys, *places))
        for row in news.get(self._keys.changes, ()):
            self._listen_to(row)
        await self._say_heard()
        for place, said in news.get(self._keys.talk, ()):
            self._talked = place.decode()
            await self._hear(said)
        # There may be talk all the time.
        if not news or time.monotonic() >= self._looked + BLOCK_SECONDS:
            self._looked = time.monotonic()
            if await self._has_lost():
                self._have.clear()

    async def _say_heard(self) -> None:
        """Of which change, also when it could not be said before. Not before all up to it were: a write's answer may be quicker."""
        while self._others and self._said is not self._listened:
            listened = self._listened
            await self._say(kind="heard", number=str(listened.number))
            self._said = listened

    async def _hear(self, said: Mapping[bytes, bytes]) -> None:
        by = said[b"by"].decode()
        if by == self._id:
            return
        match said[b"kind"]:
            case b"news":
                await self._beat()
            case b"ask":
                now = time.monotonic()
                self._asked.append(_Question(by, said[b"number"].decode(), now))
                self._asked_until = now + _ASKED_SECONDS
                self._answer()
            case b"heard":
                self._have[by] = int(said[b"number"])
                self._news.set()
            case b"told" if said[b"to"].decode() == self._id:
                self._answers.get(said[b"number"].decode(), set()).add(by)
                self._news.set()

    def _answer(self) -> None:
        """Those who asked, where what waited then is written."""
        now = time.monotonic()
        answerable = [one for one in self._asked if not self._waits_before(one.heard)]
        self._asked = [one for one in self._asked if one not in answerable and now < one.heard + SETTLE_SECONDS]
        for one in answerable:
            self._do(self._tell_asker(one))

    def _waits_before(self, moment: float) -> bool:
        return 0.0 < self._records_wait <= moment

    async def _tell_asker(self, question: _Question) -> None:
        with contextlib.suppress(Unavailable):  # they wait no longer than a second
            await self._say(kind="told", to=question.asker, number=question.number)

    async def _say(self, **words: str) -> None:
        said = [part for item in {"by": self._id, **words}.items() for part in item]
        await self._server.command("XADD", self._keys.talk, "MAXLEN", "~", _TALK, "*", *said)
