"""What all collections have in common: scopes, tenants, lists, 404."""

from __future__ import annotations

import time

import jwt as pyjwt
import pytest

COLLECTIONS = ["clients", "resource-servers", "client-grants", "users"]


async def call(tokens, method, path, token=None, **request):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with tokens.http.request(method, f"{tokens.url}/api/v2/{path}", headers=headers, **request) as answer:
        return answer.status, await answer.json()


async def test_nobody_without_a_token(tokens):
    """And nobody with nonsense, or with a token for another audience."""
    api_token = (await tokens.m2m())["access_token"]

    assert (await call(tokens, "GET", "clients"))[0] == 401
    assert (await call(tokens, "GET", "clients", "nonsense"))[0] == 401
    assert (await call(tokens, "GET", "clients", api_token))[0] == 401


async def test_each_route_has_its_scope(tokens):
    """read:, create:, update:, delete: of the noun; the answer names what is missing."""
    token = await tokens.management_token(scope="read:hooks")
    for path in COLLECTIONS:
        noun = path.replace("-", "_")
        for method, where, verb in (
            ("GET", path, "read"),
            ("POST", path, "create"),
            ("GET", f"{path}/x", "read"),
            ("PATCH", f"{path}/x", "update"),
            ("DELETE", f"{path}/x", "delete"),
        ):
            status, body = await call(tokens, method, where, token)
            assert (status, body["errorCode"]) == (403, "insufficient_scope")
            assert body["message"] == f"Insufficient scope; expected any of: {verb}:{noun}."


async def test_what_does_not_exist_is_404(tokens):
    """For reading, changing and removing."""
    token = await tokens.management_token()
    for path in COLLECTIONS:
        for method in ("GET", "PATCH", "DELETE"):
            status, body = await call(tokens, method, f"{path}/nobody", token, json={"name": "x"})
            assert (status, body["errorCode"]) == (404, "inexistent_resource")
            assert body["message"] == f"The {path.replace('-', ' ')[:-1]} does not exist."


async def test_another_tenants_token_is_refused(tokens):
    """An issuer that is trusted for several tenants signs good tokens; they manage their own tenant only."""
    claims = {"iss": "urn:elsewhere", "aud": "urn:hookd", "exp": time.time() + 60, "scope": "read:clients"}
    ours, theirs = (pyjwt.encode(claims | {"ten": tenant}, "elsewhere" * 4) for tenant in ("demo", "other"))

    assert (await call(tokens, "GET", "clients", ours))[0] == 200
    status, body = await call(tokens, "GET", "clients", theirs)
    assert (status, body["message"]) == (403, "The token belongs to another tenant than this token server.")


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_lists_page_through_everything(tokens, path):
    """Two at a time, until all have been seen once."""
    token = await tokens.management_token()
    whole = await tokens.manage("GET", path, token=token)
    paged = []
    for page in range(len(whole)):
        query = f"{path}?page={page}&per_page=2&include_totals=true"
        answer = await tokens.manage("GET", query, token=token)
        assert (answer["total"], answer["start"], answer["limit"]) == (len(whole), page * 2, 2)
        paged += answer[path.replace("-", "_")]

    assert paged == whole


async def test_wrong_bodies_and_queries_are_400(tokens):
    """In the Management API's error shape."""
    token = await tokens.management_token()

    status, body = await call(tokens, "POST", "clients", token, json={"nome": "x"})
    assert (status, body["errorCode"]) == (400, "invalid_body")
    assert body["message"] == "Payload validation error: 'Missing required property: name'."
    status, body = await call(tokens, "GET", "clients?per_page=1000", token)
    assert (status, body["errorCode"]) == (400, "invalid_query_string")
