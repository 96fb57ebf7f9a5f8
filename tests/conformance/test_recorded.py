"""What the real Management API answered, as a table: contract 1.1, and where it says nothing contract-full 5.

A row is a request and its answer. Bodies are compared as text, so the order of keys counts.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.web.conftest import Api, token

SCRIPT = "function (user, context, callback) { callback(null, { user }); }"
HOOKS = "/api/v2/hooks"
ABSENT = f"{HOOKS}/01GBPZWEFDT9RFR6PN6939RZZE"
JSON = "application/json; charset=utf-8"
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

FIRST = {"name": "test-hook", "script": SCRIPT, "triggerId": "credentials-exchange"}
MISSING = {
    "statusCode": 404,
    "error": "Not Found",
    "message": "Error: Hook does not exist",
    "errorCode": "HookDoesNotExist",
}


def written(**changed: Any) -> dict[str, Any]:
    """A hook as POST and PATCH answer it. ID stands for its id."""
    hook = {"id": "ID", "name": "test-hook", "script": SCRIPT, "dependencies": {}}
    return {**hook, "triggerId": "credentials-exchange", "enabled": False} | changed


def read(**changed: Any) -> dict[str, Any]:
    """A hook as GET answers it."""
    hook = {"id": "ID", "name": "test-hook", "script": SCRIPT, "dependencies": {}}
    return {**hook, "enabled": False, "triggerId": "credentials-exchange"} | changed


def invalid(rule: str, code: str = "invalid_body") -> dict[str, Any]:
    kind = {"invalid_body": "Payload", "invalid_query_string": "Query", "invalid_uri": "Path"}[code]
    message = f"{kind} validation error: '{rule}."
    return {"statusCode": 400, "error": "Bad Request", "message": message, "errorCode": code}


def conflict(message: str, code: str) -> dict[str, Any]:
    return {"statusCode": 409, "error": "Conflict", "message": message, "errorCode": code}


# fmt: off
LIFE: list[tuple[str, str, Any, int, Any]] = [
    # a hook: enabled defaults to false, dependencies to {}; the script is not checked to export anything
    ("POST",   HOOKS,                  FIRST,                                201, written()),
    ("GET",    "HOOK",                 None,                                 200, read()),
    ("PATCH",  "HOOK",                 {"dependencies": {"auth0": "2.30.0"}}, 200, written(dependencies={"auth0": "2.30.0"})),
    ("PATCH",  "HOOK",                 {"name": "test-hook"},                200, written(dependencies={"auth0": "2.30.0"})),
    ("PATCH",  "HOOK",                 {"dependencies": {}},                 200, written()),
    ("GET",    "HOOK?fields=id",       None,                                 200, {"id": "ID"}),
    # lists
    ("GET",    HOOKS,                  None,                                 200, [read()]),
    ("GET",    f"{HOOKS}?fields=id&include_fields=true&include_totals=true&per_page=50", None, 200,
     {"total": 1, "start": 0, "limit": 50, "hooks": [{"id": "ID"}]}),
    ("GET",    f"{HOOKS}?page=1&per_page=100&include_totals=true", None,     200,
     {"total": 1, "start": 100, "limit": 100, "hooks": []}),
    ("GET",    f"{HOOKS}?enabled=true", None,                                200, []),
    # secrets
    ("GET",    "HOOK/secrets",         None,                                 200, {}),
    ("POST",   "HOOK/secrets",         {"foo": "one", "bar": "two"},         201, {}),
    ("PATCH",  "HOOK/secrets",         {"foo": "three"},                     201, {}),
    ("DELETE", "HOOK/secrets",         ["bar"],                              204, None),
    ("GET",    "HOOK/secrets",         None,                                 200, {"foo": "_VALUE_NOT_SHOWN_"}),
    # refusals: 404 is recorded, the words of the others are documented
    ("GET",    ABSENT,                 None,                                 404, MISSING),
    ("DELETE", ABSENT,                 None,                                 404, MISSING),
    ("POST",   HOOKS,                  FIRST,                                409,
     conflict("Hook with the same name already exists.", "hook_name_taken")),
    ("POST",   "HOOK/secrets",         {"foo": "x"},                         409,
     conflict("Secret with the same name already exists.", "conflict")),
    ("PATCH",  "HOOK/secrets",         {"none": "x"},                        404,
     {"statusCode": 404, "error": "Not Found", "message": "Hook or secret not found.", "errorCode": "inexistent_resource"}),
    ("POST",   HOOKS,                  {"name": "a", "script": "b"},         400, invalid("Missing required property: triggerId'")),
    ("PATCH",  "HOOK",                 {},                                   400, invalid("Too few properties defined (0), minimum 1'")),
    ("PATCH",  "HOOK",                 {"triggerId": "password-exchange"},   400, invalid("Additional properties not allowed: triggerId'")),
    ("PATCH",  "HOOK",                 {"script": ""},                       400,
     invalid("String is too short (0 chars), minimum 1' on property script (Code to be executed when this hook runs.)")),
    ("PATCH",  "HOOK",                 {"enabled": "true"},                  400,
     invalid("Expected type boolean but found type string' on property enabled (Whether this hook is executed.)")),
    ("POST",   "HOOK/secrets",         {},                                   400, invalid("Too few properties defined (0), minimum 1'")),
    ("POST",   "HOOK/secrets",         {f"k{n}": "" for n in range(21)},     400, invalid("Too many properties defined (21), maximum 20'")),
    ("DELETE", "HOOK/secrets",         [],                                   400, invalid("Array is too short (0), minimum 1'")),
    ("GET",    f"{HOOKS}?per_page=101", None,                                400,
     invalid("Value 101 is greater than maximum 100' on property per_page", "invalid_query_string")),
    ("GET",    f"{HOOKS}/a_b",         None,                                 400,
     invalid("String does not match pattern ^[A-Za-z0-9-]*$: a_b' on property id (ID of the hook)", "invalid_uri")),
    # bodies where none belongs: go-auth0 sends null with GET, npm auth0 {} with DELETE
    ("GET",    "HOOK",                 b"null\n",                            200, read()),
    ("DELETE", "HOOK",                 {},                                   204, None),
    ("DELETE", "HOOK",                 None,                                 404, MISSING),
    ("GET",    f"{HOOKS}?include_totals=true", None,                         200, {"total": 0, "start": 0, "limit": 50, "hooks": []}),
]
# fmt: on


async def test_the_life_of_a_hook(api: Api):
    """Row by row: status, body with its order of keys, Content-Type."""
    made = ""
    for method, path, sent, status, expected in LIFE:
        data = sent if isinstance(sent, bytes) or sent is None else json.dumps(sent)
        url = api.url + path.replace("HOOK", f"{HOOKS}/{made}", 1)
        headers = {**api.headers, "Content-Type": "application/json"}
        async with api.client.request(method, url, data=data, headers=headers) as answer:
            text = await answer.text()
        if not made:
            made = json.loads(text)["id"]
            assert ULID.fullmatch(made)
        body = None if expected is None else json.dumps(expected, separators=(",", ":"))
        kind = None if expected is None else JSON
        found = (answer.status, text.replace(made, "ID") or None, answer.headers.get("Content-Type"))
        assert (status, body, kind) == found, (method, path, sent)


@pytest.mark.parametrize(
    "method, path, scope",
    [
        ("GET", HOOKS, "read:hooks"),
        ("POST", HOOKS, "create:hooks"),
        ("GET", ABSENT, "read:hooks"),
        ("PATCH", ABSENT, "update:hooks"),
        ("DELETE", ABSENT, "delete:hooks"),
        ("GET", f"{ABSENT}/secrets", "read:hooks"),
        ("POST", f"{ABSENT}/secrets", "update:hooks"),
        ("PATCH", f"{ABSENT}/secrets", "update:hooks"),
        ("DELETE", f"{ABSENT}/secrets", "delete:hooks"),
    ],
)
async def test_scopes(api: Api, method, path, scope):
    """Each operation wants its scope, which is the documented one, and names it; without a token it is 401."""
    everything = {"read:hooks", "create:hooks", "update:hooks", "delete:hooks"}
    refused = await api.with_token(token(scope=" ".join(everything - {scope}))).call(method, path, {})
    assert (refused.status, refused.body["errorCode"]) == (403, "insufficient_scope")
    assert refused.body["message"] == f"Insufficient scope; expected any of: {scope}."
    taken = await api.with_token(token(scope=scope)).call(method, path, {})
    assert taken.status not in (401, 403)
    nobody = await api.with_token(None).call(method, path, {})
    assert (nobody.status, nobody.body["error"], nobody.body["errorCode"]) == (401, "Unauthorized", "invalid_token")


async def test_forms(api: Api):
    """The vendor's OpenAPI document takes forms too: texts as they are, the rest as JSON."""
    form = {**FIRST, "enabled": "false", "dependencies": '{"auth0":"2.30.0"}'}
    async with api.client.post(api.url + HOOKS, data=form, headers=api.headers) as answer:
        assert answer.status == 201
        made = await answer.json()
    assert made == written(id=made["id"], dependencies={"auth0": "2.30.0"})
    path = f"{api.url}{HOOKS}/{made['id']}"
    async with api.client.post(f"{path}/secrets", data={"foo": "true"}, headers=api.headers) as answer:
        assert (answer.status, await answer.json()) == (201, {})
    async with api.client.patch(path, data={"enabled": "yes"}, headers=api.headers) as answer:
        body = await answer.json()
    rule = "Expected type boolean but found type string' on property enabled (Whether this hook is executed.)"
    assert (answer.status, body) == (400, invalid(rule))


async def test_names_are_unique_under_one_trigger_and_stay_as_they_are(api: Api):
    """409 in a PATCH too, with the words of PATCH. Ours alone: the vendor rewrote `test-hook735` to `test-hook-735`."""
    first = (await api.call("POST", HOOKS, {**FIRST, "name": "test-hook735"})).body
    second = (await api.call("POST", HOOKS, FIRST)).body
    assert first["name"] == "test-hook735"
    taken = await api.call("PATCH", f"{HOOKS}/{second['id']}", {"name": "test-hook735"})
    assert (taken.status, taken.body["message"]) == (409, "A hook with the same name already exists.")
    elsewhere = await api.call("POST", HOOKS, {**FIRST, "triggerId": "post-change-password"})
    assert elsewhere.status == 201
