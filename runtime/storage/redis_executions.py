"""A tenant's execution records: a Redis Stream in the order in which they came, and an index in the order of their ids.

Nodes write as their records come, so the stream is no order of time, and can be told no order: ids of a stream only rise. What
is listed, counted and removed is found in the index (scripts/index.lua), in steps of bounded size.
A call for several tenants is one step of each: in a cluster they lie on several servers. One that failed may be made again, for
what is there already stays as it is.
"""

from __future__ import annotations

import asyncio
import math
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote, unquote

from runtime.durations import class_of
from runtime.model import LEVELS, Execution
from runtime.redis.server import Script, Server
from runtime.storage import records
from runtime.storage.base import Counted, ExecutionFilter, ExecutionNotFound
from runtime.storage.redis_keys import Keys
from runtime.storage.redis_part import Part, script
from runtime.storage.redis_stored import NOTES
from runtime.ulid import is_ulid, least_at

_APPEND: Final = script("append")
_GET: Final = script("index", "get")
_LIST: Final = script("index", "filter", "list")
_COUNT: Final = script("index", "filter", "count")
_PRUNE: Final = script("index", "prune")

_APPENDED_TOGETHER: Final = 100
_ENCODED_TOGETHER: Final = 25
"""A part of a millisecond of the event loop, which then answers somebody."""
_LOOKED_AT_TOGETHER: Final = 1_000
_PRUNED_TOGETHER: Final = 500
_TENANTS_TOGETHER: Final = 1_000
_READ_TOGETHER: Final = 4_194_304
"""Bytes of records in one answer, less the last record."""

_HEAD: Final = struct.Struct(">dIBB")
_NUMBERS_MOST: Final = (1 << 32) - 1, 255, 255
_AHEAD: Final = 86_400.0
"""Seconds that an id may be ahead of its execution: after a clock was set back, ids go on from where they were (`ulid.Ulids`)."""

_NEWEST: Final = ((1 << 48) - 1) / 1000
"""Seconds since the epoch that an id can have."""

_NOTED: Final = 60.0
"""Seconds for which a tenant that has records is known to have some."""
_FORGOTTEN: Final = 86_400.0
"""Seconds after which a tenant without records is not asked for any more."""


class ExecutionLog(Part):
    """See the calls of the same names in `Storage`."""

    def __init__(self, server: Server, keys: Keys) -> None:
        super().__init__(server, keys)
        self._noted: dict[str, float] = {}

    async def append_executions(self, executions: Sequence[Execution]) -> None:
        """See `Storage.append_executions`."""
        of: dict[str, list[Execution]] = {}
        for execution in executions:
            of.setdefault(execution.tenant, []).append(execution)
        await self._note(of)
        done = await asyncio.gather(*(self._append(tenant, some) for tenant, some in of.items()))
        # After they were: who is told finds them. Maybe twice, when this is called again because it failed here.
        words = [word for told in done for word in told]
        if words:
            await self._server.command("XADD", self._keys.stored, "MAXLEN", "~", NOTES, "*", *words)

    async def _append(self, tenant: str, executions: Sequence[Execution]) -> tuple[str, bytes]:
        """Where they are: the tenant, first and last places in its stream."""
        keys, places = self._keys.executions(tenant), list[bytes]()
        for start in range(0, len(executions), _APPENDED_TOGETHER):
            lines: list[str | bytes] = []
            for place, one in enumerate(executions[start : start + _APPENDED_TOGETHER]):
                if place % _ENCODED_TOGETHER == 0:
                    await asyncio.sleep(0)
                record = records.encode(one)
                lines += [one.id, _line(one, len(record)), record]
            places += await self._server.run(_APPEND, keys, *lines)
        return tenant, b" ".join(places)

    async def _note(self, tenants: Iterable[str]) -> None:
        """That they have records. Before they have them, so that none are there that nobody would remove."""
        now = time.time()
        fresh = [tenant for tenant in tenants if self._noted.get(tenant, 0) < now - _NOTED]
        if not fresh:
            return
        if len(self._noted) > _TENANTS_TOGETHER:
            self._noted.clear()
        await self._server.command("ZADD", self._keys.recorded, *(item for tenant in fresh for item in (now, tenant)))
        self._noted |= dict.fromkeys(fresh, now)

    async def list_executions(self, tenant: str, wanted: ExecutionFilter, *, limit: int) -> list[Execution]:
        """See `Storage.list_executions`."""
        found: list[Execution] = []
        if limit <= 0:
            return found
        async for rows in self._steps(_LIST, tenant, wanted, limit, _READ_TOGETHER):
            # The index has hashes; the record has what was hashed.
            found += [one for one in map(records.decode, rows) if wanted.wants(one)]
            if len(found) >= limit:
                break
        return found[:limit]

    async def count_executions(self, tenant: str, wanted: ExecutionFilter, *, step: float) -> list[Counted]:
        """See `Storage.count_executions`."""
        assert wanted.since is not None
        counts: Counter[bytes] = Counter()
        async for rows in self._steps(_COUNT, tenant, wanted, repr(step)):
            for kind, count in rows:
                counts[kind] += count
        found = [(kind.decode().split(" "), count) for kind, count in counts.items()]
        return [
            Counted(
                at=wanted.since + int(stretch) * step,
                decision=unquote(decision),
                outcome=unquote(outcome),
                duration=int(duration),
                count=count,
            )
            for (stretch, decision, outcome, duration), count in sorted(found, key=lambda row: int(row[0][0]))
        ]

    async def get_execution(self, tenant: str, execution_id: str) -> Execution:
        """See `Storage.get_execution`."""
        keys = self._keys.executions(tenant)
        record = await self._server.run(_GET, keys, execution_id) if is_ulid(execution_id) else None
        if record is None:
            raise ExecutionNotFound
        return records.decode(record)

    async def prune_executions(self, *, older_than: float, most: int, most_bytes: int) -> int:
        """See `Storage.prune_executions`."""
        removed = start = 0
        while tenants := await self._recorded(start):
            for tenant, noted in tenants:
                gone, left = await self._prune(tenant, older_than, most, most_bytes)
                removed += gone
                start += 1
                if not left and noted < time.time() - _FORGOTTEN:
                    await self._server.command("ZREM", self._keys.recorded, tenant)
                    start -= 1
        return removed

    async def _prune(self, tenant: str, older_than: float, most: int, most_bytes: int) -> tuple[int, int]:
        """How many went, and how many are left."""
        removed = 0
        while True:
            gone, left = await self._server.run(
                _PRUNE,
                self._keys.executions(tenant),
                repr(older_than),
                str(most),
                str(most_bytes),
                str(_PRUNED_TOGETHER),
            )
            removed += gone
            if gone < _PRUNED_TOGETHER:
                return removed, left

    async def _recorded(self, start: int) -> list[tuple[str, float]]:
        """Tenants that have records, and when they last got some."""
        last = start + _TENANTS_TOGETHER - 1
        rows = await self._server.command("ZRANGE", self._keys.recorded, start, last, "WITHSCORES")
        return [(tenant.decode(), float(noted)) for tenant, noted in zip(rows[::2], rows[1::2], strict=True)]

    async def _steps(
        self, which: Script, tenant: str, wanted: ExecutionFilter, *more: str | int
    ) -> AsyncIterator[Sequence[Any]]:
        """What the script answers, until there is no more of it."""
        keys, conditions = self._keys.executions(tenant), _conditions(wanted)
        before, end = _before(wanted), _end(wanted)
        while True:
            rows, following = await self._server.run(
                which, keys, str(_LOOKED_AT_TOGETHER), before, *conditions, end, *more
            )
            yield rows
            if following is None:
                return
            before = following.decode()


def _line(one: Execution, size: int) -> bytes:
    """What stands in the index between the id and the place in the stream."""
    if not is_ulid(one.id):
        raise ValueError(f"{one.id!r} is no ULID")
    numbers = size, class_of(one.duration_ms), LEVELS.index(one.level)
    head = _HEAD.pack(one.at, *map(min, numbers, _NUMBERS_MOST))
    texts = b"".join(map(_hash, (one.trigger, one.hook_id, one.client_id, one.request_id)))
    return head + texts + f"{_word(one.decision)} {_word(one.outcome)} ".encode()


def _conditions(wanted: ExecutionFilter) -> tuple[str | bytes, ...]:
    """As scripts/filter.lua takes them."""
    return (
        repr(-math.inf if wanted.since is None else wanted.since),
        repr(math.inf if wanted.until is None else wanted.until),
        str(LEVELS.index(wanted.level) if wanted.level else 0),
        *(
            b"" if text is None else _hash(text)
            for text in (wanted.trigger, wanted.hook_id, wanted.client_id, wanted.request_id)
        ),
        *("" if text is None else _word(text) for text in (wanted.decision, wanted.outcome)),
    )


def _before(wanted: ExecutionFilter) -> str:
    """The id before which to begin, "" for none."""
    given = [wanted.before] if wanted.before is not None else []
    if wanted.until is not None:
        given.append(_id_at(wanted.until + _AHEAD))
    return min(given, default="")


def _end(wanted: ExecutionFilter) -> bytes:
    """Where the index need not be looked at any more: what comes behind it is older. No id is of before its execution."""
    given = [] if wanted.since is None else [b"[" + _id_at(wanted.since).encode()]
    if wanted.after is not None:
        given.append(b"(" + wanted.after.encode() + b"\xff")
    return max(given, key=lambda bound: bound[1:], default=b"-")


def _id_at(moment: float) -> str:
    return least_at(min(max(moment, 0.0), _NEWEST))


@lru_cache(maxsize=4_096)
def _hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


@lru_cache(maxsize=256)
def _word(text: str) -> str:
    """Without a space, and never empty."""
    return quote(text, safe="") or "%"
