"""/api/v2/clients."""

from __future__ import annotations

import pytest

NEW = {"name": "New", "grant_types": ["client_credentials"], "client_metadata": {"plan": "gold"}}


async def test_the_way_of_a_client(tokens):
    """Made, read, changed, removed; its secret is shown once."""
    token = await tokens.management_token()
    made = await tokens.manage("POST", "clients", NEW, status=201, token=token)
    secret = made.pop("client_secret")
    path = f"clients/{made['client_id']}"

    assert made == {
        "tenant": "demo",
        "client_id": made["client_id"],
        "name": "New",
        "description": "",
        "app_type": "regular_web",
        "callbacks": [],
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_post",
        "client_metadata": {"plan": "gold"},
        "is_first_party": True,
    }
    assert len(secret) == 64
    assert await tokens.manage("GET", path, token=token) == made
    assert await tokens.manage("PATCH", path, {"name": "Newer"}, token=token) == made | {"name": "Newer"}
    await tokens.manage("DELETE", path, status=204, token=token)
    await tokens.manage("GET", path, status=404, token=token)


async def test_a_new_client_gets_tokens_once_it_has_a_grant(tokens):
    """The way of somebody's first API client."""
    token = await tokens.management_token()
    made = await tokens.manage("POST", "clients", NEW, status=201, token=token)
    own = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    grant = {"client_id": made["client_id"], "audience": "https://api.example.com/", "scope": ["read:orders"]}

    assert (await tokens.m2m(status=403, **own))["error"] == "access_denied"
    await tokens.manage("POST", "client-grants", grant, status=201, token=token)
    assert (await tokens.m2m(**own))["scope"] == "read:orders"


async def test_a_rotated_secret_replaces_the_old_one(tokens):
    """At once; the answer is the only place where the new one is."""
    rotated = await tokens.manage("POST", "clients/m2m/rotate-secret")

    assert (await tokens.m2m(status=401))["error"] == "invalid_client"
    assert await tokens.m2m(client_secret=rotated["client_secret"])


async def test_no_secret_and_no_hash_is_ever_read(tokens):
    """Neither in a list nor in a single answer."""
    token = await tokens.management_token()
    for field in ("secret_hash", "client_secret"):
        answer = await tokens.manage("GET", f"clients?fields={field}", token=token, status=400)
        assert answer["errorCode"] == "invalid_query_string"
    for path in ("clients", "clients/m2m"):
        answer = str(await tokens.manage("GET", path, token=token))
        assert "argon2" not in answer
        assert "secret_hash" not in answer
        assert "m2m-secret" not in answer


async def test_a_public_client_has_no_secret(tokens):
    """None is made, none is taken; who becomes public loses it, who becomes confidential needs one."""
    token = await tokens.management_token()
    public = {"name": "Spa", "token_endpoint_auth_method": "none"}
    made = await tokens.manage("POST", "clients", public, status=201, token=token)
    path = f"clients/{made['client_id']}"

    assert "client_secret" not in made
    await tokens.manage("POST", f"{path}/rotate-secret", status=400, token=token)
    await tokens.manage("POST", "clients", public | {"client_secret": "s" * 20}, status=400, token=token)
    confidential = {"token_endpoint_auth_method": "client_secret_basic"}
    body = await tokens.manage("PATCH", path, confidential, status=400, token=token)
    assert "The client has no secret" in body["message"]
    await tokens.manage("PATCH", path, confidential | {"client_secret": "s" * 20}, token=token)
    await tokens.manage("PATCH", path, public, token=token)
    assert (await tokens.issuer.store.clients.get(made["client_id"])).secret_hash == ""


@pytest.mark.parametrize(
    "change, rule",
    [
        ({"name": ""}, "too short"),
        ({"name": "<b>"}, "does not match pattern"),
        ({"client_id": "x"}, "Additional properties not allowed: client_id"),
        ({"grant_types": ["implicit"]}, "No enum match for: implicit"),
        ({"callbacks": ["https://a.example/#x"]}, "Not a redirection URI: it must be a URI without a fragment"),
        ({"callbacks": ["http://a.example/"]}, "http is for loopback addresses only"),
        ({"token_endpoint_auth_method": "tls"}, "No enum match for: tls"),
        ({"client_secret": "short"}, "too short (5 chars), minimum 16"),
        ({"client_metadata": {"a": 1}}, "Expected type string but found type integer' on property client_metadata.a"),
        ({"client_metadata": {str(n): "" for n in range(11)}}, "Too many properties defined (11), maximum 10"),
    ],
)
async def test_a_wrong_change_is_named(tokens, change, rule):
    """Nothing of it is kept."""
    before = await tokens.issuer.store.clients.get("m2m")

    body = await tokens.manage("PATCH", "clients/m2m", change, status=400)

    assert rule in body["message"]
    assert await tokens.issuer.store.clients.get("m2m") == before


@pytest.mark.parametrize("meanwhile, status", [("DELETE", 404), ("PATCH", 400)])
async def test_no_secret_for_who_is_gone_while_it_is_made(tokens, meanwhile, status):
    """Removed, or made public, while the new secret is hashed."""
    token = await tokens.management_token()
    made = await tokens.manage("POST", "clients", {"name": "M"}, status=201, token=token)
    path = f"clients/{made['client_id']}"
    hash_secret = tokens.issuer.secrets.hash

    async def hash_later(secret):
        if meanwhile == "DELETE":
            await tokens.manage("DELETE", path, status=204, token=token)
        else:
            await tokens.manage("PATCH", path, {"token_endpoint_auth_method": "none"}, token=token)
        return await hash_secret(secret)

    tokens.issuer.secrets.hash = hash_later
    body = await tokens.manage("POST", f"{path}/rotate-secret", status=status, token=token)

    assert "client_secret" not in body
