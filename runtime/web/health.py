"""Health: `/livez` says that the process lives, `/readyz` that it can take token requests.

Without its storage a process runs the hooks that it has loaded: if every node that shares a Redis said that it is not ready as soon
as that is away, a load balancer would drop them all, and nobody would get a token. One that can be read but takes nothing, a full disk or
a replica that became of a master, is no reason either.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from runtime.errors import Unavailable
from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route
from runtime.model import Answer, Limits
from runtime.sandbox.base import Program, Sandbox, SourceRejected
from runtime.storage.base import Storage

KEPT_SECONDS: Final = 1.0
"""A verdict counts this long: anybody may ask, and asking must not cost more than answering."""

CHECK_SECONDS: Final = 2.0
_PROBE: Final = "module.exports = (client, scope, audience, context, cb) => cb(null, {});"
_PROBE_ARGUMENTS: Final = b'[{},[],"",{}]'


def health_routes(
    storage: Storage,
    sandbox: Sandbox,
    limits: Limits,
    loaded: Callable[[], Awaitable[int]],
    refusal: Callable[[], str],
) -> list[Route]:
    """`GET /livez` and `GET /readyz`.

    `loaded` says for how many extensibility points hooks can run without the storage, `refusal` why that takes nothing now, "" where it
    does, as far as is known.
    """
    health = _Health(storage, sandbox, limits, loaded, refusal)
    why = Public("load balancers have no token, and the answer tells nothing about anybody")
    return [
        Route(method="GET", path="/livez", handler=health.live, access=why),
        Route(method="GET", path="/readyz", handler=health.ready, access=why),
    ]


class _Health:
    """The handlers, and the last verdict."""

    def __init__(
        self,
        storage: Storage,
        sandbox: Sandbox,
        limits: Limits,
        loaded: Callable[[], Awaitable[int]],
        refusal: Callable[[], str],
    ) -> None:
        self._storage = storage
        self._sandbox = sandbox
        self._limits = limits
        self._loaded = loaded
        self._refusal = refusal
        self._program: Program | None = None
        self._checking = asyncio.Lock()
        self._checked_at = float("-inf")
        self._fault = self._missing = ""

    async def live(self, _: Call) -> web.Response:
        return json_response({"status": "ok"})

    async def ready(self, _: Call) -> web.Response:
        async with self._checking:
            if time.monotonic() - self._checked_at > KEPT_SECONDS:
                self._fault, self._missing = await self._check()
                self._checked_at = time.monotonic()
        if self._fault:
            raise Unavailable(f"Not ready: {self._fault}")
        if self._missing:
            return json_response({"status": "degraded", "storage": self._missing})
        return json_response({"status": "ok"})

    async def _check(self) -> tuple[str, str]:
        """What is not ready, and what it can do without for a while; "" for nothing."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                runs = await self._runs()
        except TimeoutError:
            return "the check took too long.", ""
        except Unavailable as error:
            return error.message, ""
        if not runs:
            return "the sandbox does not run a hook.", ""
        missing = await self._storage_fault()
        if missing and not await self._is_loaded():
            return missing, ""
        return "", missing or self._refusal()

    async def _is_loaded(self) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._loaded() > 0
        except TimeoutError:
            return False

    async def _storage_fault(self) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._storage.ping()
        except TimeoutError:
            return "The storage takes too long to answer."
        except Unavailable as error:
            return error.message
        return ""

    async def _runs(self) -> bool:
        """Whether a hook of our own runs as it should."""
        try:
            if self._program is None:
                self._program = self._sandbox.load(await self._sandbox.make_image(_PROBE))
        except (SourceRejected, ValueError):
            return False
        run = await self._sandbox.run(self._program, _PROBE_ARGUMENTS, self._limits)
        return run.outcome == Answer({})
