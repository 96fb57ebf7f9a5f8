"""How many token requests a tenant may send: more are refused at once, before anything is done for them."""

from __future__ import annotations

from collections.abc import Callable

from runtime.errors import TooManyRequests
from runtime.settings import Server
from runtime.shared_rates import SharedRates
from runtime.triggers import TRIGGERS


class Admission:
    """By `[server] tenant_rate` and `hook_rate`, for all workers together.

    `processes` says how many use the storage, on all machines, 0 where all are here: each machine lets its share pass.
    """

    def __init__(self, server: Server, rates: SharedRates, processes: Callable[[], int]) -> None:
        self._server = server
        self._rates = rates
        self._processes = processes

    @property
    def is_needed(self) -> bool:
        """Whether there is any limit."""
        return self._server.tenant_rate > 0 or self._server.hook_rate > 0

    def require(self, tenant: str, trigger: str) -> None:
        """`TooManyRequests` where this one is too much."""
        server = self._server
        # There is no other: names that somebody makes up would push out those that count.
        if server.hook_rate and trigger in TRIGGERS:
            wait = self._wait(f"{trigger} {tenant}", server.hook_rate, server.hook_burst)
            if wait:
                raise TooManyRequests(f"More than [server] hook_rate allows come to {trigger}.", seconds=wait)
        if server.tenant_rate:
            wait = self._wait(f" {tenant}", server.tenant_rate, server.tenant_burst)
            if wait:
                raise TooManyRequests("More than [server] tenant_rate allows come from this tenant.", seconds=wait)

    def _wait(self, name: str, per_second: int, burst: int) -> float:
        there = self._processes()
        share = min(1.0, max(1, self._server.workers) / there) if there else 1.0
        return self._rates.wait(name, per_second * share, (burst or per_second) * share)
