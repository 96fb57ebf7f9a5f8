"""The execution log's part of the OpenAPI document: routes, parameters, schemas. Data, no logic."""

from __future__ import annotations

from typing import Any, Final

from runtime.http.query import TEXT_CHARS
from runtime.model import LEVELS, WEBTASK
from runtime.storage.base import OUTCOMES
from runtime.triggers import TRIGGERS
from runtime.web.logs import DECISIONS, LIST_DEFAULT, LIST_MOST
from runtime.web.operation import EVENTS, Operation, in_path, in_query
from runtime.web.schemas import ULID
from runtime.web.summary import MOST_STEPS, QUANTILES, STEPS

_FILTERS: Final = ("trigger_of", "hook", "client", "decision", "outcome", "level", "request_id")
_COUNT: Final = {"type": "integer", "minimum": 0}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": TEXT_CHARS}

LOG_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("GET", "/api/v1/logs"): Operation(
        id="listExecutions",
        summary="List the records of executions, newest first; a run appears a moment after its answer",
        scope="read:logs",
        answer="ExecutionPage",
        parameters=(*_FILTERS, "since", "until", "before", "limit"),
    ),
    ("GET", "/api/v1/logs/summary"): Operation(
        id="summariseExecutions",
        summary="How many executions there were, how they ended and how long they took, in all and step by step; "
        "of the last hour where nothing else is asked for",
        scope="read:logs",
        answer="Summary",
        parameters=(*_FILTERS, "since", "until", "steps"),
    ),
    ("GET", "/api/v1/logs/tail"): Operation(
        id="followExecutions",
        summary="Follow executions live, as server-sent events: `id` and `data` (an Execution) each; "
        'event `missed` {"missed": number or null} where some are missing',
        scope="read:logs",
        answer="EventStream",
        parameters=(*_FILTERS, "Last-Event-ID"),
        errors=(503,),
        media=EVENTS,
    ),
    ("GET", "/api/v1/logs/{id}"): Operation(
        id="getExecution",
        summary="Read the record of one execution",
        scope="read:logs",
        answer="Execution",
        parameters=("execution_id",),
        errors=(404,),
    ),
}

LOG_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "execution_id": {**in_path(ULID, "The execution's id."), "name": "id"},
    "trigger_of": {
        **in_query({"type": "string", "enum": [*TRIGGERS, WEBTASK]}, "Only executions at this extensibility point."),
        "name": "trigger",
    },
    "hook": in_query(ULID, "Only executions of the hook with this id."),
    "client": in_query(_TEXT, "Only executions for the OAuth client with this id."),
    "decision": in_query({"type": "string", "enum": list(DECISIONS)}, "Only executions with this decision."),
    "outcome": in_query(
        {"type": "string", "enum": list(OUTCOMES)}, "Only executions that ended so; `failure` is whatever broke."
    ),
    "level": in_query(
        {"type": "string", "enum": list(LEVELS)},
        "Only executions of this level or a worse one: error where the hook broke, else that of the worst line that it printed.",
    ),
    "request_id": in_query(_TEXT, "Only executions for the request with this X-Request-Id."),
    "since": in_query(_MOMENT, "Only executions from this moment on."),
    "until": in_query(_MOMENT, "Only executions before this moment."),
    "before": in_query(ULID, "Only executions before the one with this id."),
    "limit": in_query(
        {"type": "integer", "minimum": 1, "maximum": LIST_MOST, "default": LIST_DEFAULT}, "Executions on a page."
    ),
    "steps": in_query(
        {"type": "integer", "minimum": 1, "maximum": MOST_STEPS, "default": STEPS}, "In how many steps the time is cut."
    ),
    "Last-Event-ID": {"in": "header", "schema": ULID, "description": "First what came after this execution's id."},
}

_SUMMED: Final[dict[str, Any]] = {
    "executions": _COUNT,
    "denied": _COUNT,
    "failed": _COUNT,
    "duration_ms": {
        "type": "object",
        "properties": {name: {"type": ["number", "null"]} for name in QUANTILES},
        "required": list(QUANTILES),
        "additionalProperties": False,
        "description": "Quantiles, a fifth off at most.",
    },
}


def _exactly(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


LOG_SCHEMAS: Final[dict[str, Any]] = {
    "Summary": _exactly(
        {
            "since": _MOMENT,
            "until": _MOMENT,
            "step_seconds": {"type": "number", "minimum": 0},
            **_SUMMED,
            "outcomes": {"type": "object", "additionalProperties": _COUNT},
            "steps": {"type": "array", "items": _exactly({"at": _MOMENT, **_SUMMED})},
        }
    ),
}
