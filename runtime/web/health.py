"""Health: `/livez` says that the process lives, `/readyz` that it can take token requests."""

from __future__ import annotations

import asyncio
import time
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


def health_routes(storage: Storage, sandbox: Sandbox, limits: Limits) -> list[Route]:
    """`GET /livez` and `GET /readyz`."""
    health = _Health(storage, sandbox, limits)
    why = Public("load balancers have no token, and the answer tells nothing about anybody")
    return [
        Route(method="GET", path="/livez", handler=health.live, access=why),
        Route(method="GET", path="/readyz", handler=health.ready, access=why),
    ]


class _Health:
    """The handlers, and the last verdict."""

    def __init__(self, storage: Storage, sandbox: Sandbox, limits: Limits) -> None:
        self._storage = storage
        self._sandbox = sandbox
        self._limits = limits
        self._program: Program | None = None
        self._checking = asyncio.Lock()
        self._checked_at = float("-inf")
        self._fault = ""

    async def live(self, _: Call) -> web.Response:
        return json_response({"status": "ok"})

    async def ready(self, _: Call) -> web.Response:
        async with self._checking:
            if time.monotonic() - self._checked_at > KEPT_SECONDS:
                self._fault = await self._check()
                self._checked_at = time.monotonic()
        if self._fault:
            raise Unavailable(f"Not ready: {self._fault}")
        return json_response({"status": "ok"})

    async def _check(self) -> str:
        """What is not ready, or ""."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._storage.ping()
                runs = await self._runs()
        except TimeoutError:
            return "the check took too long."
        except Unavailable as error:
            return error.message
        return "" if runs else "the sandbox does not run a hook."

    async def _runs(self) -> bool:
        """Whether a hook of our own runs as it should."""
        try:
            if self._program is None:
                self._program = self._sandbox.load(await self._sandbox.make_image(_PROBE))
        except (SourceRejected, ValueError):
            return False
        run = await self._sandbox.run(self._program, _PROBE_ARGUMENTS, self._limits)
        return run.outcome == Answer({})
