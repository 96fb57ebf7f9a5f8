"""The Webtask API's part of the OpenAPI document: routes, parameters, schemas. Data, no logic."""

from __future__ import annotations

from typing import Any, Final

from runtime.manifest import DEPENDENCIES, SECRETS
from runtime.web.operation import EVENTS, TEXT, Operation, in_query
from runtime.webtask.upload import DATA_BYTES, META_CHARS, METADATA, MOST_OFFSET, NAME_PATTERN, PARAMETERS

_WRITTEN: Final = ("Location", "X-Hook-Disabled", "X-Hook-Warning", "X-Hook-Modules", "Server-Timing")
_SHOWN: Final = ("decrypt", "fetch_code")

_MODULE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"name": TEXT, "version": TEXT},
    "additionalProperties": False,
    "required": ["name", "version"],
}

WEBTASK_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("GET", "/api/webtask/{container}"): Operation(
        id="listWebtasks",
        summary="List webtasks, hooks among them, in order of creation",
        scope="read:hooks",
        answer="SomeWebtasks",
        parameters=("container", "webtask_offset", "webtask_limit", "webtask_meta"),
    ),
    ("GET", "/api/webtask/{container}/{name}"): Operation(
        id="readWebtask",
        summary="Read a webtask; its secrets are for who may change it (update:hooks)",
        scope="read:hooks",
        answer="Webtask",
        parameters=("container", "name", *_SHOWN),
        errors=(404, 409),
    ),
    ("PUT", "/api/webtask/{container}/{name}"): Operation(
        id="writeWebtask",
        summary="Change a webtask, what is absent stays; or make one, which wants create:hooks too. For another "
        "extensibility point it is removed and made anew, which wants both create:hooks and delete:hooks",
        scope="update:hooks",
        body="WebtaskUpload",
        answer="Webtask",
        parameters=("container", "name"),
        headers=_WRITTEN,
        errors=(404, 409),
    ),
    ("DELETE", "/api/webtask/{container}/{name}"): Operation(
        id="removeWebtask",
        summary="Delete a webtask and its secrets",
        scope="delete:hooks",
        status=204,
        parameters=("container", "name"),
        errors=(404, 409),
    ),
    ("GET", "/api/webtask/{container}/{name}/data"): Operation(
        id="readWebtaskData",
        summary="Read what a webtask keeps by context.storage: a JSON text, {} where it keeps nothing",
        scope="update:hooks",
        answer="WebtaskData",
        parameters=("container", "name"),
        errors=(404, 409),
    ),
    ("PUT", "/api/webtask/{container}/{name}/data"): Operation(
        id="writeWebtaskData",
        summary="Replace what a webtask keeps; with an etag, only if that is still the one",
        scope="update:hooks",
        body="WebtaskDataUpload",
        answer="WebtaskDataWritten",
        parameters=("container", "name"),
        errors=(404, 409),
    ),
    ("POST", "/api/env/node/modules"): Operation(
        id="ensureModules",
        summary="Ask whether webtasks can have these modules: all that there could be, for they are fetched at the deploy",
        scope="update:hooks",
        body="WantedModules",
        answer="ModuleStates",
        parameters=("reset",),
    ),
    ("GET", "/api/env/node/modules/{name}"): Operation(
        id="listModuleVersions",
        summary="List the versions of a module that are there beforehand: none, see ensureModules",
        answer="ModuleStates",
        parameters=("name",),
    ),
    ("POST", "/api/tokens/issue"): Operation(
        id="issueWebtask",
        summary="Make or replace a webtask by its token's claims; without code it keeps what it has. The token carries no rights",
        scope="update:hooks",
        body="WebtaskClaims",
        answer="Text",
        headers=_WRITTEN,
        errors=(404, 409),
        media="text/plain",
    ),
    ("GET", "/api/tokens/inspect"): Operation(
        id="inspectWebtask",
        summary="Read the claims of a webtask by its token",
        scope="read:hooks",
        answer="WebtaskInspected",
        parameters=("webtask_token", "webtask_shows_meta", *_SHOWN),
        errors=(404, 409),
    ),
    ("GET", "/api/logs/tenant/{container}"): Operation(
        id="followWebtasks",
        summary="Follow what the hooks of a container print, as bunyan records; one JSON a line unless events are accepted",
        scope="read:logs",
        answer="EventStream",
        parameters=("container", "key"),
        errors=(503,),
        media=EVENTS,
    ),
}

RUN_ERRORS: Final[dict[int, tuple[str, ...]]] = {
    400: ("WebtaskError",),
    429: ("WebtaskError",),
    500: ("WebtaskError", "Error"),
    503: ("WebtaskError",),
}
"""Errors of runs by URL: what becomes of the hook is told in webtask's words. Who may not call, or hookd that broke, in the others."""

_NAME: Final = {"type": "string", "pattern": NAME_PATTERN}
_META_FILTER: Final = {"type": "string", "pattern": r"^[^:]+:[\s\S]*$", "maxLength": META_CHARS}
_FLAG: Final = {"type": "string", "enum": ["true", "1", "false", "0"]}

WEBTASK_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "decrypt": in_query(_FLAG, "Whether to answer the secrets."),
    "fetch_code": in_query(_FLAG, "Whether to answer the code."),
    "key": in_query(TEXT, "The bearer token, for clients that can send no header."),
    "reset": in_query(_FLAG, "Of no effect: nothing is kept that could be made anew."),
    "webtask_token": {"name": "token", "required": True, **in_query(TEXT, "The webtask's token.")},
    "webtask_shows_meta": {"name": "meta", **in_query(_FLAG, "Whether to answer the metadata.")},
    "webtask_meta": {"name": "meta", **in_query(_META_FILTER, "NAME:VALUE; only webtasks with these metadata.")},
    "webtask_offset": {
        "name": "offset",
        **in_query({"type": "integer", "minimum": 0, "maximum": MOST_OFFSET, "default": 0}, "How many to skip."),
    },
    "webtask_limit": {
        "name": "limit",
        **in_query({"type": "integer", "minimum": 0, "maximum": 100, "default": 100}, "How many at most."),
    },
}

_TEXTS: Final = {"type": "object", "additionalProperties": TEXT}
_CODE: Final = {"type": "string", "minLength": 1, "description": "JavaScript; at most 102,400 bytes in UTF-8."}
_URL: Final = {"type": "string", "description": "The webtask's own address, which leaves its code; no other is taken."}
_META: Final = {
    **_TEXTS,
    "maxProperties": METADATA,
    "description": "auth0-extension=runtime and auth0-extension-name make a webtask a hook of that extensibility point.",
}
_SECRETS: Final = {**_TEXTS, "maxProperties": SECRETS}
_PARSED: Final = {"type": ["integer", "boolean"]}
_CLAIMS: Final[dict[str, Any]] = {
    "ten": TEXT,
    "jtn": _NAME,
    "dd": {},
    "dr": {},
    "jti": {},
    "iat": {},
    "ca": {},
    "mb": _PARSED,
    "pb": _PARSED,
    "pctx": {**_TEXTS, "maxProperties": PARAMETERS},
    "url": _URL,
    "meta": _META,
    "ectx": _SECRETS,
    "code": _CODE,
}

WEBTASK_SCHEMAS: Final[dict[str, Any]] = {
    "Webtask": {
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "Names the webtask and carries no rights."},
            "name": TEXT,
            "container": TEXT,
            "meta": _TEXTS,
            "webtask_url": TEXT,
            "secrets": _TEXTS,
            "code": TEXT,
        },
        "additionalProperties": False,
        "required": ["token", "name", "container", "meta", "webtask_url"],
    },
    "WebtaskError": {
        "description": "An error of a hook that is run by its URL, as webtask had it.",
        "type": "object",
        "properties": {"code": {"type": "integer"}, "error": TEXT, "details": TEXT, "name": TEXT, "message": TEXT},
        "additionalProperties": False,
        "required": ["code", "details", "message"],
    },
    "WebtaskUpload": {
        "type": "object",
        "properties": {"code": _CODE, "url": _URL, "secrets": _SECRETS, "meta": _META, "host": {"type": "null"}},
        "additionalProperties": False,
    },
    "WebtaskData": {
        "type": "object",
        "properties": {"data": {"type": "string", "description": "JSON."}, "etag": TEXT},
        "additionalProperties": False,
        "required": ["data", "etag"],
    },
    "WebtaskDataUpload": {
        "type": "object",
        "properties": {
            "data": {"description": f"JSON, or JSON as text; at most {DATA_BYTES:,} bytes."},
            "etag": {"type": ["string", "null"], "description": 'What is to be replaced; "" is nothing.'},
        },
        "additionalProperties": False,
        "required": ["data"],
    },
    "WantedModules": {
        "type": "object",
        "properties": {"modules": {"type": "array", "items": _MODULE, "maxItems": DEPENDENCIES}},
        "additionalProperties": False,
        "required": ["modules"],
    },
    "ModuleStates": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {**_MODULE["properties"], "state": {"enum": ["available", "failed"]}},
            "additionalProperties": False,
            "required": ["name", "version", "state"],
        },
    },
    "WebtaskDataWritten": {
        "type": "object",
        "properties": {"etag": TEXT},
        "additionalProperties": False,
        "required": ["etag"],
    },
    "WebtaskClaims": {
        "type": "object",
        "properties": {**_CLAIMS, "webtask_url": {}},
        "additionalProperties": False,
        "required": ["jtn"],
    },
    "WebtaskInspected": {
        "type": "object",
        "properties": {**_CLAIMS, "jtn": TEXT},
        "additionalProperties": False,
        "required": ["ten", "jtn", "dd", "dr", "jti", "iat", "ca", "url"],
    },
}
