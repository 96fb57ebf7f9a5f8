"""The vendor's SDK for Python, driven line by line: `{"domain", "token", "call", "id"?, "query"?, "body"?}` in, `{"value"}` or `{"error"}` out.

Run as `python client_python.py {facade | http}` where auth0-python 4 is the `auth0` that Python finds.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

KIND = sys.argv[1]
MANAGEMENT: Any = importlib.import_module("auth0.management")  # not the auth0 that mypy finds
AUTH0_ERROR: Any = importlib.import_module("auth0.exceptions").Auth0Error

METHODS = {
    "create": "create",
    "get": "get",
    "list": "all",
    "page": "all",
    "update": "update",
    "delete": "delete",
    "secrets": "get_secrets",
    "addSecrets": "add_secrets",
    "updateSecrets": "update_secrets",
    "deleteSecrets": "delete_secrets",
}


def hooks_of(domain: str, token: str) -> Any:
    """The facade knows https only, the class of the hooks takes both."""
    if KIND == "http":
        return MANAGEMENT.Hooks(domain, token, protocol="http")
    return MANAGEMENT.Auth0(domain, token).hooks


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What the SDK gives back, or how it reports the error."""
    method = getattr(hooks_of(asked["domain"], asked["token"]), METHODS[asked["call"]])
    positional = [asked[name] for name in ("id", "body") if name in asked]
    query = asked.get("query", {})
    if "fields" in query:
        query["fields"] = query["fields"].split(",")
    if asked["call"] in ("list", "page"):  # its default is to list the enabled hooks only
        query = {"enabled": None, "include_totals": asked["call"] == "page", **query}
    try:
        return {"value": method(*positional, **query)}
    except AUTH0_ERROR as error:
        return {"error": {"status": error.status_code, "name": error.error_code, "message": error.message}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)  # noqa: T201 - the answer
