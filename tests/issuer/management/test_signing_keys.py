"""/api/v2/keys/signing, by Auth0's paths."""

from __future__ import annotations


async def test_a_rotation_as_everybody_sees_it(tokens):
    """The next key signs now, old tokens verify, until the previous key is revoked."""
    token = await tokens.management_token()
    before = await tokens.manage("GET", "keys/signing", token=token)
    old = (await tokens.m2m())["access_token"]

    rotated = await tokens.manage("POST", "keys/signing/rotate", status=201, token=token)
    after = await tokens.manage("GET", "keys/signing", token=token)
    new = (await tokens.m2m())["access_token"]

    assert [(key["current"], key["next"], key["previous"]) for key in after] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert rotated["kid"] == before[1]["kid"] == after[0]["kid"]
    assert before[0]["kid"] == after[2]["kid"]
    assert (await tokens.claims(old))["azp"] == (await tokens.claims(new))["azp"] == "m2m"

    revoked = await tokens.manage("PUT", f"keys/signing/{after[2]['kid']}/revoke", token=token)
    assert revoked["revoked"]
    async with tokens.http.get(f"{tokens.url}/.well-known/jwks.json") as answer:
        assert [key["kid"] for key in (await answer.json())["keys"]] == [key["kid"] for key in after[:2]]


async def test_no_private_half_is_read(tokens):
    """Not even by who may do everything."""
    keys = await tokens.manage("GET", "keys/signing")

    assert all(key["cert"].startswith("-----BEGIN CERTIFICATE-----") for key in keys)
    assert "PRIVATE" not in str(keys)
    assert await tokens.manage("GET", f"keys/signing/{keys[0]['kid']}") == keys[0]


async def test_what_can_not_be_is_refused(tokens):
    """The current key is not revoked, and an unknown one does not exist."""
    token = await tokens.management_token()
    current = (await tokens.manage("GET", "keys/signing", token=token))[0]["kid"]

    body = await tokens.manage("PUT", f"keys/signing/{current}/revoke", status=409, token=token)
    assert body["message"] == "The current signing key can not be revoked: rotate first."
    await tokens.manage("PUT", "keys/signing/unknown/revoke", status=404, token=token)
    await tokens.manage("GET", "keys/signing/unknown", status=404, token=token)


async def test_rotating_needs_its_scope(tokens):
    """Reading is not rotating."""
    token = await tokens.management_token(scope="read:signing_keys")

    await tokens.manage("GET", "keys/signing", token=token)
    await tokens.manage("POST", "keys/signing/rotate", status=403, token=token)
