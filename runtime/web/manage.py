"""The Management API v2 for hooks and their secrets: statuses, shapes and words as the vendor's (contract 1.1, contract-full 5).

HTTP in, HTTP out. What a body must be is `manifest`'s to say, what happens is `admin`'s. Bodies of GET, and of DELETE of a
hook, are not read: clients send `null` and `{}` there (contract 1.2).

Three things are otherwise than the vendor's, on purpose. A name is kept as it was sent: the vendor made `test-hook-735` of
`test-hook735`, by a rule of which this one case is recorded, and auth0-deploy-cli finds a hook again by its exact name. The
list shows scripts: that the vendor's left them out is hearsay. And a value `_VALUE_NOT_SHOWN_` leaves a secret as it is, for
auth0-deploy-cli means that by it; the vendor wrote it over the secret.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from runtime.admin import Admin
from runtime.errors import HookNameTaken, InvalidBody
from runtime.http.json import FORM_TYPE, empty_response, json_response, parse_json, read_json_or_form
from runtime.http.query import FIELD_PARAMETERS, PAGE_PARAMETERS, Query, path_variable
from runtime.http.routes import Call, Route, guarded
from runtime.manifest import VALUE_NOT_SHOWN
from runtime.model import WEBTASK, Hook
from runtime.storage.base import HookFilter, HookWritten
from runtime.triggers import TRIGGERS
from runtime.web.shapes import HOOK_FIELDS, hook_body

HOOKS: Final = "/api/v2/hooks"
HOOK: Final = "/api/v2/hooks/{id}"
SECRETS: Final = "/api/v2/hooks/{id}/secrets"

DISABLED_HEADER: Final = "X-Hook-Disabled"
"""Names the hook that was disabled because another one of its trigger was enabled."""

WARNING_HEADER: Final = "X-Hook-Warning"
"""Says in one line why a hook that was stored can not be enabled."""

MODULES_HEADER: Final = "X-Hook-Modules"
"""Names the npm modules that were found for a hook, the largest first, with their versions and sizes."""

_WRITTEN_FIELDS: Final = ("id", "name", "script", "dependencies", "triggerId", "enabled")
"""Of a hook that was written, in the vendor's order; one that is read has that of `HOOK_FIELDS` (contract-full 5.1)."""

_LIST_PARAMETERS: Final = (*PAGE_PARAMETERS, "enabled", "triggerId", *FIELD_PARAMETERS)
_ID_PATTERN: Final = "^[A-Za-z0-9-]*$"


def manage_routes(admin: Admin) -> list[Route]:
    """Everything under `/api/v2/hooks`."""
    hooks = _Hooks(admin)

    return [
        guarded("GET", HOOKS, hooks.list_hooks, "read:hooks"),
        guarded("POST", HOOKS, hooks.create, "create:hooks"),
        guarded("GET", HOOK, hooks.get, "read:hooks"),
        guarded("PATCH", HOOK, hooks.update, "update:hooks"),
        guarded("DELETE", HOOK, hooks.delete, "delete:hooks"),
        guarded("GET", SECRETS, hooks.secret_names, "read:hooks"),
        guarded("POST", SECRETS, hooks.add_secrets, "update:hooks"),
        guarded("PATCH", SECRETS, hooks.update_secrets, "update:hooks"),
        guarded("DELETE", SECRETS, hooks.delete_secrets, "delete:hooks"),
    ]


class _Hooks:
    """The handlers."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def list_hooks(self, call: Call) -> web.Response:
        query = Query(call.request.query, _LIST_PARAMETERS)
        start, limit = query.page()
        totals = query.flag("include_totals")
        shown = _shown(query)
        wanted = HookFilter(
            trigger=query.choice("triggerId", TRIGGERS), enabled=query.flag("enabled"), but_trigger=WEBTASK
        )
        found, total = await self._admin.list_hooks(call.caller.tenant, wanted, start=start, limit=limit)
        bodies = [_body(hook, shown) for hook in found]
        if totals:
            return json_response({"total": total, "start": start, "limit": limit, "hooks": bodies})
        return json_response(bodies)

    async def create(self, call: Call) -> web.Response:
        written = await self._admin.create_hook(call.caller.tenant, await _hook_fields(call))
        return json_response(_body(written.hook, _WRITTEN_FIELDS), 201, remarks(written))

    async def get(self, call: Call) -> web.Response:
        shown = _shown(Query(call.request.query, FIELD_PARAMETERS))
        return json_response(_body(await self._admin.get_hook(call.caller.tenant, hook_id(call)), shown))

    async def update(self, call: Call) -> web.Response:
        hook = hook_id(call)
        try:
            written = await self._admin.update_hook(call.caller.tenant, hook, await _hook_fields(call))
        except HookNameTaken:
            raise HookNameTaken("A hook with the same name already exists.") from None
        return json_response(_body(written.hook, _WRITTEN_FIELDS), 200, remarks(written))

    async def delete(self, call: Call) -> web.Response:
        await self._admin.delete_hook(call.caller.tenant, hook_id(call))
        return empty_response()

    async def secret_names(self, call: Call) -> web.Response:
        names = await self._admin.secret_names(call.caller.tenant, hook_id(call))
        return json_response(dict.fromkeys(names, VALUE_NOT_SHOWN))

    async def add_secrets(self, call: Call) -> web.Response:
        hook = hook_id(call)
        await self._admin.add_secrets(call.caller.tenant, hook, await _json_or_form(call))
        return json_response({}, 201)

    async def update_secrets(self, call: Call) -> web.Response:
        """201, not 200: so did the vendor (contract 1.1)."""
        hook = hook_id(call)
        await self._admin.update_secrets(call.caller.tenant, hook, await _json_or_form(call))
        return json_response({}, 201)

    async def delete_secrets(self, call: Call) -> web.Response:
        hook = hook_id(call)
        await self._admin.delete_secrets(call.caller.tenant, hook, await call.json())
        return empty_response()


def hook_id(call: Call) -> str:
    """The hook that the path names. `InvalidPath` for what can be none."""
    return path_variable(call.path("id"), "id", _ID_PATTERN, "ID of the hook")


def _shown(query: Query) -> list[str]:
    wanted = query.shown(HOOK_FIELDS)
    return [name for name in HOOK_FIELDS if name in wanted]


def _body(hook: Hook, shown: Sequence[str]) -> dict[str, object]:
    whole = hook_body(hook)
    return {name: whole[name] for name in shown}


async def _json_or_form(call: Call) -> object:
    """A JSON value, or a form, of which the vendor's OpenAPI document speaks too."""
    call.sent = await read_json_or_form(call.request, call.body_limit)
    return call.sent


async def _hook_fields(call: Call) -> object:
    """What of a hook is sent. In a form all is text; what is no text is JSON there (OpenAPI 3.1, Encoding Object)."""
    body = await _json_or_form(call)
    if call.request.content_type == FORM_TYPE and isinstance(body, dict):
        for name in {"enabled", "dependencies"} & body.keys():
            with contextlib.suppress(InvalidBody):  # then it stays text, and `manifest` says what is wrong
                body[name] = parse_json(body[name].encode())
    return body


def remarks(written: HookWritten) -> dict[str, str]:
    """What the answer has to say beside the hook itself; all are ASCII in one line."""
    remarks = {}
    if written.disabled is not None:
        remarks[DISABLED_HEADER] = written.disabled.name
    if written.warning:
        remarks[WARNING_HEADER] = written.warning
    if written.modules:
        remarks[MODULES_HEADER] = written.modules
        remarks["Server-Timing"] = written.timing
    return remarks
