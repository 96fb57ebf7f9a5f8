"""The vendor's generated SDK for Python, driven line by line: `{"domain", "token", "call", "id"?, "query"?, "body"?}` in, `{"value"}` or `{"error"}` out.

Run as `python client_python_6.py` where auth0-python 6 is the `auth0` that Python finds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from auth0.management.client import Auth0
from auth0.management.core.api_error import ApiError
from auth0.management.hooks.client import HooksClient
from auth0.management.types import Hook

ONCE: Any = {"max_retries": 0}  # it would try a 409 twice again
Call = Callable[[HooksClient, dict[str, Any]], Any]


def shown(hook: Any) -> dict[str, Any]:
    """A model as the JSON that it was."""
    fields: dict[str, Any] = hook.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return fields


def keywords(body: Mapping[str, Any]) -> dict[str, Any]:
    """A hook's fields as this SDK names them."""
    return {"trigger_id" if name == "triggerId" else name: value for name, value in body.items()}


def all_of(hooks: HooksClient, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Every page, to the first that is empty: the SDK asks for them by itself."""
    found: list[Hook] = list(hooks.list(**asked.get("query", {})))
    return [shown(hook) for hook in found]


CALLS: dict[str, Call] = {
    "create": lambda hooks, asked: shown(hooks.create(**keywords(asked["body"]), request_options=ONCE)),
    "get": lambda hooks, asked: shown(hooks.get(asked["id"], **asked.get("query", {}))),
    "list": all_of,
    "page": lambda hooks, asked: shown(hooks.list(**asked["query"]).response),
    "update": lambda hooks, asked: shown(hooks.update(asked["id"], **asked["body"])),
    "delete": lambda hooks, asked: hooks.delete(asked["id"]),
    "secrets": lambda hooks, asked: hooks.secrets.get(asked["id"]),
    "addSecrets": lambda hooks, asked: hooks.secrets.create(asked["id"], request=asked["body"]),
    "updateSecrets": lambda hooks, asked: hooks.secrets.update(asked["id"], request=asked["body"]),
    "deleteSecrets": lambda hooks, asked: hooks.secrets.delete(asked["id"], request=asked["body"]),
}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What the SDK gives back, or how it reports the error."""
    hooks = Auth0(base_url=f"http://{asked['domain']}/api/v2", token=asked["token"]).hooks
    try:
        return {"value": CALLS[asked["call"]](hooks, asked)}
    except ApiError as error:
        body = error.body if isinstance(error.body, dict) else shown(error.body)
        return {"error": {"status": error.status_code, "name": type(error).__name__, "body": body}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)  # noqa: T201 - the answer
