"""The schemas of the OpenAPI document: what the runtime takes and answers, as JSON Schema 2020-12. Data, no logic.

The tests hold real answers against them; `additionalProperties` is false where we answer, so that none is forgotten.
"""

from __future__ import annotations

from typing import Any, Final

from runtime.claims import MAX_LOGGED, PLACES, REASONS
from runtime.manifest import (
    DEPENDENCIES,
    MODULE_NAME_CHARS,
    MODULE_PATTERN,
    MODULE_VERSION_CHARS,
    MOST_NUMBER,
    NAME_CHARS,
    NAME_PATTERN,
    SECRET_NAME_CHARS,
    SECRET_VALUE_CHARS,
    SECRETS,
    VALUE_NOT_SHOWN,
)
from runtime.model import ANSWERED, ENGINES, FAILURES, LEVELS, REFUSED, WEBTASK
from runtime.policies import AUDIENCE_CHARS, BOUND_TO, CLIENT_CHARS, MOST_ORDER, ON_ERROR
from runtime.triggers import TRIGGERS
from runtime.triggers.base import MAX_CLIENT_ID
from runtime.triggers.event import ACTIONS, MESSAGE_TYPES
from runtime.ulid import ULID_PATTERN
from runtime.web.shapes import RUN_FIELDS


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = (), about: str = "") -> dict[str, Any]:
    """An object with exactly these members."""
    schema: dict[str, Any] = {"description": about} if about else {}
    required = [name for name in properties if name not in optional]
    return {
        **schema,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def ref(name: str) -> dict[str, Any]:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


_STRING: Final = {"type": "string"}
_NUMBER: Final = {"type": "number", "minimum": 0}
_FLAG: Final = {"type": "boolean"}
_NULLABLE_STRING: Final = {"type": ["string", "null"]}
ULID: Final = {"type": "string", "pattern": ULID_PATTERN}
_SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TRIGGER: Final = {"type": "string", "enum": list(TRIGGERS)}
_NAME: Final = {"type": "string", "pattern": NAME_PATTERN, "maxLength": NAME_CHARS}
_SECRET_NAME: Final = {"type": "string", "minLength": 1, "maxLength": SECRET_NAME_CHARS}
_SCRIPT: Final = {"type": "string", "minLength": 1, "description": "JavaScript; at most 102,400 bytes in UTF-8."}
_DEPENDENCIES: Final = {"type": "object", "additionalProperties": _STRING}
_ENGINE: Final = {"type": "string", "enum": list(ENGINES)}
_DECISION: Final = {"type": "string", "enum": ["allow", "deny"]}

_HOOK: Final[dict[str, Any]] = {
    "id": ULID,
    "name": _STRING,
    "script": _STRING,
    "dependencies": _DEPENDENCIES,
    "enabled": _FLAG,
    "triggerId": _TRIGGER,
}
_WRITABLE: Final[dict[str, Any]] = {
    "name": _NAME,
    "script": _SCRIPT,
    "enabled": {
        "type": "boolean",
        "description": "Enabling a hook disables the one that was enabled for the same clients and audiences without an order.",
    },
    "dependencies": {
        "type": "object",
        "propertyNames": {"pattern": MODULE_PATTERN, "maxLength": MODULE_NAME_CHARS},
        "additionalProperties": {"type": "string", "maxLength": MODULE_VERSION_CHARS},
        "maxProperties": DEPENDENCIES,
    },
    "engine": {
        **_ENGINE,
        "description": "What runs the hook: the WebAssembly sandbox, or Node in a jailed process, where the server has [node] enabled.",
    },
}
VERSION_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": MOST_NUMBER}
"""The number of one of a hook's versions."""

_TESTED: Final[dict[str, Any]] = {
    "version": {**VERSION_NUMBER, "description": "One of the hook's versions, in place of the one that it has now."},
    "script": {**_SCRIPT, "description": "A draft, in place of the hook's script."},
    "dependencies": _WRITABLE["dependencies"],
    "engine": _WRITABLE["engine"],
    "request": ref("ExecutionRequest"),
    "execution": {
        **ULID,
        "description": "An execution whose request is to be taken; [log] requests must be on, and the token needs read:logs too.",
    },
}
_ALLOW: Final[dict[str, Any]] = {
    "decision": {"const": "allow"},
    "scope": _array(_STRING),
    "claims": {"type": "object", "description": "To put into the access token beside the issuer's own."},
    "id_token_claims": {"type": "object", "description": "Likewise for the ID token; at password-exchange."},
    "dropped": _array(ref("DroppedClaim")),
}
_ALLOW_USER: Final[dict[str, Any]] = {
    "decision": {"const": "allow"},
    "user": _object(
        {"user_metadata": {"type": "object"}, "app_metadata": {"type": "object"}},
        optional=("user_metadata", "app_metadata"),
        about="At pre-user-registration: what the new user gets.",
    ),
    "dropped": _array(ref("DroppedClaim")),
}
_DENY: Final[dict[str, Any]] = {
    "decision": {"const": "deny"},
    "error": {"type": "string", "enum": ["access_denied", "invalid_scope", "invalid_request", "server_error"]},
    "error_description": _STRING,
    "user_message": {"type": "string", "description": "For the end user: the error's friendlyMessage."},
    "hook_error": ref("HookError"),
}
_RECORD: Final[dict[str, Any]] = {
    "id": ULID,
    "at": {"type": "string", "format": "date-time"},
    "trigger": {"type": "string", "enum": [*TRIGGERS, WEBTASK]},
    "hook_id": ULID,
    "hook": _STRING,
    "version": _SHA256,
    "client": _STRING,
    "decision": _DECISION,
    "outcome": {"type": "string", "enum": [ANSWERED, REFUSED, *FAILURES]},
    "level": {"type": "string", "enum": list(LEVELS)},
    "error": _NULLABLE_STRING,
    "error_description": _NULLABLE_STRING,
    "hook_error": {"oneOf": [ref("HookError"), {"type": "null"}]},
    "dropped": _array(ref("DroppedClaim")),
    "answer": {
        "type": ["string", "null"],
        "description": f"At post-* and send-phone-message: the hook's answer, as JSON, its first {MAX_LOGGED:,} characters.",
    },
    "console": _array(_object({"level": {"type": "string", "enum": list(LEVELS)}, "text": _STRING})),
    "operations": {
        **_array(
            _object(
                {
                    "kind": {"type": "string", "description": "fetch, storage_get or storage_set."},
                    "method": _NULLABLE_STRING,
                    "host": _NULLABLE_STRING,
                    "status": {"type": ["integer", "null"]},
                    "ms": _NUMBER,
                    "error": _NULLABLE_STRING,
                }
            )
        ),
        "description": "What the hook had done while it waited; each redirect is one more. Neither paths nor headers are kept.",
    },
    "duration_ms": _NUMBER,
    "cpu_ms": _NUMBER,
    "memory_bytes": {"type": "integer", "minimum": 0},
    "request_id": _STRING,
    "trace_id": {
        "type": ["string", "null"],
        "pattern": "^[0-9a-f]{32}$",
        "description": "Of the caller's traceparent.",
    },
    "request": {
        "oneOf": [{"type": "object"}, {"type": "null"}],
        "description": "What was sent, less passwords and tokens, where [log] requests is on.",
    },
}
_EXECUTIONS: Final = {
    **_array(ref("Ran")),
    "minItems": 2,
    "description": "Where several hooks ran, all, in their order.",
}
_RAN_OR_NOT: Final[dict[str, Any]] = {
    "execution": {"oneOf": [ref("Ran"), {"type": "null"}], "description": "null: no hook is enabled."},
    "executions": _EXECUTIONS,
    "hook_error": ref("HookError"),
}
_AT_TIMES: Final = ("executions", "hook_error")
_TEST_RAN: Final[dict[str, Any]] = {"hook_error": ref("HookError"), "run": ref("Run")}
_TESTED_REQUEST: Final = {"request": ref("ExecutionRequest")}
_POLICY: Final[dict[str, Any]] = {
    "clients": {**_array({"type": "string", "minLength": 1, "maxLength": CLIENT_CHARS}), "maxItems": BOUND_TO},
    "audiences": {**_array({"type": "string", "minLength": 1, "maxLength": AUDIENCE_CHARS}), "maxItems": BOUND_TO},
    "order": {
        "type": ["integer", "null"],
        "minimum": -MOST_ORDER,
        "maximum": MOST_ORDER,
        "description": "Hooks with an order run one after the other, the lowest first. Of those without, one is enabled.",
    },
    "on_error": {"type": "string", "enum": list(ON_ERROR), "description": "What a hook that broke decides."},
}

SCHEMAS: Final[dict[str, Any]] = {
    "Error": _object(
        {"statusCode": {"type": "integer"}, "error": _STRING, "message": _STRING, "errorCode": _STRING},
        about="Every error, in the shape of Auth0's Management API.",
    ),
    "TokenRequest": _object(
        {
            "client": {"type": "object", "description": "The OAuth client: id, name, tenant, metadata."},
            "scope": {"type": ["array", "null"], "items": _STRING},
            "audience": {"type": "string", "description": "The identifier of the API that the token is for."},
            "context": {"type": ["object", "null"], "description": "ip, userAgent and what else the hook may see."},
            "user": {"type": ["object", "null"], "description": "Required at password-exchange, only there."},
        },
        optional=("scope", "context", "user"),
        about="What a token server knows of a token that it is about to issue.",
    ),
    "UserRequest": _object(
        {
            "user": {"type": "object", "description": "id, tenant, username, email, user_metadata, app_metadata ..."},
            "context": {
                "type": "object",
                "properties": {"connection": {"type": "object", "description": "id, name, tenant."}},
                "required": ["connection"],
            },
        },
        about="What happens to a user: at pre- and post-user-registration and post-change-password.",
    ),
    "PhoneMessageRequest": _object(
        {"recipient": _STRING, "text": _STRING, "context": ref("PhoneMessageContext")}, about="At send-phone-message."
    ),
    "PhoneMessageContext": {
        "type": "object",
        "properties": {
            "message_type": {"type": "string", "enum": list(MESSAGE_TYPES)},
            "action": {"type": "string", "enum": list(ACTIONS)},
            **dict.fromkeys(("language", "code", "ip", "user_agent"), _STRING),
            "client": {
                "type": ["object", "null"],
                "properties": {
                    "client_id": {"type": "string", "maxLength": MAX_CLIENT_ID},
                    "name": _STRING,
                    "client_metadata": {"type": ["object", "null"]},
                },
                "required": ["client_id", "name"],
            },
            "user": {"type": "object"},
        },
        "required": ["message_type", "action", "language", "code", "ip", "user_agent", "user"],
    },
    "ExecutionRequest": {
        "oneOf": [ref("TokenRequest"), ref("UserRequest"), ref("PhoneMessageRequest")],
        "description": "Which one depends on the extensibility point.",
    },
    "Decision": {"oneOf": [ref("Allow"), ref("AllowUser"), ref("AllowEvent"), ref("Deny")]},
    "Allow": _object({**_ALLOW, **_RAN_OR_NOT}, optional=("id_token_claims", *_AT_TIMES)),
    "AllowUser": _object({**_ALLOW_USER, **_RAN_OR_NOT}, optional=_AT_TIMES),
    "AllowEvent": _object(
        {"decision": {"const": "allow"}, **_RAN_OR_NOT},
        optional=_AT_TIMES,
        about="Where the answer is not used; at post-* also of a hook that denied or broke.",
    ),
    "Deny": _object(
        {**_DENY, "execution": ref("Ran"), "executions": _EXECUTIONS}, optional=("user_message", "executions")
    ),
    "HookTest": {
        **_object(_TESTED, optional=tuple(_TESTED), about="What to run, and on what. Without a request: on a sample."),
        "allOf": [{"not": {"required": ["version", "script"]}}, {"not": {"required": ["request", "execution"]}}],
    },
    "Tested": {"oneOf": [ref("TestedAllow"), ref("TestedAllowUser"), ref("TestedAllowEvent"), ref("TestedDeny")]},
    "TestedAllow": _object({**_TESTED_REQUEST, **_ALLOW, **_TEST_RAN}, optional=("id_token_claims", "hook_error")),
    "TestedAllowUser": _object({**_TESTED_REQUEST, **_ALLOW_USER, **_TEST_RAN}, optional=("hook_error",)),
    "TestedAllowEvent": _object(
        {**_TESTED_REQUEST, "decision": {"const": "allow"}, **_TEST_RAN}, optional=("hook_error",)
    ),
    "TestedDeny": _object({**_TESTED_REQUEST, **_DENY, "run": ref("Run")}, optional=("user_message",)),
    "Run": _object(
        {name: _RECORD[name] for name in RUN_FIELDS},
        about="What a test run took and printed. It has no record.",
    ),
    "VersionList": _object(
        {"versions": _array(ref("Deploy"))}, about="Newest first; the first is the one that the hook has now."
    ),
    "Deploy": _object({"number": VERSION_NUMBER, "id": _SHA256, "at": _RECORD["at"]}),
    "Version": _object(
        {
            "number": VERSION_NUMBER,
            "id": _SHA256,
            "script": _STRING,
            "dependencies": _DEPENDENCIES,
            "engine": _ENGINE,
            "modules": _array(ref("Module")),
        }
    ),
    "Module": _object(
        {
            "name": _STRING,
            "version": _STRING,
            "bytes": {"type": "integer", "minimum": 0},
            "builtins": _array(_STRING),
            "missing": _array(_STRING),
        },
        about="An npm module that the script requires, or that another one does, and its bytes of the joined script; which of "
        "Node's own modules it requires, and which that are not installed, needed or not.",
    ),
    "VersionDiff": _object(
        {
            "from": VERSION_NUMBER,
            "to": VERSION_NUMBER,
            "script": {"type": "string", "description": "A unified diff; empty when the scripts are the same."},
            "dependencies": _object(
                {
                    "added": _DEPENDENCIES,
                    "removed": _DEPENDENCIES,
                    "changed": {
                        "type": "object",
                        "additionalProperties": _object({"from": _STRING, "to": _STRING}),
                    },
                }
            ),
        }
    ),
    "Policy": _object(_POLICY, about="An enabled hook runs for these clients and audiences; none means all."),
    "PolicyPatch": {**_object(_POLICY, optional=tuple(_POLICY)), "minProperties": 1},
    "Rollback": _object({"version": VERSION_NUMBER}),
    "Ran": _object(
        {"id": ULID, "hook": _STRING, "version": _SHA256, "duration_ms": _NUMBER, "cpu_ms": _NUMBER},
        about="The execution: its record has this id. `hook` is the hook's name, `version` the SHA-256 of what ran.",
    ),
    "HookError": _object(
        {
            "code": {"type": "string", "enum": ["denied", *FAILURES]},
            "name": _STRING,
            "message": _STRING,
            "stack": _STRING,
        },
        about="For the hook's developer, not for the client. `denied`: the hook called cb(error). "
        + " ".join(f"`{code}`: {meaning}" for code, meaning in FAILURES.items()),
    ),
    "DroppedClaim": _object(
        {"name": _STRING, "token": {"type": "string", "enum": list(PLACES)}, "reason": _STRING},
        about="A claim that the hook set and the token does not get, or a member that the user does not; `token`: where it stood. "
        + " ".join(f"`{code}`: {meaning}" for code, meaning in REASONS.items()),
    ),
    "Hook": _object(_HOOK),
    "SomeOfHook": _object(_HOOK, optional=tuple(_HOOK), about="A hook, or the fields of it that were asked for."),
    "HookPage": _object(
        {
            "total": {"type": "integer"},
            "start": {"type": "integer"},
            "limit": {"type": "integer"},
            "hooks": _array(ref("SomeOfHook")),
        }
    ),
    "NewHook": _object({**_WRITABLE, "triggerId": _TRIGGER}, optional=("enabled", "dependencies", "engine")),
    "HookPatch": {**_object(_WRITABLE, optional=tuple(_WRITABLE)), "minProperties": 1},
    "NewSecrets": {
        "type": "object",
        "propertyNames": _SECRET_NAME,
        "additionalProperties": {"type": "string", "maxLength": SECRET_VALUE_CHARS},
        "minProperties": 1,
        "maxProperties": SECRETS,
    },
    "SecretNames": {**_array(_SECRET_NAME), "minItems": 1},
    "Secrets": {
        "type": "object",
        "additionalProperties": {"const": VALUE_NOT_SHOWN},
        "description": "The names; a value is never shown.",
    },
    "Execution": _object(_RECORD, about="The record of one run of a hook. Holds no secret and no token."),
    "ExecutionPage": _object(
        {
            "executions": _array(ref("Execution")),
            "next": {"type": ["string", "null"], "description": "Give it as `before` for the next page."},
        },
        about="Newest first.",
    ),
    "Status": _object({"status": {"const": "ok"}}),
    "Readiness": _object(
        {"status": {"enum": ["ok", "degraded"]}, "storage": _STRING},
        optional=("storage",),
        about="Degraded: without its storage, of which it says why, the worker runs the hooks that it has loaded; or it can be read, and takes nothing.",
    ),
    "Empty": _object({}),
}
