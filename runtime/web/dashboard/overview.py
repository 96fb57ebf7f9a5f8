"""What the pages show at a glance, and no API has in one answer: all hooks with their last run, the settings in force, samples.

Rule: a setting that is shown is named here. None is a secret, an address or a path.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from aiohttp import web

from runtime.bootstrap import Runtime
from runtime.errors import HookNotFound
from runtime.http.json import json_response
from runtime.http.query import Query
from runtime.http.routes import Call, Route, Scopes, SessionBearer
from runtime.model import NODE, WASM, WEBTASK, Failure, Hook
from runtime.settings import Settings
from runtime.storage.base import VERSIONS, ExecutionFilter, HookFilter
from runtime.triggers import TRIGGERS, sample
from runtime.web.dashboard.login import STEERING
from runtime.web.shapes import policy_body, rfc3339

READ_LOGS: Final = "read:logs"


def overview_routes(runtime: Runtime, session: SessionBearer) -> list[Route]:
    """`/dashboard/hooks.json`, `/dashboard/settings.json` and `/dashboard/samples.json`."""
    pages = _Overview(runtime)
    access, any_access = Scopes("read:hooks"), Scopes(*STEERING)
    return [
        Route(method="GET", path="/dashboard/hooks.json", handler=pages.hooks, access=access, session=session),
        Route(
            method="GET", path="/dashboard/settings.json", handler=pages.settings, access=any_access, session=session
        ),
        Route(method="GET", path="/dashboard/samples.json", handler=pages.samples, access=access, session=session),
    ]


class _Overview:
    """The handlers."""

    def __init__(self, runtime: Runtime) -> None:
        self._admin = runtime.admin
        self._storage = runtime.storage
        self._flush = runtime.recorder.flush
        self._shown = settings_body(runtime.settings)
        self._most = runtime.settings.storage.hooks_most

    async def hooks(self, call: Call) -> web.Response:
        """Every hook of the tenant, in order of creation, without its script."""
        Query(call.request.query, ())
        tenant = call.caller.tenant
        await self._flush(tenant)
        wanted = HookFilter(trigger=None, enabled=None, but_trigger=WEBTASK)
        hooks, _ = await self._admin.list_hooks(tenant, wanted, start=0, limit=self._most)
        sees_log = READ_LOGS in call.caller.scopes
        rows = await asyncio.gather(*(self._row(hook, sees_log) for hook in hooks))
        return json_response({"hooks": [row for row in rows if row is not None]})

    async def _row(self, hook: Hook, sees_log: bool) -> dict[str, object] | None:
        """None for a hook that was deleted meanwhile."""
        try:
            deploys = await self._admin.list_deploys(hook.tenant, hook.id)
            secrets = await self._admin.secret_names(hook.tenant, hook.id)
        except HookNotFound:
            return None
        return {
            "id": hook.id,
            "name": hook.name,
            "triggerId": hook.trigger,
            "enabled": hook.enabled,
            "engine": hook.version.engine,
            "version": deploys[0].number,
            "deployed_at": rfc3339(deploys[0].at),
            "policy": policy_body(hook.policy),
            "secrets": secrets,
            "last": await self._last(hook) if sees_log else None,
        }

    async def _last(self, hook: Hook) -> dict[str, object] | None:
        found = await self._storage.list_executions(hook.tenant, ExecutionFilter(hook_id=hook.id), limit=1)
        return next(
            (
                {
                    "id": execution.id,
                    "at": rfc3339(execution.at),
                    "decision": execution.decision,
                    "failed": isinstance(execution.failure, Failure),
                }
                for execution in found
            ),
            None,
        )

    async def settings(self, call: Call) -> web.Response:
        Query(call.request.query, ())
        return json_response(self._shown)

    async def samples(self, call: Call) -> web.Response:
        """A request of each extensibility point, which a test run has where it is given none."""
        Query(call.request.query, ())
        return json_response({trigger: sample(trigger) for trigger in TRIGGERS})


def settings_body(settings: Settings) -> dict[str, object]:
    """What somebody who writes hooks wants to know of the configuration. Times are milliseconds, sizes bytes."""
    limits, storage, bundle, network = settings.limits, settings.storage, settings.bundle, settings.network
    return {
        "version": _version(),
        "engines": [WASM, NODE] if settings.node.enabled else [WASM],
        "engine": settings.sandbox.engine,
        "limits": {
            "cpu_ms": limits.cpu_ms,
            "wall_ms": limits.wall_ms,
            "memory_bytes": limits.memory_bytes,
            "output_bytes": limits.output_bytes,
            "console_lines": limits.console_lines,
            "console_bytes": limits.console_bytes,
            "operations": limits.operations,
            "operation_bytes": limits.operation_bytes,
        },
        "retention": {
            "executions_days": storage.executions_days,
            "executions_most": storage.executions_most,
            "hooks_most": storage.hooks_most,
            "versions_most": VERSIONS,
            "requests": settings.log.requests,
        },
        "modules": {"packages": bundle.packages, "bytes": bundle.bytes, "seconds": bundle.seconds},
        "network": {
            "enabled": network.enabled,
            "timeout_ms": network.timeout_ms,
            "response_bytes": network.response_bytes,
            "redirects": network.redirects,
        },
    }


def _version() -> str:
    try:
        return version("hookd")
    except PackageNotFoundError:
        return "from its sources"  # not installed: run where it lies
