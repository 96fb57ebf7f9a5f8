"""How many token requests a tenant may send, and how often its hooks may be run by their URL.

More are refused at once. What anybody may run is counted apart: who knows a webtask's URL takes nothing from the token requests.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from runtime.errors import TooManyRequests
from runtime.model import WEBTASK
from runtime.rates import Buckets
from runtime.settings import Server
from runtime.triggers import TRIGGERS

_ANYBODY: Final = "anybody"  # no extensibility point is called so


class Admission:
    """By `[server] tenant_rate` and `hook_rate`, for all who share the buckets together."""

    def __init__(self, server: Server, buckets: Buckets) -> None:
        self._server = server
        self._buckets = buckets

    @property
    def is_needed(self) -> bool:
        """Whether there is any limit."""
        return self._server.tenant_rate > 0 or self._server.hook_rate > 0

    def require(self, tenant: str, trigger: str, *, by_anybody: bool = False) -> Awaitable[None] | None:
        """`TooManyRequests` where this one is too much; where that is not known yet, what to await, which raises it then."""
        server, bucket = self._server, f"{_ANYBODY if by_anybody else ''} {tenant}"
        # There is no other: names that somebody makes up would push out those that count.
        if server.hook_rate and (trigger in TRIGGERS or trigger == WEBTASK):
            rate, burst = server.hook_rate, server.hook_burst or server.hook_rate
            wait = self._buckets.wait(f"{trigger} {tenant}", rate, burst)
            if not isinstance(wait, float):
                return self._require_both(wait, bucket, trigger)
            if wait:
                raise _too_many_for(trigger, wait)
        return self._require_tenant(bucket) if server.tenant_rate else None

    async def _require_both(self, told: Awaitable[float], bucket: str, trigger: str) -> None:
        wait = await told
        if wait:
            raise _too_many_for(trigger, wait)
        asked = self._require_tenant(bucket) if self._server.tenant_rate else None
        if asked is not None:
            await asked

    def _require_tenant(self, bucket: str) -> Awaitable[None] | None:
        rate, burst = self._server.tenant_rate, self._server.tenant_burst or self._server.tenant_rate
        wait = self._buckets.wait(bucket, rate, burst)
        if not isinstance(wait, float):
            return _required(wait)
        _require_none(wait)
        return None


async def _required(told: Awaitable[float]) -> None:
    _require_none(await told)


def _require_none(wait: float) -> None:
    if wait:
        raise TooManyRequests("More than [server] tenant_rate allows come from this tenant.", seconds=wait)


def _too_many_for(trigger: str, wait: float) -> TooManyRequests:
    return TooManyRequests(f"More than [server] hook_rate allows come to {trigger}.", seconds=wait)
