"""Where names lead: the system's own resolver, on threads that nothing else needs, a few for each tenant at most."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

from runtime.network.guard import Address, address_of

Resolve: TypeAlias = Callable[[str], Awaitable[Sequence[Address]]]
"""All addresses of a host, in the order in which to try them. `OSError` where there are none."""

THREADS: Final = 16
MOST_OF_ONE: Final = 4
"""Look-ups of one tenant at once: who asks for names that nobody answers for delays itself."""
MOST_WAITING: Final = 2_000
"""Look-ups of one tenant that wait for their turn. They go on waiting when nobody wants them any more."""
WAIT_SECONDS: Final = 20.0
"""How long: by then the time of every request is over."""


class SystemResolver:
    """One per process."""

    def __init__(self, look_up: Callable[[str], Sequence[Address]] | None = None) -> None:
        """`look_up` stands in the system's place."""
        self._look_up = look_up or _look_up
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="hookd-dns")

    def for_one(self) -> Resolve:
        """A tenant's own way to it."""
        turns = asyncio.Semaphore(MOST_OF_ONE)
        waiting = 0

        async def turn() -> None:
            nonlocal waiting
            if waiting >= MOST_WAITING:
                raise _later()
            waiting += 1
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await turns.acquire()
            except TimeoutError:
                raise _later() from None
            finally:
                waiting -= 1

        async def resolve(host: str) -> Sequence[Address]:
            await turn()
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host)
            finally:
                turns.release()

        return resolve

    def close(self) -> None:
        """Wait for no look-up."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _later() -> socket.gaierror:
    return socket.gaierror(socket.EAI_AGAIN, "too many names are looked up at once")


def _look_up(host: str) -> Sequence[Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(address_of(str(place[0])) for *_, place in found))
