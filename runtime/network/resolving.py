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


class SystemResolver:
    """One per process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="hookd-dns")

    def for_one(self) -> Resolve:
        """A tenant's own way to it."""
        turns = asyncio.Semaphore(MOST_OF_ONE)

        async def resolve(host: str) -> Sequence[Address]:
            async with turns:
                return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)

        return resolve

    def close(self) -> None:
        """Wait for no look-up."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str) -> Sequence[Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(address_of(str(place[0])) for *_, place in found))
