"""A hook's policy: for which clients and audiences it runs, in which order, and what its failure means.

hookd's own API: the Management API v2 shows hooks as the vendor did, without it.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from runtime.admin import Admin
from runtime.http.json import json_response
from runtime.http.query import Query
from runtime.http.routes import Call, Route, guarded
from runtime.web.manage import hook_id, remarks
from runtime.web.shapes import policy_body

POLICY: Final = "/api/v1/hooks/{id}/policy"


def policy_routes(admin: Admin) -> list[Route]:
    """`/api/v1/hooks/{id}/policy`."""

    async def get(call: Call) -> web.Response:
        Query(call.request.query, ())
        hook = await admin.get_hook(call.caller.tenant, hook_id(call))
        return json_response(policy_body(hook.policy))

    async def change(call: Call) -> web.Response:
        hook = hook_id(call)
        written = await admin.set_policy(call.caller.tenant, hook, await call.json())
        return json_response(policy_body(written.hook.policy), 200, remarks(written))

    return [guarded("GET", POLICY, get, "read:hooks"), guarded("PATCH", POLICY, change, "update:hooks")]
