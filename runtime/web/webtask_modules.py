"""Webtask's list of installed modules, as `wt create --dependency` and `wt modules` ask for it (contract 3).

hookd has no such list: modules belong to a version, and are fetched when it is deployed. So every version of a module that there
could be is available, and whether there is one, the deploy says; none is there beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from runtime.bundle.specifiers import is_name, is_range
from runtime.http.audit import READ
from runtime.http.json import json_response
from runtime.http.query import Query
from runtime.http.routes import Call, Public, Route, Scopes
from runtime.manifest import DEPENDENCIES, Broken, Property, expected, inside, members, string

MODULES: Final = "/api/env/node/modules"
MODULE: Final = "/api/env/node/modules/{name}"


def webtask_module_routes() -> list[Route]:
    """`/api/env/node/modules`."""
    why = Public("sandboxjs sends no token, and the answer is the same for everybody")
    return [
        # It says what there could be, and makes nothing.
        Route(method="POST", path=MODULES, handler=_ensure, access=Scopes("update:hooks"), audit=READ),
        Route(method="GET", path=MODULE, handler=_versions, access=why),
    ]


async def _ensure(call: Call) -> web.Response:
    """What was asked for, each with its state: available, or failed where there can be none."""
    Query(call.request.query, ("reset",)).choice("reset", ("true", "1", "false", "0"))
    asked = members(await call.json(), _BODY, required=("modules",))["modules"]
    return json_response([row | {"state": _state(row)} for row in asked])


async def _versions(_: Call) -> web.Response:
    return json_response([])


def _state(row: Mapping[str, str]) -> str:
    return "available" if is_name(row["name"]) and is_range(row["version"]) else "failed"


def _rows(value: object) -> list[dict[str, str]]:
    if type(value) is not list:
        raise Broken(expected("array", value))
    if len(value) > DEPENDENCIES:
        raise Broken(f"Array is too long ({len(value)}), maximum {DEPENDENCIES}")
    return [inside(f"[{index}]", _row, row) for index, row in enumerate(value)]


def _row(value: Any) -> dict[str, str]:
    if type(value) is not dict:
        raise Broken(expected("object", value))
    if set(value) != {"name", "version"}:
        raise Broken("It has a name and a version, and nothing else")
    return {name: inside(f".{name}", string, value[name]) for name in ("name", "version")}


_BODY: Final = {"modules": Property("Modules, each with a name and a version.", _rows)}
