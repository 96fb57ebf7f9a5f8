"""Connections that a test keeps, and which of a service's processes has each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.operators import REQUEST
from tests.end_to_end.serving import EXECUTE, Service
from tests.waiting import until


class Kept:
    """One connection, which nothing but the server closes while it is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bearer: str) -> None:
        self._reader, self._writer, self._bearer = reader, writer, bearer

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and body of the answer. `EOFError` or `ConnectionError` when the connection ends."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"Host: hookd\r\nAuthorization: Bearer {self._bearer}\r\nContent-Type: application/json"
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent)
        answered = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answered.partition("content-length:")[2].split()[0])
        answer = await self._reader.readexactly(length)
        return int(answered.split()[1]), json.loads(answer)

    async def execute(self, path: str) -> float:
        """What the hook says. Errors as of `ask`."""
        status, answer = await self.ask("POST", path, REQUEST)
        assert status == 200, answer
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


async def kept_at_each(service: Service, stack: AsyncExitStack, count: int) -> dict[int, list[Kept]]:
    """So many connections to each worker, each of which has had an answer."""
    found: dict[int, list[Kept]] = {pid: [] for pid in service.workers}
    while any(len(there) < count for there in found.values()):
        async with AsyncExitStack() as one:
            kept = await one.enter_async_context(keeping(service.process.address["port"], service.bearer))
            await kept.execute(EXECUTE)
            there = found[await kept.worker(found)]
            if len(there) < count:
                there.append(kept)
                stack.push_async_exit(one.pop_all())
    return found


def _open(pid: int) -> set[str]:
    """What the process has open."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(file.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return found
