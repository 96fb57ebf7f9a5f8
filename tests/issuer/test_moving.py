"""What may be read and written of a store that is moved, with every backend, and a token server that goes on where it was moved to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.issuer import records as records_module
from runtime.issuer.moving import TABLES, Moving, key_of
from runtime.issuer.opening import open_moving, open_store
from runtime.issuer.records import (
    AuthorizationCode,
    Client,
    ClientGrant,
    Record,
    RefreshToken,
    ResourceServer,
    SigningKey,
    User,
)
from runtime.issuer.store import IssuerStore
from runtime.issuer_migration import compare, copy, finish, open_pair
from runtime.issuer_settings import Issuer as IssuerSettings
from tests.issuer.conftest import HOST, PASSWORD, Decider, TokenServer, seeded, token_server_of
from tests.issuer.test_store import API, CLIENT, CODE, GRANT, TOKEN, USER
from tests.ports import free_port
from tests.redis_servers import RedisServer

STRANGE = "a'b\"c\0d\u202e\U0001f511%_{x}*[y]:; DROP TABLE users --"
OLD = ResourceServer(id=STRANGE, identifier="urn:old", name=STRANGE)
MOVED = replace(OLD, identifier="urn:new", scopes={"b": STRANGE, "a": ""}, token_lifetime=7, allow_offline_access=True)
BLOCKED = replace(USER, user_id="blocked", username=STRANGE, email="", blocked=True, password_hash=STRANGE)
NOBODY = replace(USER, user_id="a", username="", email="", user_metadata={STRANGE: [None, 1.5]}, permissions=("b", "a"))
KEYS = [
    SigningKey(kid="z", state="previous", jwk={"kty": "RSA", "x5c": ["a"]}, since=1.5, gone_at=2.5),
    SigningKey(kid="b", state="current", jwk={"kty": "RSA"}, private_pem="secret\n", since=0.1),
    SigningKey(kid="a", state="next", jwk={"kty": "RSA"}, private_pem="secret\n", since=0.2),
]


def store_at(kind: str, redis_server: RedisServer, folder: Path, prefix: str) -> IssuerSettings:
    """A file or a Redis of the test's own."""
    url = redis_server.url if kind == "redis" else str(folder / "issuer.db")
    return IssuerSettings(database=url, database_prefix=prefix)


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path: Path, prefix: str) -> IssuerSettings:
    """Every backend."""
    return store_at(request.param, redis_server, tmp_path, prefix)


@pytest.fixture
def other(settings: IssuerSettings, redis_server: RedisServer, tmp_path: Path) -> IssuerSettings:
    """The other one."""
    is_redis = settings.database == redis_server.url
    return replace(settings, database=str(tmp_path / "other.db") if is_redis else redis_server.url)


async def fill(settings: IssuerSettings) -> None:
    """Of everything something, with names that are strange, and all that changes beside its document."""
    store = await open_store(settings)
    for client in (CLIENT, Client(client_id=STRANGE, name=STRANGE, secret_hash="h", callbacks=("b", "a"))):
        await store.clients.add(client)
    for api in (API, OLD):
        await store.resource_servers.add(api)
    for grant in (GRANT, ClientGrant(id="a", client_id=STRANGE, audience="urn:old", scope=(STRANGE,))):
        await store.client_grants.add(grant)
    for user in (USER, BLOCKED, NOBODY):
        await store.users.add(user)
    await give(store)
    await store.resource_servers.move(MOVED, "urn:old")
    await store.users.change("a", lambda user: replace(user, name="changed"))
    await store.signing_keys.change(lambda _: KEYS)
    await store.close()


async def give(store: IssuerStore) -> None:
    """Two families of refresh tokens, of which one was renewed and one is over; a code that was used, and two that were not."""
    tokens, codes = store.refresh_tokens, store.authorization_codes
    await tokens.add(TOKEN, USER, 0.0)
    await tokens.rotate(TOKEN, replace(TOKEN, token_hash="t0", audience="urn:old", claims={}, api_scope=("a",)))
    await tokens.add(replace(TOKEN, token_hash=STRANGE, family="g", user_id="a", expires_at=0.5), NOBODY, 0.0)
    for code in (CODE, replace(CODE, code_hash="c0", user_id="a", audience="urn:old"), replace(CODE, code_hash="c2")):
        await codes.add(code, NOBODY if code.user_id == "a" else USER, 1.0)
    await codes.redeem(CODE, replace(TOKEN, token_hash="from-code", gty="authorization_code", expires_at=200.25), 0.0)


FILLED: Mapping[type[Record], list[str]] = {
    Client: ["c", STRANGE],
    ResourceServer: ["1", STRANGE],
    ClientGrant: ["g", "a"],
    User: ["u", "blocked", "a"],
    RefreshToken: ["t1", "t0", STRANGE, "from-code"],
    AuthorizationCode: ["c1", "c0", "c2"],
    SigningKey: ["z", "b", "a"],
}
"""The keys of it all, in the order in which they were added."""


@asynccontextmanager
async def moving(settings: IssuerSettings, *, is_target: bool = False) -> AsyncIterator[Moving]:
    store = await open_moving(settings, is_target=is_target)
    try:
        yield store
    finally:
        await store.close()


async def all_of(store: Moving) -> list[Record]:
    return [record for kind in TABLES for record in [one async for one in store.records(kind)]]


async def read(settings: IssuerSettings) -> list[Record]:
    async with moving(settings) as store:
        return await all_of(store)


async def moved(source: IssuerSettings, target: IssuerSettings) -> None:
    async with open_pair(source, target) as (here, there):
        await copy(here, there, lambda: None)
        assert (await compare(here, there, lambda: None)).differences == []
        await finish(here, there, "source")


def test_every_kind_of_record_is_moved():
    """A kind that is new stands here, or is lost."""
    kept = {kind for kind in vars(records_module).values() if hasattr(kind, "columns")}
    assert kept - {Record} == TABLES.keys() == FILLED.keys()


async def test_all_is_read_in_its_order(settings):
    """Also who is blocked, what is used up, over, or has moved with its API; more than one page of them."""
    await fill(settings)
    store = await open_store(settings)
    many = [f"m{number}" for number in range(450, 0, -1)]
    for key in many:
        await store.clients.add(Client(client_id=key, name=""))
    await store.close()
    async with moving(settings) as source:
        records: dict[type, list[Any]] = {kind: [one async for one in source.records(kind)] for kind in TABLES}
        assert await source.count() == sum(map(len, records.values()))

    keys = {kind: [key_of(record) for record in of_kind] for kind, of_kind in records.items()}
    assert keys == {**FILLED, Client: ["c", STRANGE, *many]}
    tokens, codes = records[RefreshToken], records[AuthorizationCode]
    assert tokens[0] == replace(TOKEN, is_used=True)
    assert codes[0] == replace(CODE, is_used=True)
    assert [record.is_used for record in (*tokens[1:], *codes[1:])] == [False] * 5
    assert [record.audience for record in (records[ClientGrant][1], tokens[1], codes[1])] == ["urn:new"] * 3
    assert (records[User][1], records[User][2].name) == (BLOCKED, "changed")
    assert records[SigningKey] == KEYS


async def test_what_was_moved_lives_on(settings, other):
    """What is found by what, and what goes with what: by every index that the store has, as in the one that it came from."""
    await fill(settings)
    await moved(settings, other)
    store = await open_store(other)
    try:
        await lives_on(store)
    finally:
        await store.close()


async def lives_on(store: IssuerStore) -> None:
    tokens, codes = store.refresh_tokens, store.authorization_codes
    assert await store.users.find(username="ada", email="ada@x") == USER
    assert await store.users.find(username=STRANGE.casefold()) == BLOCKED
    assert await store.client_grants.find(client_id=STRANGE, audience="urn:new") is not None
    assert await store.resource_servers.find(identifier="urn:new") == MOVED
    # Used up is used up; what is not is good once.
    assert not await tokens.rotate(TOKEN, replace(TOKEN, token_hash="t9"))
    renewed = await tokens.get("t0")
    assert renewed is not None
    assert await tokens.rotate(renewed, replace(renewed, token_hash="t9"))
    assert not await tokens.rotate(renewed, replace(renewed, token_hash="t10"))
    assert not await codes.redeem(replace(CODE, family="none"), None, 0.0)
    code = await codes.get("c2")
    assert code is not None
    assert await codes.redeem(code, None, 0.0)
    # What is over is forgotten, and only that.
    assert await tokens.add(replace(TOKEN, token_hash="new", family="g"), USER, 100.0)
    assert [await tokens.get(key) is None for key in (STRANGE, "t1", "t0", "from-code")] == [True, True, True, False]
    # Families, users and clients end what they have.
    assert await tokens.revoke(family="f") == 1
    await store.users.change("u", lambda user: replace(user, password_hash="other"))
    assert await tokens.get("new") is None
    assert await codes.get("c2") is None
    assert await codes.get("c0") is not None
    assert await store.resource_servers.remove(STRANGE)
    assert await codes.get("c0") is None
    assert [key.kid for key in await store.signing_keys.all()] == FILLED[SigningKey]


async def test_clearing(settings):
    """Every record goes, and is counted."""
    await fill(settings)
    steps: list[int] = []
    async with moving(settings, is_target=True) as store:
        before = await store.count()
        await store.clear(lambda: steps.append(1))
        assert (await store.count(), await all_of(store)) == (0, [])
        assert len(steps) == before


async def test_every_write_of_another_is_noticed_in_a_redis(redis_server: RedisServer, tmp_path: Path, prefix: str):
    """What leaves no new record, too; reading is none, and neither is what is not moved."""
    settings = store_at("redis", redis_server, tmp_path, prefix)
    await fill(settings)
    store = await open_store(settings)
    changes: list[Any] = [
        lambda: store.refresh_tokens.revoke(family="f"),
        lambda: store.authorization_codes.redeem(replace(CODE, code_hash="c0"), None, 0.0),
        lambda: store.clients.remove("c"),
        lambda: store.users.put(USER),
        lambda: store.signing_keys.change(lambda keys: keys[1:]),
    ]
    for change in changes:
        async with moving(settings) as source:
            await all_of(source)
            await store.form_key(b"fresh")
            assert await source.is_unchanged()
            await change()
            assert not await source.is_unchanged()
    await store.close()


async def test_a_token_server_goes_on(
    redis_server: RedisServer, tmp_path: Path, prefix: str, database: Path, decider: Decider
):
    """From a file to a Redis, and back: tokens verify, a code and refresh tokens of before are good once, logins are as they were."""
    url = f"http://{HOST}:{free_port()}"
    file = seeded(url=url, database=str(database), database_prefix=prefix, runtime_url=decider.url)
    redis = replace(file, database=redis_server.url)
    back = replace(file, database=str(tmp_path / "back.db"))
    given: dict[str, Any] = {}
    for source, target in ((file, redis), (redis, back)):
        async with token_server_of(source) as server:
            given = await gives(server)
        await moved(source, target)
        async with token_server_of(target) as server:
            await takes(server, **given)
    assert [*await read(redis)] != [*await read(back)], "what was used there since"


async def gives(server: TokenServer) -> dict[str, Any]:
    first = await server.redeem(await server.code(scope="openid read:orders offline_access"))
    used = first["refresh_token"]
    second = await server.refresh(used, client_id="web")
    return {
        "kid": server.issuer.keys.kid,
        "access": first["access_token"],
        "used": used,
        "fresh": second["refresh_token"],
        "code": await server.code(scope="openid read:orders offline_access"),
        "other": (await server.redeem(await server.code(scope="read:orders offline_access")))["refresh_token"],
    }


async def takes(server: TokenServer, *, kid: str, access: str, used: str, fresh: str, code: str, other: str) -> None:
    assert server.issuer.keys.kid == kid
    assert (await server.claims(access))["iss"] == server.issuer.name
    await server.redeem(code)
    await server.redeem(code, status=400)
    await server.refresh(other, client_id="web")
    await server.refresh(other, client_id="web", status=400)
    fresh = (await server.refresh(fresh, client_id="web"))["refresh_token"]
    # A token of before that comes again ends its family, of which there is one from after.
    await server.refresh(used, client_id="web", status=400)
    await server.refresh(fresh, client_id="web", status=400)
    await server.m2m()
    await server.password(username="ada", password=PASSWORD)
