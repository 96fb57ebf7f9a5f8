"""Signing keys: one signs, one waits, old ones verify."""

from __future__ import annotations

import asyncio
import json

import jwt as pyjwt
import pytest
from joserfc.jwk import RSAKey

from runtime.errors import Conflict, NotFound
from runtime.issuer.keys import GRACE_SECONDS, LONGEST_TOKEN_LIFETIME, RELOAD_SECONDS, open_keys, thumbprint
from runtime.issuer.sqlite_store import open_sqlite_store


class Clock:
    """Stands still until it is told."""

    now = 1_800_000_000.0

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(database):
    store = await open_sqlite_store(database)
    yield store
    await store.close()


async def kids(ring):
    return [key["kid"] for key in (await ring.jwks())["keys"]]


def test_the_thumbprint_is_rfc_7638s():
    """The example of section 3.1."""
    jwk: dict[str, str | list[str]] = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6q"
        "MQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJ"
        "zKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }

    assert thumbprint({name: str(jwk[name]) for name in jwk}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert RSAKey.import_key(jwk).thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


async def test_a_rotation_moves_every_key_on(store, clock):
    """The next key becomes current, current becomes previous and loses its private half, and there is a new next one."""
    ring = await open_keys(store.signing_keys, clock)
    current, following = await kids(ring)

    rotated = await ring.rotate()

    assert rotated.kid == following == ring.kid
    assert [key.state for key in await ring.list()] == ["current", "next", "previous"]
    assert (await kids(ring))[2] == current
    assert [bool(key.private_pem) for key in await store.signing_keys.all()] == [False, True, True]


async def test_old_tokens_verify_until_the_key_is_gone(store, clock):
    """That is later than any token that it signed can live; then it leaves the JWKS."""
    ring = await open_keys(store.signing_keys, clock)
    token = await ring.sign({"sub": "a"})
    old = ring.kid
    await ring.rotate()

    published = {key["kid"]: key for key in (await ring.jwks())["keys"]}
    assert pyjwt.get_unverified_header(token) == {"alg": "RS256", "kid": old, "typ": "JWT"}
    assert pyjwt.decode(token, pyjwt.PyJWK(published[old]), algorithms=["RS256"]) == {"sub": "a"}

    clock.advance(LONGEST_TOKEN_LIFETIME + GRACE_SECONDS - 1)
    assert old in await kids(ring)
    clock.advance(RELOAD_SECONDS)
    assert old not in await kids(ring)


async def test_a_previous_key_can_be_revoked_at_once(store, clock):
    """For a key that was stolen; the current and the next one can not."""
    ring = await open_keys(store.signing_keys, clock)
    current, following = await kids(ring)
    await ring.rotate()

    await ring.revoke(current)

    assert current not in await kids(ring)
    with pytest.raises(Conflict, match="current signing key can not be revoked: rotate first"):
        await ring.revoke(following)
    with pytest.raises(NotFound, match="signing key does not exist"):
        await ring.revoke(current)


async def test_another_process_may_rotate(store, database, clock):
    """The ring looks again after RELOAD_SECONDS; until then the old key still verifies."""
    ring = await open_keys(store.signing_keys, clock)
    other_store = await open_sqlite_store(database)
    other = await open_keys(other_store.signing_keys, clock)
    assert ring.kid == other.kid

    await other.rotate()
    await other_store.close()

    assert ring.kid != other.kid
    clock.advance(RELOAD_SECONDS)
    assert ring.kid in await kids(ring)
    assert ring.kid == other.kid


async def test_two_first_starts_at_once_agree(tmp_path, clock):
    """Whoever writes first decides; nobody signs with a key that is not kept."""
    stores = [await open_sqlite_store(tmp_path / "fresh.db") for _ in range(2)]
    rings = await asyncio.gather(*(open_keys(store.signing_keys, clock) for store in stores))

    assert rings[0].kid == rings[1].kid
    assert await kids(rings[0]) == await kids(rings[1])
    for store in stores:
        await store.close()


async def test_the_jwks_never_has_a_private_half(store, clock):
    """Neither current, nor next, nor previous."""
    ring = await open_keys(store.signing_keys, clock)
    await ring.rotate()
    private = {"d", "p", "q", "dp", "dq", "qi"}

    assert all(private.isdisjoint(key) for key in (await ring.jwks())["keys"])
    assert "PRIVATE" not in json.dumps(await ring.jwks())
    assert "PRIVATE" not in repr(await ring.list())
