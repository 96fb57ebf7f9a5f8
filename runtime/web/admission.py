"""How many token requests a tenant may send, and how often its hooks may be run: by token requests and by their URL.

More are refused at once. What anybody may run is counted apart: who knows a webtask's URL takes nothing from the token requests.
A hook has one bucket, whoever asks for it, and keeps it when it is changed. A request that one bucket refuses takes of none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Final

from runtime.errors import TooManyRequests
from runtime.model import Hook
from runtime.rates import Bucket, Buckets, Waits
from runtime.settings import Server

_ANYBODY: Final = "anybody"
_HOOK: Final = "hook"


class Admission:
    """By `[server] tenant_rate` and `hook_rate`, for all who share the buckets together."""

    def __init__(self, server: Server, buckets: Buckets) -> None:
        self._server = server
        self._buckets = buckets

    @property
    def is_needed(self) -> bool:
        """Whether there is any limit."""
        return self._server.tenant_rate > 0 or self.is_by_hook

    @property
    def is_by_hook(self) -> bool:
        """Whether it takes to know the hooks."""
        return self._server.hook_rate > 0

    def require(self, tenant: str, hooks: Sequence[Hook] = (), *, by_anybody: bool = False) -> Awaitable[None] | None:
        """`TooManyRequests` where this one is too much; where that is not known yet, what to await, which raises it then.

        `hooks` are all that the request is for: each counts it, also where one before it denies and it does not run.
        """
        server, buckets = self._server, list[Bucket]()
        counted = hooks if server.hook_rate else ()
        rate, burst = server.hook_rate, server.hook_burst or server.hook_rate
        for hook in counted:
            buckets.append(Bucket(f"{_HOOK} {hook.id} {hook.tenant}", rate, burst))
        if server.tenant_rate:
            rate, burst = server.tenant_rate, server.tenant_burst or server.tenant_rate
            buckets.append(Bucket(f"{_ANYBODY if by_anybody else ''} {tenant}", rate, burst))
        if not buckets:
            return None
        waits = self._buckets.wait(*buckets)
        if not isinstance(waits, tuple):
            return _required(counted, waits)
        _require_none(counted, waits)
        return None


async def _required(hooks: Sequence[Hook], told: Awaitable[Waits]) -> None:
    _require_none(hooks, await told)


def _require_none(hooks: Sequence[Hook], waits: Waits) -> None:
    """The hooks' are first; then the tenant's, where it has a limit."""
    seconds = max(waits)
    if seconds:
        full = [hook.name for hook, wait in zip(hooks, waits, strict=False) if wait]
        whose = f"hook_rate allows come to the hook {full[0]!r}" if full else "tenant_rate allows come from this tenant"
        raise TooManyRequests(f"More than [server] {whose}.", seconds=seconds)
