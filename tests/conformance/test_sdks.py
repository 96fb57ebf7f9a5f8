"""The vendor's SDKs, unchanged, each against a real runtime: what a program of today's users does all day."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.ulid import Ulids
from tests.conformance.conftest import Client, ReportedError
from tests.web.conftest import SEED, Api, token

ABSENT = Ulids().new(0)
HIDDEN = "_VALUE_NOT_SHOWN_"


def body(name: str = "first", **more: Any) -> dict[str, Any]:
    return {"name": name, "script": SEED, "triggerId": "credentials-exchange", **more}


async def test_a_hook_from_its_creation_to_its_end(client: Client, api: Api):
    """Create, read, change, enable, run, delete."""
    made = await client.call("create", body=body(dependencies={"lodash": "4.17.21"}))
    hook = {**body(), "id": made["id"], "enabled": False, "dependencies": {"lodash": "4.17.21"}}
    assert made == hook
    assert await client.call("get", id=made["id"]) == hook
    assert await client.call("get", id=made["id"], query={"fields": "name,enabled"}) == {
        "name": "first",
        "enabled": False,
    }
    renamed = await client.call("update", id=made["id"], body={"name": "renamed", "dependencies": {}})
    assert renamed == {**hook, "name": "renamed", "dependencies": {}}
    assert (await client.call("update", id=made["id"], body={"enabled": True}))["enabled"] is True
    assert (await api.execute())["claims"] == {"https://foo.com/claim": "bar"}
    assert not await client.call("delete", id=made["id"])
    assert (await api.execute())["execution"] is None
    with pytest.raises(ReportedError) as gone:
        await client.call("get", id=made["id"])
    assert gone.value.said["status"] == 404


async def test_pages_to_the_end(client: Client):
    """More hooks than a page holds: each once, in order of creation; with totals the vendor's envelope."""
    names = [f"hook {number}" for number in range(5)]
    for name in names:
        await client.call("create", body=body(name))
    pages = await client.pages(2)
    assert [hook["name"] for page in pages for hook in page] == names
    assert [len(page) for page in pages] == ([5] if client.pager else [2, 2, 1])
    page = await client.call("page", query={"page": 1, "per_page": 3})
    assert {name: page[name] for name in ("total", "start", "limit")} == {"total": 5, "start": 3, "limit": 3}
    assert [hook["name"] for hook in page["hooks"]] == names[3:]


async def test_filters(client: Client):
    """By enabled, with chosen fields; enabling one hook disables the other of its trigger."""
    first = await client.call("create", body=body(enabled=True))
    second = await client.call("create", body=body("second", enabled=True))
    await client.call("create", body=body("other", triggerId="password-exchange"))
    listed = await client.call("list", query={"fields": "id,enabled"})
    assert [hook["enabled"] for hook in listed] == [False, True, False]
    assert {*listed[0]} == {"id", "enabled"}
    assert [hook["id"] for hook in await client.call("list", query={"enabled": True})] == [second["id"]]
    await client.call("update", id=first["id"], body={"enabled": True})
    assert [hook["id"] for hook in await client.call("list", query={"enabled": True})] == [first["id"]]
    disabled = await client.call("list", query={"enabled": False, "fields": "name"})
    assert disabled == [{"name": "second"}, {"name": "other"}]


async def test_secrets(client: Client):
    """Added, shown without their values, changed, deleted; none is an empty object."""
    made = await client.call("create", body=body())
    hook = made["id"]
    assert await client.call("secrets", id=hook) == {}
    await client.call("addSecrets", id=hook, body={"FOO": "one", "BAR": "two"})
    assert await client.call("secrets", id=hook) == {"FOO": HIDDEN, "BAR": HIDDEN}
    await client.call("updateSecrets", id=hook, body={"FOO": "three"})
    await client.call("deleteSecrets", id=hook, body=["BAR"])
    assert await client.call("secrets", id=hook) == {"FOO": HIDDEN}


def error(status: int, title: str, code: str, message: str) -> dict[str, Any]:
    return {"statusCode": status, "error": title, "message": message, "errorCode": code}


MISSING = error(404, "Not Found", "HookDoesNotExist", "Error: Hook does not exist")
TAKEN = error(409, "Conflict", "hook_name_taken", "Hook with the same name already exists.")
EMPTY = error(
    400,
    "Bad Request",
    "invalid_body",
    "Payload validation error: 'String is too short (0 chars), minimum 1' "
    "on property script (Code to be executed when this hook runs.).",
)
NO_SCOPE = error(403, "Forbidden", "insufficient_scope", "Insufficient scope; expected any of: update:hooks.")
NO_TOKEN = error(401, "Unauthorized", "invalid_token", "Invalid token.")


async def test_errors(client: Client):
    """400, 401, 403, 404 and 409 reach the program as this SDK reports errors, with our words."""
    made = await client.call("create", body=body())
    everything, reader = client.bearer, token(scope="read:hooks")
    cases: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        (everything, "get", {"id": ABSENT}, MISSING),
        (everything, "delete", {"id": ABSENT}, MISSING),
        (everything, "secrets", {"id": ABSENT}, MISSING),
        (everything, "create", {"body": body()}, TAKEN),
        (everything, "create", {"body": {**body("second"), "script": ""}}, EMPTY),
        (reader, "update", {"id": made["id"], "body": {"name": "second"}}, NO_SCOPE),
        ("nonsense", "get", {"id": made["id"]}, NO_TOKEN),
    ]
    for client.bearer, call, given, sent in cases:
        with pytest.raises(ReportedError) as reported:
            await client.call(call, **given)
        assert as_reported(client, call, sent) == reported.value.said


# The generated SDK has a class for each status, where the vendor's OpenAPI document has that status.
CLASSES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    409: "ConflictError",
}


def as_reported(client: Client, call: str, sent: dict[str, Any]) -> dict[str, Any]:
    """What a program sees of this error: each generation of the SDKs names it by another member of the body."""
    status, message = sent["statusCode"], sent["message"]
    if client.name.startswith("auth0-python 6"):
        return {"name": "ApiError" if call == "delete" else CLASSES[status], "status": status, "body": sent}
    if client.name.startswith("auth0-python"):
        return {"name": sent["errorCode"], "message": message, "status": status}
    known = [] if call == "delete" else [CLASSES[status]]
    whole = "\n".join([*known, f"Status code: {status}", f"Body: {json.dumps(sent, indent=2)}"])
    name, text = {
        "npm auth0 2": (sent["error"], message),
        "npm auth0 3": (sent["error"], message),
        "npm auth0 4": ("ManagementApiError", message),
        "npm auth0 7": (known[0] if known else "ManagementError", whole),
    }[client.name]
    return {"name": name, "message": text, "status": status, "body": sent}
