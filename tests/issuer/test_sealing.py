"""Signing keys at rest, with every backend: what is sealed, by whom, and what is when it does not open."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runtime.errors import SettingsError, Unavailable
from runtime.http.openid import base64url
from runtime.issuer.keys import RELOAD_SECONDS, KeyRing, open_keys
from runtime.issuer.opening import open_store
from runtime.issuer.records import SigningKey
from runtime.issuer.sealing import KeySealer, is_sealed
from runtime.issuer.sqlite_store import open_sqlite_store
from runtime.issuer_settings import Issuer as IssuerSettings
from tests.issuer.test_moving import moved, store_at
from tests.redis_servers import RedisServer

MASTER, NEWER, FOREIGN = bytes(32), bytes(range(32)), b"x" * 32


class Clock:
    """Stands still until it is told."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Keys:
    """The master keys of a running server, which somebody replaces."""

    def __init__(self, *keys: bytes) -> None:
        self.now: Sequence[bytes] | None = keys

    def __call__(self) -> Sequence[bytes]:
        if self.now is None:
            raise SettingsError("There is no master key file.")
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path: Path, prefix: str) -> IssuerSettings:
    """Every backend."""
    return store_at(request.param, redis_server, tmp_path, prefix)


@pytest.fixture
async def plain(sown_database: Path) -> list[SigningKey]:
    """Keys as an older hookd left them."""
    store = await open_sqlite_store(sown_database)
    keys = await store.signing_keys.all()
    await store.close()
    assert not any(map(is_sealed, keys))
    return keys


@asynccontextmanager
async def ring_of(settings: IssuerSettings, *keys: bytes, clock: Clock | None = None) -> AsyncIterator[KeyRing]:
    """As a token server opens it."""
    store = await open_store(settings)
    try:
        yield await open_keys(store.signing_keys, clock or Clock(), Keys(*keys))
    finally:
        await store.close()


async def kept(settings: IssuerSettings) -> list[SigningKey]:
    store = await open_store(settings)
    keys = await store.signing_keys.all()
    await store.close()
    return keys


async def keep(settings: IssuerSettings, keys: Sequence[SigningKey]) -> None:
    store = await open_store(settings)
    await store.signing_keys.change(lambda _: keys)
    await store.close()


def seal(key: SigningKey, *keys: bytes) -> SigningKey:
    return KeySealer(Keys(*keys)).settled(key)


def private_parts(pem: str) -> list[bytes]:
    """What of a private half would be found in a file: the lines of its PEM; its exponent, as bytes, in hex and in base64url."""
    private = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    exponent = private.private_numbers().d
    number = exponent.to_bytes(256, "big")
    lines = [line.encode() for line in pem.splitlines() if len(line) == 64]
    return [*lines, number.lstrip(b"\0"), f"{exponent:x}".encode(), base64url(number.lstrip(b"\0")).encode()]


def found(key: SigningKey, content: bytes, *keys: bytes) -> list[bytes]:
    """What of its private half is there."""
    return [part for part in private_parts(KeySealer(Keys(*keys)).open(key)) if part in content]


def content_of(settings: IssuerSettings, redis: RedisServer) -> bytes:
    """All bytes of the store: of the file and what SQLite has beside it, or what Redis has and has in its own file."""
    if settings.database == redis.url:
        prefix = settings.database_prefix
        told = redis.cli("get", f"{prefix}:{{{prefix}}}:signing_keys").encode()
        return told + b"".join(file.read_bytes() for file in (redis.folder / "appendonlydir").iterdir())
    # By another process: to open and close it here would drop the locks that SQLite has on it.
    files = sorted(Path(settings.database).parent.glob("issuer.db*"))
    return subprocess.run(["cat", *files], check=True, capture_output=True).stdout


async def verified(ring: KeyRing) -> str:
    """The id of the key by which its tokens verify."""
    token = await ring.sign({"sub": "a"})
    published = {key["kid"]: key for key in (await ring.jwks())["keys"]}
    kid = str(pyjwt.get_unverified_header(token)["kid"])
    assert pyjwt.decode(token, pyjwt.PyJWK(published[kid]), algorithms=["RS256"]) == {"sub": "a"}
    return kid


async def test_new_keys_are_nowhere_as_they_are(settings, redis_server):
    """Those of the first start and those of a rotation: while the store is open, and afterwards. Their public halves are there."""
    async with ring_of(settings, MASTER) as ring:
        await ring.rotate()
        keys = [key for key in await kept(settings) if key.private_pem]
        contents = [content_of(settings, redis_server)]
        assert await verified(ring) == keys[0].kid
    contents.append(content_of(settings, redis_server))

    for content in contents:
        assert keys[0].kid.encode() in content
        assert [found(key, content, MASTER) for key in keys] == [[], []]
    assert all(map(is_sealed, keys))


async def test_plain_keys_go_on_and_are_sealed_at_the_next_start(settings, plain):
    """The same ones: tokens of before verify, and the JWKS is as it was. The start after that changes nothing."""
    await keep(settings, plain)
    async with ring_of(settings) as ring:
        kid, jwks = await verified(ring), await ring.jwks()
    async with ring_of(settings, MASTER) as ring:
        sealed = await kept(settings)
        assert await ring.jwks() == jwks
        assert await verified(ring) == kid
    assert all(map(is_sealed, sealed))
    assert [replace(key, private_pem="") for key in sealed] == [replace(key, private_pem="") for key in plain]
    async with ring_of(settings, MASTER) as ring:
        assert await verified(ring) == kid
    assert await kept(settings) == sealed


async def test_nothing_plain_is_left_in_a_file(redis_server: RedisServer, tmp_path: Path, prefix, plain):
    """Neither in pages that are free by now nor in SQLite's log, also while the file is open."""
    settings = store_at("sqlite", redis_server, tmp_path, prefix)
    await keep(settings, plain)
    assert all(found(key, content_of(settings, redis_server)) for key in plain)
    async with ring_of(settings, MASTER) as ring:
        await verified(ring)
        assert not any(found(key, content_of(settings, redis_server)) for key in plain)
    assert not any(found(key, content_of(settings, redis_server)) for key in plain)


async def test_several_that_start_at_once_seal_once(settings, plain):
    """Each signs with the key that was there, and all open what is kept in the end."""
    await keep(settings, plain)
    stores = [await open_store(settings) for _ in range(4)]
    rings = await asyncio.gather(*(open_keys(store.signing_keys, Clock(), Keys(MASTER)) for store in stores))
    assert {await verified(ring) for ring in rings} == {key.kid for key in plain if key.state == "current"}
    for store in stores:
        await store.close()

    assert [KeySealer(Keys(MASTER)).open(key) for key in await kept(settings)] == [key.private_pem for key in plain]


@pytest.mark.parametrize(
    "keys, words",
    [
        (
            (),
            r"it is sealed, and there is no master key\. Name the master key that sealed them in \[storage\] master_key_f",
        ),
        (
            (FOREIGN,),
            r"it was sealed under key \w{8}, this is \w{8}\. Name the master key .* in \[storage\] master_key_file",
        ),
    ],
)
async def test_without_the_right_master_key_there_is_no_start(settings, plain, keys, words):
    """And no new key: what is kept is as it was. The setting is named; nothing that is secret."""
    await keep(settings, [seal(key, MASTER) for key in plain])
    before = await kept(settings)
    with pytest.raises(SettingsError, match=words) as caught:
        async with ring_of(settings, *keys):
            pass
    assert await kept(settings) == before
    assert not [part for key in before for part in (key.private_pem, "PRIVATE") if part in str(caught.value)]
    async with ring_of(settings, FOREIGN, MASTER) as ring:
        await verified(ring)


async def test_one_is_no_use_in_the_place_of_another(settings, plain):
    """A private half is sealed for its `kid`; so it is when it is changed, or cut off."""
    one, other = (seal(key, MASTER) for key in plain)
    swapped = [replace(one, private_pem=other.private_pem), replace(other, private_pem=one.private_pem)]
    cut = [one, replace(other, private_pem=other.private_pem[:-8])]
    odd = [one, replace(other, private_pem="sealed:#")]
    for broken, words in ((swapped, "damaged, or moved from its place"), (cut, "damaged"), (odd, "not in a format")):
        await keep(settings, broken)
        with pytest.raises(SettingsError, match=f"signing key .*{words}"):
            async with ring_of(settings, MASTER):
                pass


async def test_they_are_moved_as_they_are(settings, plain, redis_server: RedisServer, tmp_path: Path):
    """The move needs no master key, and compares what is kept; a token server needs the same one where they are then."""
    is_redis = settings.database == redis_server.url
    target = replace(settings, database=str(tmp_path / "other.db") if is_redis else redis_server.url)
    await keep(settings, [seal(key, MASTER) for key in plain])
    await moved(settings, target)
    assert await kept(target) == await kept(settings)
    with pytest.raises(SettingsError, match=r"\[storage\] master_key_file"):
        async with ring_of(target):
            pass
    async with ring_of(target, MASTER) as ring:
        assert await verified(ring) == plain[0].kid


async def test_an_older_master_key_is_good_for_one_more_start(settings, plain):
    """The one in front seals: then the older one may go."""
    await keep(settings, [plain[0], seal(plain[1], MASTER)])
    async with ring_of(settings, NEWER, MASTER) as ring:
        await verified(ring)
    async with ring_of(settings, NEWER) as ring:
        await verified(ring)
        await ring.rotate()
        await verified(ring)


async def test_without_any_master_key_all_is_as_it_is(settings):
    """A token server may run where there is none; nothing that it makes is sealed."""
    async with ring_of(settings) as ring:
        assert not ring.is_sealed
        await ring.rotate()
        await verified(ring)
    assert not any(map(is_sealed, await kept(settings)))


async def test_a_running_server_follows_its_master_key(settings, plain, clock):
    """It signs on without it, seals what is new under the one that is first by then, and opens what others sealed anew."""
    await keep(settings, plain)
    store = await open_store(settings)
    master = Keys(MASTER)
    ring = await open_keys(store.signing_keys, clock, master)
    master.now = [NEWER]
    await keep(settings, [seal(key, NEWER) for key in plain])
    clock.now += RELOAD_SECONDS
    await verified(ring)
    current = await ring.rotate()
    assert await verified(ring) == current.kid
    await store.close()
    async with ring_of(settings, NEWER) as other:
        assert await verified(other) == current.kid


async def test_a_master_key_that_goes_while_a_key_is_sealed_is_noticed(settings, plain, clock, monkeypatch):
    """Between the look at it and the write: what was sealed under the old one is sealed anew, and nothing needs it."""
    await keep(settings, plain)
    store = await open_store(settings)
    master = Keys(MASTER)
    ring = await open_keys(store.signing_keys, clock, master)
    change = store.signing_keys.change

    async def late(edit: Any) -> list[SigningKey]:
        keys = await change(edit)
        master.now = [NEWER]
        return keys

    monkeypatch.setattr(store.signing_keys, "change", late)
    await ring.rotate()
    await store.close()
    async with ring_of(settings, NEWER) as other:
        await verified(other)


@pytest.mark.parametrize("keys", [(), (FOREIGN,), None])
async def test_a_running_server_that_can_not_open_what_others_sealed(settings, plain, clock, keys):
    """It publishes the keys, signs nothing with one that is out of use, and makes none; when it has the master key, it goes on."""
    await keep(settings, plain)
    store = await open_store(settings)
    master = Keys()
    ring = await open_keys(store.signing_keys, clock, master)
    async with ring_of(settings, MASTER, clock=clock) as other:
        master.now = keys
        before = await kept(settings)
        with pytest.raises(Unavailable) as caught:
            await ring.rotate()
        assert await kept(settings) == before
        assert caught.value.message == "The signing keys can not be used. Try again later."
        assert "master key" in caught.value.debug or "under key" in caught.value.debug
        await other.rotate()
        clock.now += RELOAD_SECONDS
        assert await ring.jwks() == await other.jwks()
        assert ring.kid == other.kid
        for _ in range(2):
            with pytest.raises(Unavailable):
                await ring.sign({"sub": "a"})
        master.now = [MASTER]
        assert await verified(ring) == other.kid
    await store.close()
