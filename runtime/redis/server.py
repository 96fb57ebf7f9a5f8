"""A Redis in use: scripts and commands, with an end to each wait.

Rules:
- So many calls at once, each on a connection of its own; more of them wait.
- A call that fails in passing is tried again, for as long as two answers may take: after a restart or a failover nobody has to do
  anything. So each call must be one that may come a second time. While it is known to be away, a call tries once.
- Who is cancelled takes nothing back, and `close` waits for what was begun.
- What goes wrong is `Unavailable`, with Redis's words for the operator only.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from redis.exceptions import NoScriptError, ReadOnlyError

from runtime.errors import Unavailable
from runtime.redis.address import Address, Means
from runtime.redis.client import Client, make_client
from runtime.redis.faults import is_fault, is_passing, unavailable

_PAUSES: Final = (0.02, 0.1, 0.3, 0.6, 1.0)
"""Seconds before another try, less up to a half, so that not all come back at once."""


_Ask: TypeAlias = Callable[[float], Coroutine[Any, Any, Any]]
"""Asks a server, with the loop's time at which its caller waits no longer."""


@dataclass(frozen=True, slots=True)
class Script:
    """Lua that Redis runs as one step."""

    text: str
    sha: str

    @classmethod
    def of(cls, *parts: str) -> Self:
        """One script of several files."""
        text = "\n".join(parts)
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    @classmethod
    def read(cls, folder: Path, *names: str) -> Self:
        """The script that these files of a folder are together."""
        return cls.of(*((folder / f"{name}.lua").read_text(encoding="utf-8") for name in names))


class Server:
    """Belongs to the event loop that it was made on. `patience` are the seconds after which a call is given up."""

    def __init__(self, client: Client, *, name: str, means: Means) -> None:
        self.name = name
        self._client = client
        self.patience = 2 * means.seconds
        self._room = asyncio.Semaphore(means.at_once)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._is_closed = self._is_away = False

    async def run(self, script: Script, keys: Sequence[str], *arguments: str | bytes | float) -> Any:
        """What a script answers. It must be one that may run twice."""
        return await self._call(lambda end: self._evaluate(script, (len(keys), *keys, *arguments), end))

    async def command(self, *words: str | bytes | float) -> Any:
        """What a command answers. It must be one that may come twice."""
        return await self._call(lambda end: self._tried(self._client.execute, words, end))

    async def ask(self, key: str, *words: str | bytes | float) -> Any:
        """What a command without a key answers where this key lies."""
        return await self._call(lambda end: self._tried(self._client.ask, (key, *words), end))

    async def wait(self, *words: str | bytes | float) -> Any:
        """What a command that waits for news answers. Who is cancelled waits no longer, and neither does `close`."""
        if self._is_closed:
            raise self._closed()
        answer = await self._in_time(lambda end: self._tried(self._client.execute, words, end))
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # `asyncio.wait_for`, by which the library sends, may keep it for itself before Python 3.12.
            raise asyncio.CancelledError
        return answer

    async def close(self) -> None:
        """Wait for what was begun and let go of all connections. Idempotent; later calls are `Unavailable`."""
        self._is_closed = True
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._client.close()

    async def _call(self, ask: _Ask) -> Any:
        if self._is_closed:
            raise self._closed()
        task = asyncio.get_running_loop().create_task(self._in_time(ask))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _closed(self) -> Unavailable:
        return Unavailable("The storage is closed.", debug=f"{self.name}: closed")

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        # Who waited may be gone: then nobody has asked for its error.
        if not task.cancelled():
            task.exception()

    async def _in_time(self, ask: _Ask) -> Any:
        end = asyncio.get_running_loop().time() + self.patience
        try:
            async with asyncio.timeout_at(end), self._room:
                return await ask(end)
        except TimeoutError:
            self._is_away = True
            raise unavailable(self.name, TimeoutError(f"no answer in {self.patience:g} s")) from None

    async def _evaluate(self, script: Script, rest: tuple[Any, ...], end: float) -> Any:
        try:
            return await self._tried(self._client.execute, ("EVALSHA", script.sha, *rest), end)
        except _UnknownScript:
            return await self._tried(self._client.execute, ("EVAL", script.text, *rest), end)

    async def _tried(self, execute: Callable[..., Awaitable[Any]], words: Sequence[Any], end: float) -> Any:
        # Where it was away a moment ago, one try tells whether it is back.
        for most in (None,) if self._is_away else (*_PAUSES, None):
            try:
                answer = await execute(*words)
            except NoScriptError:
                raise _UnknownScript from None
            except Exception as error:
                if not is_fault(error):
                    raise
                pause = None if most is None else _pause(most, end)
                if pause is None or not is_passing(error):
                    self._is_away = is_passing(error)
                    raise unavailable(self.name, error) from None
                if isinstance(error, ReadOnlyError):
                    await self._client.forget()
            else:
                self._is_away = False
                return answer
            await asyncio.sleep(pause)
        raise AssertionError


def _pause(most: float, end: float) -> float | None:
    """Seconds until another try; None where it would come too late: then what was wrong is told, not that time is over."""
    pause = most * random.uniform(0.5, 1)  # noqa: S311 - no secret
    return pause if asyncio.get_running_loop().time() + pause < end else None


class _UnknownScript(Exception):
    """Redis has not seen the script yet, or not since it was started."""


def connect(address: Address, means: Means) -> Server:
    """A server that is asked for nothing yet."""
    return Server(make_client(address, means), name=address.name, means=means)
