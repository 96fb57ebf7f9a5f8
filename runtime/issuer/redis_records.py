"""The scripts of the token server's Redis as calls: what they are given, and what they tell."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar
from uuid import uuid4

from runtime.errors import Unavailable
from runtime.issuer.documents import load
from runtime.redis.server import Script, Server

T = TypeVar("T")
Given: TypeAlias = Mapping[str, str | bytes]
"""Names and values, see scripts/records.lua."""

_SCRIPTS: Final = Path(__file__).with_name("scripts")
_PAUSE_SECONDS: Final = 0.02

_READ: Final = Script.read(_SCRIPTS, "records", "read")
_WRITE: Final = Script.read(_SCRIPTS, "records", "tables", "tokens", "write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A record as a script tells it: its document, and what is kept beside it because it may change without the document."""

    document: bytes
    version: str
    is_used: bool
    audience: str | None

    def load(self, kind: type[T], **more: object) -> T:
        """The record."""
        record = load(kind, self.document)
        known: dict[str, Any] = {**more, **({} if self.audience is None else {"audience": self.audience})}
        return replace(record, **known) if known else record  # type: ignore[type-var]  # each kind is a dataclass


class Records:
    """What lies below `root`. Each write leaves the `mark` there, which says whose all is, where Redis has lost it."""

    def __init__(self, server: Server, root: str, mark: str) -> None:
        self._server = server
        self._root = root
        self._mark = mark

    async def get(self, table: str, key: str) -> Told | None:
        """The record with this key, or None."""
        return _told(await self._read("get", {"table": table, "key": key}))

    async def page(self, table: str, where: Mapping[str, str], *, start: int, limit: int) -> tuple[list[Told], int]:
        """Records whose columns have these values, and how many there are in all."""
        columns = {f"={name}": value for name, value in where.items()}
        given = {"table": table, "start": str(start), "limit": str(limit), **columns}
        total, page = await self._read("page", given)
        return [told for flat in page if (told := _told(flat)) is not None], int(total)

    async def write(self, call: str, given: Given) -> Sequence[Any]:
        """The status, and what belongs to it."""
        more = {"patience": str(ceil(self._server.patience)), "mark": self._mark}
        answer: Sequence[Any] = await self._server.run(
            _WRITE, [self._root], call, uuid4().hex, *_flat(more), *_flat(given)
        )
        return answer

    async def command(self, word: str, name: str, *rest: str | bytes) -> Any:
        """What a command answers of what is kept under a name by itself. It must be one that may come twice."""
        return await self._server.command(word, f"{self._root}:{name}", *rest)

    async def text(self, name: str) -> bytes:
        """What is kept under a name by itself, b"" for nothing."""
        return bytes(await self.command("GET", name) or b"")

    async def first(self, name: str, fresh: bytes) -> bytes:
        """What is kept under a name by itself: this, where nothing was."""
        await self.command("SET", name, fresh, "NX")
        return await self.text(name)

    async def tries(self) -> AsyncIterator[None]:
        """Once, and again for as long as a call may take. `Unavailable` at the end."""
        clock = asyncio.get_running_loop().time
        until = clock() + self._server.patience
        while clock() < until:
            yield
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311 - no secret
        raise Unavailable("The storage is busy. Try again.", debug=f"{self._server.name}: others were first each time")

    async def _read(self, call: str, given: Given) -> Any:
        return await self._server.run(_READ, [self._root], call, "", *_flat(given))


def _told(flat: Sequence[bytes | None]) -> Told | None:
    document, version, is_used, audience = flat
    if document is None or version is None:
        return None
    return Told(
        document=document,
        version=version.decode(),
        is_used=is_used == b"1",
        audience=None if audience is None else audience.decode(),
    )


def _flat(given: Given) -> list[str | bytes]:
    return [item for pair in given.items() for item in pair]
