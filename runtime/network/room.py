"""How much of what servers send is in memory at once: so much of all tenants, half of that of one at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from runtime.network.failing import NetworkError

_FULL: Final = "the responses that are under way are too large together; try again"


class Room:
    """One per process, for one event loop."""

    def __init__(self, most: int) -> None:
        self._most, self._all = most, 0
        self._taken: Counter[str] = Counter()

    @contextmanager
    def held(self, tenant: str) -> Iterator[Callable[[int], None]]:
        """Call what it gives with the bytes of each piece, before the next one is read. `NetworkError` where there is no room.

        All is given back with the block.
        """
        mine = 0

        def hold(size: int) -> None:
            nonlocal mine
            mine += size
            self._all += size
            self._taken[tenant] += size
            if self._taken[tenant] > self._most // 2 or self._all > self._most:
                raise NetworkError("ENOBUFS", _FULL)

        try:
            yield hold
        finally:
            self._all -= mine
            self._taken[tenant] -= mine
            if not self._taken[tenant]:
                del self._taken[tenant]
