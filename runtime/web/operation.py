"""A row of the OpenAPI document's table, and what rows are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
TEXT: Final = {"type": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row. `answer` and `body` name schemas; `errors` are the statuses beyond those of every operation.

    `error_schemas` names those of an error's body where it is not the Management API's.
    """

    id: str
    summary: str
    scope: str = ""
    status: int = 200
    answer: str | tuple[str, ...] = ""
    body: str = ""
    parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    error_schemas: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    media: str = JSON
    forms: bool = False


def in_query(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A parameter of the query."""
    return {"in": "query", "schema": schema, "description": description}


def in_path(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A variable of the path."""
    return {"in": "path", "required": True, "schema": schema, "description": description}
