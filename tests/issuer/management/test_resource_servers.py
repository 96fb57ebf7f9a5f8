"""/api/v2/resource-servers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

NEW: dict[str, Any] = {
    "identifier": "https://new.example.com/v1",
    "name": "New",
    "scopes": [{"value": "read", "description": "Read"}, {"value": "write"}],
    "token_lifetime": 60,
    "allow_offline_access": True,
}


async def test_the_way_of_an_api(tokens):
    """Made, read by id and by identifier, changed, removed."""
    token = await tokens.management_token()
    made = await tokens.manage("POST", "resource-servers", NEW, status=201, token=token)
    by_id, by_identifier = f"resource-servers/{made['id']}", f"resource-servers/{quote(NEW['identifier'], safe='')}"

    assert made == NEW | {
        "id": made["id"],
        "scopes": [{"value": "read", "description": "Read"}, {"value": "write", "description": ""}],
        "signing_alg": "RS256",
        "is_system": False,
    }
    assert await tokens.manage("GET", by_id, token=token) == made
    assert await tokens.manage("GET", by_identifier, token=token) == made
    changed = await tokens.manage("PATCH", by_identifier, {"token_lifetime": 5, "scopes": []}, token=token)
    assert changed == made | {"token_lifetime": 5, "scopes": []}
    await tokens.manage("DELETE", by_id, status=204, token=token)
    await tokens.manage("GET", by_identifier, status=404, token=token)


async def test_the_lifetime_is_the_tokens(tokens):
    """In expires_in and in exp."""
    api = await tokens.issuer.store.resource_servers.find(identifier="https://api.example.com/")
    await tokens.manage("PATCH", f"resource-servers/{api.id}", {"token_lifetime": 77})
    body = await tokens.m2m()
    claims = await tokens.claims(body["access_token"])

    assert body["expires_in"] == claims["exp"] - claims["iat"] == 77


async def test_a_scope_that_is_taken_away_is_granted_no_longer(tokens):
    """The client grants that name it stay, and have no effect."""
    api = await tokens.issuer.store.resource_servers.find(identifier="https://api.example.com/")
    await tokens.manage("PATCH", f"resource-servers/{api.id}", {"scopes": [{"value": "read:orders"}]})

    assert (await tokens.m2m())["scope"] == "read:orders"


async def test_the_built_in_api_can_be_read_only(tokens):
    """And its identifier, like the runtime's audience, is nobody else's."""
    token = await tokens.management_token()
    own = await tokens.manage("GET", f"resource-servers/{quote(tokens.url + '/api/v2/', safe='')}", token=token)

    assert own["is_system"]
    assert "read:hooks" in {scope["value"] for scope in own["scopes"]}
    body = await tokens.manage("PATCH", f"resource-servers/{own['id']}", {"name": "x"}, status=403, token=token)
    assert body["message"] == "The built-in API can not be changed or removed."
    await tokens.manage("DELETE", f"resource-servers/{own['id']}", status=403, token=token)
    for identifier in (own["identifier"], "urn:hookd"):
        await tokens.manage("POST", "resource-servers", {"identifier": identifier}, status=409, token=token)


@pytest.mark.parametrize(
    "fields, rule",
    [
        ({"identifier": ""}, "too short"),
        ({"token_lifetime": 0}, "less than minimum 1"),
        ({"token_lifetime": 2_592_001}, "greater than maximum 2592000"),
        ({"scopes": "read"}, "Expected type array but found type string' on property scopes"),
        ({"scopes": ["read"]}, "Expected type object but found type string' on property scopes[0]"),
        ({"scopes": [{}]}, "A scope has a value"),
        ({"scopes": [{"value": "a b"}]}, "Not a scope: one or more printable ASCII characters"),
        ({"scopes": [{"value": "a", "x": 1}]}, "A scope has a value"),
        ({"is_system": True}, "Additional properties not allowed: is_system"),
    ],
)
async def test_a_wrong_api_is_named(tokens, fields, rule):
    """By field and rule."""
    body = await tokens.manage("POST", "resource-servers", NEW | fields, status=400)

    assert rule in body["message"]
