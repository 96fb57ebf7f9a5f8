"""The processes that share a SQLite file: what `Peers` promises, from its tables and the `Board` beside it.

The board says at once that something is new, the database what it is. Every half second the database is asked anyway, for
a process may be killed between its commit and its word on the board.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final

from runtime.errors import Unavailable
from runtime.model import Execution
from runtime.sqlite.database import Connection, Database
from runtime.storage import change_tables, execution_tables
from runtime.storage.board import CHANGES, Board
from runtime.storage.peers import BEAT_SECONDS, SETTLE_SECONDS, TOGETHER, Peers, Place, Position

POLL_SECONDS: Final = 0.01
_LOG: Final = logging.getLogger("hookd.storage")


class SqlitePeers(Peers):
    """See `Peers`. `open` before use, `stop` before the database is closed, `close` after it."""

    def __init__(self, database: Database, board: Board) -> None:
        self._database = database
        self._board = board
        self._numbers = board.numbers
        self._seen = board.changes
        self._position = 0
        self._others: Sequence[int] = ()
        self._listeners = 0
        self._settling = 0
        self._beating: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin where the database is now."""
        self._position = await self._database.read(self._begin)
        self._seen = self._board.changes
        self._others = self._board.others()
        self._beating = asyncio.get_running_loop().create_task(self._beat(), name="storage-peers")

    def _begin(self, db: Connection) -> int:
        # Read while nobody else can tell: whatever the board says is older, or of another database.
        self._board.begin(partial(change_tables.newest, db))
        return self._board.changes

    def _tell(self, db: Connection) -> None:
        # In a reader's thread: another process may have the board's lock, and be stopped just then.
        self._board.committed(*change_tables.newest(db))

    async def stop(self) -> None:
        """Look for nobody any more; others still see this process. Idempotent."""
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
            self._beating = None

    def close(self) -> None:
        """Leave. Idempotent."""
        self._board.close()

    @property
    def is_behind(self) -> bool:
        """See `Peers.is_behind`."""
        # Asked in each token request: without a call.
        return self._numbers[CHANGES] != self._seen

    async def catch_up(self, forget: Callable[[Place | None], None]) -> None:
        """See `Peers.catch_up`."""
        # What is read now has at least what was told by now.
        seen, position = self._board.changes, self._position
        places, self._position = await self._database.read(lambda db: change_tables.changes_after(db, position))
        for place in [None] if places is None else places:
            forget(place)
        self._seen = seen

    @property
    def are_there(self) -> bool:
        """See `Peers.are_there`."""
        return bool(self._others)

    @property
    def follow(self) -> bool:
        """See `Peers.follow`."""
        return bool(self._others) and (self._listeners > 0 or any(map(self._board.listens, self._others)))

    def has_listeners(self, count: int) -> None:
        """See `Peers.has_listeners`."""
        self._listeners = count
        self._board.listen(self._listeners + self._settling)

    def records_wait(self, since: float) -> None:
        """See `Peers.records_wait`."""
        self._board.wait_since(since)

    async def settled(self) -> None:
        """See `Peers.settled`."""
        if not self._others:
            return
        began, everybody = time.monotonic(), [*self._board.others(), self._board.mine]
        self._settle(1)
        try:
            while any(self._board.waits_before(each, began) for each in everybody):
                await asyncio.sleep(POLL_SECONDS)
                if time.monotonic() > began + SETTLE_SECONDS:
                    break
        finally:
            self._settle(-1)

    def _settle(self, more: int) -> None:
        self._settling += more
        self._board.listen(self._listeners + self._settling)

    async def end(self) -> Position:
        """See `Peers.end`."""
        return str((await self._database.read(change_tables.newest))[1])

    async def stored(
        self, after: Position, tenants: Collection[str], seconds: float
    ) -> tuple[Sequence[Execution], Position]:
        """See `Peers.stored`."""
        until = time.monotonic() + seconds
        while True:
            told = self._board.stored
            executions, last = await self._database.read(
                partial(execution_tables.stored_after, number=int(after), tenants=tenants, limit=TOGETHER)
            )
            if executions:
                return executions, str(last)
            after = str(last)
            while self._board.stored == told:
                if time.monotonic() >= until:
                    return (), after
                await asyncio.sleep(POLL_SECONDS)

    async def _beat(self) -> None:
        told = ""
        while True:
            try:
                if self._board.beat():
                    self._numbers = self._board.numbers
                self._others = self._board.others()
                await self._database.read(self._tell)
                told = ""
            except Exception as error:  # noqa: BLE001 - the task lives as long as the storage
                why = error.debug if isinstance(error, Unavailable) else str(error)
                if why != told:
                    _LOG.warning("changes of other processes may be seen late: %s", why)
                told = why
            await asyncio.sleep(BEAT_SECONDS)
