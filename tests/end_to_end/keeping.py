"""Connections that a test keeps, and which of a service's processes has each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.operators import REQUEST
from tests.waiting import until


class Kept:
    """One connection, which nothing but the server closes while it is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bearer: str) -> None:
        self._reader, self._writer, self._bearer = reader, writer, bearer

    async def execute(self, path: str) -> float:
        """What the hook says. `EOFError` or `ConnectionError` when the connection ends."""
        body = json.dumps(REQUEST)
        head = f"Host: hookd\r\nAuthorization: Bearer {self._bearer}\r\nContent-Type: application/json"
        self._writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        answered = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answered.partition("content-length:")[2].split()[0])
        answer: Any = json.loads(await self._reader.readexactly(length))
        assert answered.startswith("http/1.1 200 "), answer
        number: float = answer["claims"]["https://a/n"]
        return number

    async def worker(self, among: Collection[int]) -> int:
        """The process that has it; after the first answer."""
        found: list[int] = []

        def is_found() -> bool:
            # A table of the kernel's that changes while it is read may lack a row.
            found[:] = self._owners(among)
            return len(found) == 1

        await until(is_found)
        return found[0]

    def _owners(self, among: Collection[int]) -> list[int]:
        ours, theirs = (self._writer.get_extra_info(name)[1] for name in ("sockname", "peername"))
        rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        ends = {(row[1].partition(":")[2], row[2].partition(":")[2]): row[9] for row in rows}
        name = f"socket:[{ends.get((f'{theirs:04X}', f'{ours:04X}'))}]"
        return [pid for pid in among if name in _open(pid)]

    async def close(self) -> None:
        """From this side."""
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def keeping(port: int, bearer: str) -> AsyncIterator[Kept]:
    """A new one."""
    kept = Kept(*await asyncio.open_connection("127.0.0.1", port), bearer)
    try:
        yield kept
    finally:
        await kept.close()


def _open(pid: int) -> set[str]:
    """What the process has open."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(file.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return found
