"""What a refusal tells its reader: field, rule and the type that came, in one sentence. For every route, from the OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.web.openapi import OPERATIONS, PARAMETERS
from runtime.web.schemas import SCHEMAS
from tests.web.conftest import SEED, Api

NEW = {"name": "second", "script": SEED, "triggerId": "credentials-exchange"}
WHOLE: dict[str, dict[str, Any]] = {
    "NewHook": NEW,
    "ExecutionRequest": {"client": {}, "audience": "https://api.example.com/"},
}
"""Bodies that lack nothing, where there is something to lack. Others are empty."""


def _schema(body: str) -> str:
    return "TokenRequest" if body == "ExecutionRequest" else body


BODIES = [operation for operation, row in OPERATIONS.items() if "properties" in SCHEMAS.get(_schema(row.body), {})]
QUERIES = [
    (*operation, PARAMETERS[name].get("name", name))
    for operation, row in OPERATIONS.items()
    for name in row.parameters
    if PARAMETERS[name]["in"] == "query" and name != "key"  # of which nothing is wrong but what no token is
]
REPEATED = ("GET", "/api/webtask/{container}", "meta")


async def path_of(api: Api, template: str) -> str:
    hook = await api.create(SEED)
    return template.format(id=hook["id"], number=1, trigger="credentials-exchange", container="acme", name=hook["name"])


@pytest.mark.parametrize("method, template", BODIES)
async def test_a_field_of_the_wrong_type_is_named_with_both_types(api: Api, method: str, template: str):
    """Whatever the route, for each of its fields: its name, the type that it must have and the one that it has."""
    row, path = OPERATIONS[method, template], await path_of(api, template)
    for name in SCHEMAS[_schema(row.body)]["properties"]:
        for value, kind in ((True, "boolean"), ({}, "object"), ([{}], "array")):
            answer = await api.call(method, path, {**WHOLE.get(row.body, {}), name: value})
            if answer.status in (200, 201, 409):
                continue  # the type that it must have
            message = answer.body["message"]
            assert answer.status == 400
            assert message.count("\n") == 0
            assert message.endswith(".")
            assert name in message
            assert kind in message or "[0]" in message or "is not sent" in message, message


@pytest.mark.parametrize("method, template", BODIES)
async def test_what_does_not_belong_is_named(api: Api, method: str, template: str):
    """A misspelt field is told by its name, and a body that is no object by its type."""
    row, path = OPERATIONS[method, template], await path_of(api, template)
    unknown = await api.call(method, path, {**WHOLE.get(row.body, {}), "nmae": 1})
    assert (unknown.status, "nmae" in unknown.body["message"]) == (400, True)
    array = await api.call(method, path, [1])
    assert (array.status, "object" in array.body["message"], "array" in array.body["message"]) == (400, True, True)


@pytest.mark.parametrize("method, template, name", QUERIES)
async def test_a_query_parameter_is_named(api: Api, method: str, template: str, name: str):
    """One that is wrong by its name and rule, one that is there twice, one that nobody knows."""
    path = await path_of(api, template)
    wrong = await api.call(method, path, **{name: "" if name in {"client", "request_id"} else "!"})
    assert (wrong.status, wrong.body["errorCode"]) == (400, "invalid_query_string")
    assert wrong.body["message"].endswith(f"' on property {name}.")
    if (method, template, name) != REPEATED:
        twice = await api.call(method, f"{path}?{name}=1&{name}=1")
        assert twice.body["message"] == (
            f"Query validation error: 'The parameter is given more than once' on property {name}."
        )
    unknown = await api.call(method, path, nmae="1")
    assert "not allowed: nmae' (known are: " in unknown.body["message"]
    assert name in unknown.body["message"]


@pytest.mark.parametrize(
    "path, body, message",
    [
        ("/api/v2/hooks", {**NEW, "dependencies": {"a": "1", "b": 2}}, "found type integer' on property dependencies.b ("),
        ("/api/v1/hooks/{id}/policy", {"clients": ["a", 1]}, "found type integer' on property clients[1] ("),
        ("/api/v1/hooks/{id}/policy", {"order": 0.5}, "Expected type integer or null but found type number' on property order ("),
        ("/api/v2/hooks/{id}/secrets", {"A": "x", "B": None}, "Expected type string but found type null' on property B ("),
        ("/api/v1/triggers/{trigger}/execute", {}, "'client' is missing; it must be an object."),
        ("/api/v1/triggers/{trigger}/execute", {"client": {}, "audience": None}, "'audience' is missing; it must be a string."),
        ("/api/v1/triggers/{trigger}/execute", {"client": {}, "audience": "a", "scope": ["b", 1]}, "'scope[1]' must be a string, not number."),
    ],
)  # fmt: skip
async def test_a_place_inside_is_named(api: Api, path: str, body: dict[str, Any], message: str):
    """A member or an element by its own name or index; what is missing is said to be missing."""
    method = "PATCH" if path.endswith("policy") else "POST"
    answer = await api.call(method, await path_of(api, path), body)
    assert answer.status == 400
    assert message in answer.body["message"]
