"""The Management API v2 for hooks and their secrets: statuses, shapes and words as the vendor's (contract 1.1, contract-full 5).

HTTP in, HTTP out. What a body must be is `manifest`'s to say, what happens is `admin`'s. Bodies of GET, and of DELETE of a
hook, are not read: clients send `null` and `{}` there (contract 1.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from aiohttp import web

from runtime.admin import Admin
from runtime.errors import InvalidPath
from runtime.http.json import empty_response, json_response
from runtime.http.routes import Call, Handler, Route, Scopes
from runtime.manifest import VALUE_NOT_SHOWN
from runtime.model import Hook
from runtime.storage.base import HookFilter, HookWritten
from runtime.triggers import TRIGGERS
from runtime.web.query import Query
from runtime.web.shapes import HOOK_FIELDS, hook_body

HOOKS: Final = "/api/v2/hooks"
HOOK: Final = "/api/v2/hooks/{id}"
SECRETS: Final = "/api/v2/hooks/{id}/secrets"

PAGE_DEFAULT: Final = 50
PAGE_MOST: Final = 100
LAST_PAGE: Final = 10_000_000

DISABLED_HEADER: Final = "X-Hook-Disabled"
"""Names the hook that was disabled because another one of its trigger was enabled."""

WARNING_HEADER: Final = "X-Hook-Warning"
"""Says in one line why a hook that was stored can not be enabled."""

_FIELD_PARAMETERS: Final = ("fields", "include_fields")
_LIST_PARAMETERS: Final = ("page", "per_page", "include_totals", "enabled", "triggerId", *_FIELD_PARAMETERS)
_ID_PATTERN: Final = "^[A-Za-z0-9-]*$"


def manage_routes(admin: Admin) -> list[Route]:
    """Everything under `/api/v2/hooks`."""
    hooks = _Hooks(admin)

    def route(method: str, path: str, handler: Handler, scope: str) -> Route:
        return Route(method=method, path=path, handler=handler, access=Scopes(scope))

    return [
        route("GET", HOOKS, hooks.list_hooks, "read:hooks"),
        route("POST", HOOKS, hooks.create, "create:hooks"),
        route("GET", HOOK, hooks.get, "read:hooks"),
        route("PATCH", HOOK, hooks.update, "update:hooks"),
        route("DELETE", HOOK, hooks.delete, "delete:hooks"),
        route("GET", SECRETS, hooks.secret_names, "read:hooks"),
        route("POST", SECRETS, hooks.add_secrets, "update:hooks"),
        route("PATCH", SECRETS, hooks.update_secrets, "update:hooks"),
        route("DELETE", SECRETS, hooks.delete_secrets, "delete:hooks"),
    ]


class _Hooks:
    """The handlers."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def list_hooks(self, call: Call) -> web.Response:
        query = Query(call.request.query, _LIST_PARAMETERS)
        limit = query.integer("per_page", PAGE_DEFAULT, least=0, most=PAGE_MOST)
        start = query.integer("page", 0, least=0, most=LAST_PAGE) * limit
        totals = query.flag("include_totals")
        select = _selection(query)
        wanted = HookFilter(trigger=query.choice("triggerId", TRIGGERS), enabled=query.flag("enabled"))
        found, total = await self._admin.list_hooks(call.caller.tenant, wanted, start=start, limit=limit)
        bodies = [select(hook) for hook in found]
        if totals:
            return json_response({"total": total, "start": start, "limit": limit, "hooks": bodies})
        return json_response(bodies)

    async def create(self, call: Call) -> web.Response:
        written = await self._admin.create_hook(call.caller.tenant, await call.json())
        return json_response(hook_body(written.hook), 201, _remarks(written))

    async def get(self, call: Call) -> web.Response:
        select = _selection(Query(call.request.query, _FIELD_PARAMETERS))
        return json_response(select(await self._admin.get_hook(call.caller.tenant, _hook_id(call))))

    async def update(self, call: Call) -> web.Response:
        hook_id = _hook_id(call)
        written = await self._admin.update_hook(call.caller.tenant, hook_id, await call.json())
        return json_response(hook_body(written.hook), 200, _remarks(written))

    async def delete(self, call: Call) -> web.Response:
        await self._admin.delete_hook(call.caller.tenant, _hook_id(call))
        return empty_response()

    async def secret_names(self, call: Call) -> web.Response:
        names = await self._admin.secret_names(call.caller.tenant, _hook_id(call))
        return json_response(dict.fromkeys(names, VALUE_NOT_SHOWN))

    async def add_secrets(self, call: Call) -> web.Response:
        hook_id = _hook_id(call)
        await self._admin.add_secrets(call.caller.tenant, hook_id, await call.json())
        return json_response({}, 201)

    async def update_secrets(self, call: Call) -> web.Response:
        """201, not 200: so did the vendor (contract 1.1)."""
        hook_id = _hook_id(call)
        await self._admin.update_secrets(call.caller.tenant, hook_id, await call.json())
        return json_response({}, 201)

    async def delete_secrets(self, call: Call) -> web.Response:
        hook_id = _hook_id(call)
        await self._admin.delete_secrets(call.caller.tenant, hook_id, await call.json())
        return empty_response()


def _hook_id(call: Call) -> str:
    hook_id = call.path("id")
    if re.fullmatch(_ID_PATTERN, hook_id) is None:
        raise InvalidPath(
            f"Path validation error: 'String does not match pattern {_ID_PATTERN}: {hook_id[:100]}' on property id (ID of the hook)."
        )
    return hook_id


def _selection(query: Query) -> Callable[[Hook], dict[str, object]]:
    """What to show of a hook: `fields` only, or all but these when `include_fields` is false."""
    fields = query.choices("fields", HOOK_FIELDS)
    including = query.flag("include_fields") is not False
    if fields is None:
        return hook_body
    shown: Collection[str] = set(fields) if including else set(HOOK_FIELDS) - set(fields)
    return lambda hook: {name: value for name, value in hook_body(hook).items() if name in shown}


def _remarks(written: HookWritten) -> dict[str, str]:
    """What the answer has to say beside the hook itself; both are ASCII in one line."""
    remarks = {}
    if written.disabled is not None:
        remarks[DISABLED_HEADER] = written.disabled.name
    if written.warning:
        remarks[WARNING_HEADER] = written.warning
    return remarks
