"""The token server's part of `hookd keys rotate`, with every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.issuer.records import SigningKey
from runtime.issuer.resealing import reseal
from runtime.issuer.sealing import is_sealed
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.storage.sealing import Resealed
from tests.issuer.test_moving import store_at
from tests.issuer.test_sealing import FOREIGN, MASTER, NEWER, keep, kept, plain, ring_of, seal, settings, verified
from tests.redis_servers import RedisServer

__all__ = ["plain", "settings"]


async def test_all_are_sealed_anew_and_the_old_key_may_go(settings, plain):
    """Those that are out of use have nothing to seal. A second call finds nothing to do, and changes nothing."""
    await keep(settings, [seal(key, MASTER) for key in plain])
    async with ring_of(settings, MASTER) as ring:
        await ring.rotate()
    assert await reseal(settings, [NEWER, MASTER]) == Resealed(count=2)
    after = await kept(settings)
    assert await reseal(settings, [NEWER, MASTER]) == Resealed(count=0)
    assert await kept(settings) == after
    async with ring_of(settings, NEWER) as ring:
        await verified(ring)
        await ring.rotate()


async def test_what_is_plain_stays_plain(settings, plain):
    """Its token server may run without a master key."""
    await keep(settings, plain)
    assert await reseal(settings, [NEWER, MASTER]) == Resealed(count=0)
    assert await kept(settings) == plain


async def test_what_no_key_opens_is_named_and_left(settings, plain):
    """By its id, never by more."""
    lost, fine = seal(plain[0], FOREIGN), seal(plain[1], MASTER)
    await keep(settings, [lost, fine])
    done = await reseal(settings, [NEWER, MASTER])

    assert (done.count, len(done.broken)) == (1, 1)
    assert done.broken[0].startswith(f"signing key {lost.kid}: it was sealed under key ")
    after = await kept(settings)
    assert after[0] == lost
    assert is_sealed(after[1])
    assert after[1] != fine


def test_where_no_token_server_ran_nothing_is_made(settings, redis_server: RedisServer):
    """Neither a file nor a mark in a Redis."""
    assert asyncio.run(reseal(settings, [NEWER, MASTER])) == Resealed()
    assert settings.database == redis_server.url or not Path(settings.database).exists()
    assert redis_server.cli("keys", f"{settings.database_prefix}:*").split() == []


async def test_a_redis_that_is_away(redis_server: RedisServer, tmp_path: Path, prefix: str):
    """The setting is named, so that nobody takes the old key away meanwhile; the password is not."""
    away = replace(store_at("redis", redis_server, tmp_path, prefix), database="redis://u:s3cret@127.0.0.1:1/0")
    with pytest.raises(SettingsError, match=r"'issuer\.database': .* can not be used") as caught:
        await reseal(replace(away, database_timeout_ms=50), [NEWER])
    assert "s3cret" not in str(caught.value)


async def test_previous_keys_without_a_private_half(settings: IssuerSettings):
    """Are no work."""
    key = SigningKey(kid="z", state="previous", jwk={"kty": "RSA"}, since=1.5, gone_at=2.5)
    await keep(settings, [key])
    assert await reseal(settings, [NEWER]) == Resealed()
    assert await kept(settings) == [key]
