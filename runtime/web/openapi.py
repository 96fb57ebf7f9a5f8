"""The OpenAPI 3.1 document of the runtime, at `/openapi.json`. Written by hand; the tests hold it against the route table.

`OPERATIONS` is the table: one row per route. Everything that rows have in common is added by `document`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from aiohttp import web

from runtime.http.json import json_response
from runtime.http.query import LAST_PAGE
from runtime.http.routes import Call, Public, Route
from runtime.model import JsonObject
from runtime.triggers import TRIGGERS
from runtime.web.log_schemas import LOG_OPERATIONS, LOG_PARAMETERS, LOG_SCHEMAS
from runtime.web.operation import JSON, TEXT, Operation, in_path, in_query
from runtime.web.run import METHODS, RUN, RUN_BELOW
from runtime.web.schemas import SCHEMAS, VERSION_NUMBER, ref
from runtime.web.shapes import HOOK_FIELDS
from runtime.web.webtask_schemas import RUN_ERRORS, WEBTASK_OPERATIONS, WEBTASK_PARAMETERS, WEBTASK_SCHEMAS

FORM: Final = "application/x-www-form-urlencoded"


_FIELDS: Final = ("fields", "include_fields")
_WRITTEN: Final = ("X-Hook-Disabled", "X-Hook-Warning", "X-Hook-Modules", "Server-Timing")

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("POST", "/api/v1/triggers/{trigger}/execute"): Operation(
        id="execute",
        summary="Ask what goes into a token, or what happens to a user: run the enabled hook of this extensibility point",
        scope="execute:hooks",
        body="ExecutionRequest",
        answer="Decision",
        parameters=("trigger",),
        headers=("X-Hook-Repeated",),
        errors=(404, 429, 503),
    ),
    **LOG_OPERATIONS,
    ("GET", "/api/v2/hooks"): Operation(
        id="listHooks",
        summary="List hooks, in order of creation",
        scope="read:hooks",
        answer=("SomeHooks", "HookPage"),
        parameters=("page", "per_page", "include_totals", "enabled", "triggerId", *_FIELDS),
    ),
    ("POST", "/api/v2/hooks"): Operation(
        id="createHook",
        summary="Create a hook",
        scope="create:hooks",
        status=201,
        body="NewHook",
        answer="Hook",
        headers=_WRITTEN,
        forms=True,
        errors=(409,),
    ),
    ("GET", "/api/v2/hooks/{id}"): Operation(
        id="getHook",
        summary="Read a hook",
        scope="read:hooks",
        answer="SomeOfHook",
        parameters=("id", *_FIELDS),
        errors=(404,),
    ),
    ("PATCH", "/api/v2/hooks/{id}"): Operation(
        id="updateHook",
        summary="Change a hook; what is absent stays",
        scope="update:hooks",
        body="HookPatch",
        answer="Hook",
        parameters=("id",),
        headers=_WRITTEN,
        forms=True,
        errors=(404, 409),
    ),
    ("DELETE", "/api/v2/hooks/{id}"): Operation(
        id="deleteHook",
        summary="Delete a hook and its secrets",
        scope="delete:hooks",
        status=204,
        parameters=("id",),
        errors=(404,),
    ),
    ("GET", "/api/v2/hooks/{id}/secrets"): Operation(
        id="getSecretNames",
        summary="List the names of a hook's secrets",
        scope="read:hooks",
        answer="Secrets",
        parameters=("id",),
        errors=(404,),
    ),
    ("POST", "/api/v2/hooks/{id}/secrets"): Operation(
        id="addSecrets",
        summary="Add secrets to a hook",
        scope="update:hooks",
        status=201,
        body="NewSecrets",
        answer="Empty",
        parameters=("id",),
        forms=True,
        errors=(404, 409),
    ),
    ("PATCH", "/api/v2/hooks/{id}/secrets"): Operation(
        id="updateSecrets",
        summary="Change secrets of a hook; _VALUE_NOT_SHOWN_ leaves one as it is",
        scope="update:hooks",
        status=201,
        body="NewSecrets",
        answer="Empty",
        parameters=("id",),
        forms=True,
        errors=(404,),
    ),
    ("DELETE", "/api/v2/hooks/{id}/secrets"): Operation(
        id="deleteSecrets",
        summary="Delete secrets of a hook",
        scope="delete:hooks",
        status=204,
        body="SecretNames",
        parameters=("id",),
        errors=(404,),
    ),
    ("GET", "/api/v1/hooks/{id}/policy"): Operation(
        id="getPolicy",
        summary="Read for whom a hook runs, in which order, and what its failure means",
        scope="read:hooks",
        answer="Policy",
        parameters=("id",),
        errors=(404,),
    ),
    ("PATCH", "/api/v1/hooks/{id}/policy"): Operation(
        id="updatePolicy",
        summary="Change for whom a hook runs, in which order, or what its failure means",
        scope="update:hooks",
        body="PolicyPatch",
        answer="Policy",
        parameters=("id",),
        headers=_WRITTEN,
        errors=(404, 409),
    ),
    ("GET", "/api/v1/hooks/{id}/versions"): Operation(
        id="listVersions",
        summary="List a hook's versions, newest first; the newest 50 are kept",
        scope="read:hooks",
        answer="VersionList",
        parameters=("id",),
        errors=(404,),
    ),
    ("GET", "/api/v1/hooks/{id}/versions/{number}"): Operation(
        id="getVersion",
        summary="Read a version of a hook",
        scope="read:hooks",
        answer="Version",
        parameters=("id", "number"),
        errors=(404,),
    ),
    ("GET", "/api/v1/hooks/{id}/versions/{number}/diff"): Operation(
        id="diffVersions",
        summary="Say what another version of the hook, or its newest, has different from this one",
        scope="read:hooks",
        answer="VersionDiff",
        parameters=("id", "number", "to"),
        errors=(404,),
    ),
    ("POST", "/api/v1/hooks/{id}/rollback"): Operation(
        id="rollBack",
        summary="Deploy an earlier version of a hook again; it becomes the newest",
        scope="update:hooks",
        body="Rollback",
        answer="Hook",
        parameters=("id",),
        headers=_WRITTEN,
        errors=(404, 409),
    ),
    ("POST", "/api/v1/hooks/{id}/test"): Operation(
        id="testHook",
        summary="Run a hook, one of its versions or a draft, with its secrets, as a token request would; nothing is recorded",
        scope="update:hooks",
        body="HookTest",
        answer="Tested",
        parameters=("id",),
        errors=(404, 503),
    ),
    **{
        (method, path): Operation(
            id=f"{method.lower()}Webtask{suffix}",
            summary="Run a hook by its name, enabled or not. The bearer token is its secret auth0-extension-secret; without "
            "one it is a token with execute:hooks, and a plain webtask is for anybody. Answers the envelope "
            "{status, data}, with status 200 for errors too; a plain webtask answers what it likes, with any status",
            answer="Anything",
            parameters=("container", "name", *rest),
            errors=(400, 401, 403, 404, 409, 413, 415, 429, 500, 503),
            error_schemas=RUN_ERRORS,
        )
        for path, suffix, rest in ((RUN, "", ()), (RUN_BELOW.replace(":.*", ""), "Below", ("rest",)))
        for method in METHODS
    },
    **WEBTASK_OPERATIONS,
    ("GET", "/livez"): Operation(id="livez", summary="Whether the process lives", answer="Status"),
    ("GET", "/readyz"): Operation(
        id="readyz", summary="Whether token requests can be taken now", answer="Readiness", errors=(503,)
    ),
    ("GET", "/metrics"): Operation(
        id="metrics",
        summary="Counters and histograms of this process, as Prometheus reads them. The bearer token is [metrics] token; "
        "without that setting there is nothing here",
        answer="Text",
        errors=(401, 404),
        media="text/plain",
    ),
    ("GET", "/openapi.json"): Operation(id="describe", summary="This document", answer="Document"),
}

_BOOLEAN: Final = {"type": "boolean"}
_FIELDS_PATTERN: Final = "^({0})(,({0}))*$".format("|".join(HOOK_FIELDS))


PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "trigger": in_path({"type": "string", "enum": list(TRIGGERS)}, "The extensibility point."),
    "id": in_path({"type": "string", "pattern": "^[A-Za-z0-9-]*$"}, "The hook's id."),
    "number": in_path(VERSION_NUMBER, "The version's number."),
    "container": in_path(TEXT, "The container: the tenant's name."),
    "name": in_path(TEXT, "The webtask's name, or the hook's."),
    "rest": in_path(TEXT, "The webtask's own matter; may have slashes."),
    "to": in_query(VERSION_NUMBER, "The other version; the newest by default."),
    "page": in_query({"type": "integer", "minimum": 0, "maximum": LAST_PAGE, "default": 0}, "Which page, from 0."),
    "per_page": in_query({"type": "integer", "minimum": 0, "maximum": 100, "default": 50}, "Hooks on a page."),
    "include_totals": in_query(_BOOLEAN, "Whether to answer an object with the total."),
    "enabled": in_query(_BOOLEAN, "Only hooks that are, or are not, enabled."),
    "triggerId": in_query({"type": "string", "enum": list(TRIGGERS)}, "Only hooks of this extensibility point."),
    "fields": in_query(
        {"type": "string", "pattern": _FIELDS_PATTERN}, f"Names with commas between them, of: {', '.join(HOOK_FIELDS)}."
    ),
    "include_fields": in_query({"type": "boolean", "default": True}, "Whether `fields` are shown or left out."),
    **LOG_PARAMETERS,
    **WEBTASK_PARAMETERS,
}
_HEADERS: Final = {
    "Location": "Where the webtask runs.",
    "X-Hook-Repeated": "true: this request came before under the same X-Request-Id, and this is the first one's answer.",
    "X-Hook-Disabled": "The name of the hook that was disabled because this one was enabled.",
    "X-Hook-Warning": "Why the hook that was stored can not be enabled or never runs, or what it will not find.",
    "X-Hook-Modules": "The npm modules that were found for it, the largest first: `lodash@4.17.21;bytes=71000, ...`.",
    "Server-Timing": "How long it took to find its modules and to evaluate it, in ms: `modules;dur=812.3, evaluation;dur=40.1`.",
}
_STATUSES: Final = {
    200: "Done",
    201: "Written",
    204: "Gone",
    400: "The body, the query or the path breaks a rule; the message names it",
    401: "No bearer token, or one that does not verify",
    403: "The token lacks the scope",
    404: "There is no such thing in the caller's tenant",
    409: "It exists already, was changed at the same time, or there are too many",
    413: "The body is too large",
    415: "The body is not JSON, or it is compressed",
    429: "More than a rate limit allows, of the tenant or of a hook that would run; nothing ran",
    500: "The hook broke, or hookd did",
    503: "Not now; try again",
}
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "SomeHooks": {"type": "array", "items": ref("SomeOfHook")},
    "EventStream": TEXT,
    "Text": TEXT,
    "SomeWebtasks": {"type": "array", "items": ref("Webtask")},
    "Document": {"type": "object"},
    "Anything": {},
}


@cache
def document() -> JsonObject:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method.lower()] = _operation(operation)
    bearer = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Scopes in `scope`, the tenant in `ten`; see [[auth.trusted]] in config.example.toml.",
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hookd",
            "version": "1",
            "description": "Runs the hooks that decide what goes into a token.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": {**SCHEMAS, **LOG_SCHEMAS, **WEBTASK_SCHEMAS}, "securitySchemes": {"bearer": bearer}},
    }


def openapi_routes() -> list[Route]:
    """`GET /openapi.json`."""

    async def describe(_: Call) -> web.Response:
        return json_response(document())

    why = Public("discovery: what the API looks like is no secret")
    return [Route(method="GET", path="/openapi.json", handler=describe, access=why)]


def _operation(row: Operation) -> dict[str, Any]:
    rendered: dict[str, Any] = {"operationId": row.id, "summary": row.summary}
    if row.parameters:
        rendered["parameters"] = [{"name": name} | PARAMETERS[name] for name in row.parameters]
    if row.body:
        rendered["requestBody"] = {"required": True, "content": _bodies(row)}
    rendered["responses"] = {
        str(row.status): _answer(row),
        **{str(status): _error(row, status) for status in _errors(row)},
    }
    rendered["security"] = [{"bearer": [row.scope]}] if row.scope else []
    return rendered


def _bodies(row: Operation) -> dict[str, Any]:
    schema = {"schema": ref(row.body)}
    return {JSON: schema, FORM: schema} if row.forms else {JSON: schema}


def _answer(row: Operation) -> dict[str, Any]:
    rendered: dict[str, Any] = {"description": _STATUSES[row.status]}
    if row.headers:
        rendered["headers"] = {name: {"description": _HEADERS[name], "schema": TEXT} for name in row.headers}
    if row.answer:
        names = (row.answer,) if isinstance(row.answer, str) else row.answer
        rendered["content"] = {row.media: {"schema": _one_of(names)}}
    return rendered


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    schemas = [_ANSWERS[name] if name in _ANSWERS else ref(name) for name in names]
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _errors(row: Operation) -> list[int]:
    common = {400, 401, 403} if row.scope else set()
    return sorted({*common, *row.errors, *({413, 415} if row.body else ())})


def _error(row: Operation, status: int) -> dict[str, Any]:
    schema = _one_of(row.error_schemas.get(status, ("Error",)))
    return {"description": _STATUSES[status], "content": {JSON: {"schema": schema}}}
