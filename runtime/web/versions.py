"""A hook's versions: what was deployed, what differs, one of them deployed again; and the test run.

hookd's own API: the vendor has nothing like it for hooks. A version's number counts the deploys of its hook, from 1; its id says
what it is, wherever it came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from runtime.admin import Admin
from runtime.diff import diff_dependencies, diff_scripts
from runtime.dispatch import Dispatch
from runtime.errors import InsufficientScope, InvalidBody
from runtime.http.audit import READ
from runtime.http.json import json_response
from runtime.http.query import Query, path_variable
from runtime.http.routes import Call, Route, Scopes, guarded
from runtime.manifest import MOST_NUMBER, HookTest, parse_rollback, parse_test
from runtime.model import Hook, HookVersion, JsonObject
from runtime.storage.base import Storage
from runtime.triggers import sample
from runtime.web.execute import trial_body
from runtime.web.manage import hook_id, remarks
from runtime.web.shapes import deploy_body, hook_body, version_body

VERSIONS: Final = "/api/v1/hooks/{id}/versions"
VERSION: Final = "/api/v1/hooks/{id}/versions/{number}"
DIFF: Final = "/api/v1/hooks/{id}/versions/{number}/diff"
ROLLBACK: Final = "/api/v1/hooks/{id}/rollback"
TEST: Final = "/api/v1/hooks/{id}/test"
READ_LOGS: Final = "read:logs"

_NUMBER_PATTERN: Final = "^[1-9][0-9]{0,8}$"


def version_routes(
    admin: Admin, dispatch: Dispatch, storage: Storage, flush: Callable[[str], Awaitable[None]]
) -> list[Route]:
    """Everything under `/api/v1/hooks/{id}`. `flush` as for `log_routes`."""
    versions = _Versions(admin, dispatch, storage, flush)

    return [
        guarded("GET", VERSIONS, versions.list_versions, "read:hooks"),
        guarded("GET", VERSION, versions.get, "read:hooks"),
        guarded("GET", DIFF, versions.diff, "read:hooks"),
        guarded("POST", ROLLBACK, versions.roll_back, "update:hooks"),
        # A run may say what the hook's secrets are: who may change the hook could find out as well.
        Route(method="POST", path=TEST, handler=versions.test, access=Scopes("update:hooks"), audit=READ),
    ]


class _Versions:
    """The handlers."""

    def __init__(
        self, admin: Admin, dispatch: Dispatch, storage: Storage, flush: Callable[[str], Awaitable[None]]
    ) -> None:
        self._admin = admin
        self._dispatch = dispatch
        self._storage = storage
        self._flush = flush

    async def list_versions(self, call: Call) -> web.Response:
        Query(call.request.query, ())
        deploys = await self._admin.list_deploys(call.caller.tenant, hook_id(call))
        return json_response({"versions": [deploy_body(deploy) for deploy in deploys]})

    async def get(self, call: Call) -> web.Response:
        Query(call.request.query, ())
        number = _number(call)
        version = await self._version(call, number)
        return json_response(version_body(number, version, await self._admin.modules_of(version)))

    async def diff(self, call: Call) -> web.Response:
        """From the version of the path to that of `to`, or to the newest."""
        number, query = _number(call), Query(call.request.query, ("to",))
        newest = (await self._admin.list_deploys(call.caller.tenant, hook_id(call)))[0].number
        other = query.integer("to", newest, least=1, most=MOST_NUMBER)
        old, new = await self._version(call, number), await self._version(call, other)
        names = (f"version {number}", f"version {other}")
        script = await asyncio.to_thread(diff_scripts, old.script, new.script, names=names)
        dependencies = diff_dependencies(old.dependencies, new.dependencies)
        return json_response({"from": number, "to": other, "script": script, "dependencies": dependencies})

    async def roll_back(self, call: Call) -> web.Response:
        """The hook as it is then, as after a PATCH."""
        hook, number = hook_id(call), parse_rollback(await call.json())
        written = await self._admin.roll_back(call.caller.tenant, hook, number)
        return json_response(hook_body(written.hook), 200, remarks(written))

    async def test(self, call: Call) -> web.Response:
        """What a token server would be answered if this were enabled, and what the console said. Nothing is recorded."""
        tenant, wanted = call.caller.tenant, parse_test(await call.json())
        hook = await self._admin.get_hook(tenant, hook_id(call))
        version = hook.version if wanted.number is None else await self._version(call, wanted.number)
        if wanted.execution is not None and READ_LOGS not in call.caller.scopes:
            raise InsufficientScope(
                f"'execution' shows a request of the log: the token needs {READ_LOGS} beside its scope."
            )
        payload = await self._request(tenant, hook, wanted)
        draft = version
        if wanted.is_draft:
            draft = await self._admin.resolve(tenant, wanted.version(version))
        try:
            executed = await self._dispatch.test(hook, draft, payload, request_id=call.request_id)
        except InvalidBody as fault:
            raise InvalidBody(f"In 'request': {fault.message}") from None
        return json_response(trial_body(payload, executed))

    async def _request(self, tenant: str, hook: Hook, wanted: HookTest) -> JsonObject:
        if wanted.request is not None:
            return wanted.request
        if wanted.execution is None:
            return sample(hook.trigger)
        await self._flush(tenant)
        execution = await self._storage.get_execution(tenant, wanted.execution)
        if execution.trigger != hook.trigger:
            raise InvalidBody(
                f"'execution' is one of {execution.trigger}; the hook's extensibility point is {hook.trigger}."
            )
        if execution.request is None:
            raise InvalidBody(
                "'execution' has no request: it was longer than 16 kB, or [log] requests was off. Give 'request' instead."
            )
        return execution.request

    async def _version(self, call: Call, number: int) -> HookVersion:
        return await self._admin.get_version(call.caller.tenant, hook_id(call), number)


def _number(call: Call) -> int:
    return int(path_variable(call.path("number"), "number", _NUMBER_PATTERN, "Number of the version"))
