"""/api/v2/client-grants."""

from __future__ import annotations

import pytest

API = "https://api.example.com/"
NEW = {"client_id": "ungranted", "audience": API, "scope": ["read:orders"]}


async def test_the_way_of_a_grant(tokens):
    """Made, found by client and API, changed, removed; the next token request sees each."""
    token = await tokens.management_token()
    made = await tokens.manage("POST", "client-grants", NEW, status=201, token=token)
    path = f"client-grants/{made['id']}"

    assert made == NEW | {"id": made["id"]}
    assert await tokens.manage("GET", f"client-grants?client_id=ungranted&audience={API}", token=token) == [made]
    assert await tokens.manage("GET", path, token=token) == made
    assert (await tokens.m2m(client_id="ungranted"))["scope"] == "read:orders"
    await tokens.manage("PATCH", path, {"scope": []}, token=token)
    assert "scope" not in await tokens.m2m(client_id="ungranted")
    await tokens.manage("DELETE", path, status=204, token=token)
    await tokens.m2m(client_id="ungranted", status=403)


@pytest.mark.parametrize(
    "fields, status, message",
    [
        ({"client_id": "nobody"}, 404, "No client found by that id."),
        ({"audience": "urn:nowhere"}, 404, "No resource server found by that audience."),
        ({"client_id": "m2m"}, 409, "A client grant with the same client_id and audience already exists."),
        ({"scope": ["read:orders", "x"]}, 400, "has no scope x' on property scope[1]."),
        ({"scope": "read:orders"}, 400, "Expected type array but found type string' on property scope."),
        ({"scope": None}, 400, "Expected type array but found type null' on property scope."),
    ],
)
async def test_a_wrong_grant_is_named(tokens, fields, status, message):
    """By field and rule."""
    body = await tokens.manage("POST", "client-grants", NEW | fields, status=status)

    assert message in body["message"]


async def test_client_and_api_of_a_grant_stay(tokens):
    """Another grant is another record."""
    grant = await tokens.issuer.store.client_grants.find(client_id="m2m")

    for fields in ({"client_id": "admin"}, {"audience": "urn:strict"}, {"scope": ["x"]}):
        await tokens.manage("PATCH", f"client-grants/{grant.id}", fields, status=400)
    assert await tokens.issuer.store.client_grants.get(grant.id) == grant
