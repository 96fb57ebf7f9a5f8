"""What every store of the token server promises: on a SQLite file, and on a Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from runtime.errors import Conflict
from runtime.issuer.records import (
    AuthorizationCode,
    Client,
    ClientGrant,
    RefreshToken,
    ResourceServer,
    SigningKey,
    User,
)
from runtime.issuer.redis_store import open_redis_store
from runtime.issuer.sqlite_store import open_sqlite_store
from runtime.issuer.store import REMEMBERED_SECONDS
from runtime.redis.address import parse_address

CLIENT = Client(client_id="c", name="C", grant_types=("password",), metadata={"a": "b"})
API = ResourceServer(id="1", identifier="urn:api", name="API", scopes={"a": "A"})
GRANT = ClientGrant(id="g", client_id="c", audience="urn:api", scope=("a",))
USER = User(user_id="u", password_hash="h", username="Ada", email="ada@x", created_at=1.5, updated_at=2.5)
TOKEN = RefreshToken(
    token_hash="t1",
    family="f",
    client_id="c",
    user_id="u",
    audience="urn:api",
    scope=("a",),
    claims={"https://x/y": [1, {"z": None}]},
    id_token_claims={},
    auth_time=1.0,
    expires_at=100.0,
)
CODE = AuthorizationCode(
    code_hash="c1",
    family="f",
    client_id="c",
    user_id="u",
    audience="urn:api",
    redirect_uri="https://a.example/cb",
    scope=("a", "b"),
    challenge="x" * 43,
    nonce="n",
    auth_time=1.0,
    expires_at=61.0,
)


@pytest.fixture(params=["sqlite", "redis"])
async def again(request, tmp_path, prefix):
    """Opens the store, as often as it is called."""

    async def open_it():
        if request.param == "sqlite":
            return await open_sqlite_store(tmp_path / "folder" / "issuer.db")
        return await open_redis_store(parse_address(request.getfixturevalue("redis_server").url), prefix=prefix)

    return open_it


@pytest.fixture
async def store(again):
    store = await again()
    yield store
    await store.close()


@pytest.fixture
async def filled(store):
    await store.clients.add(CLIENT)
    await store.resource_servers.add(API)
    await store.client_grants.add(GRANT)
    await store.users.add(USER)
    await store.refresh_tokens.add(TOKEN, USER, 0.0)
    return store


@pytest.fixture
async def with_code(filled):
    assert await filled.authorization_codes.add(CODE, USER, 1.0)
    return filled


async def test_every_record_comes_back_as_it_was(with_code, again):
    """Also after closing and opening; closing twice is no error."""
    await with_code.close()
    await with_code.close()
    store = await again()

    assert await store.clients.get("c") == CLIENT
    assert await store.resource_servers.find(identifier="urn:api") == API
    assert await store.client_grants.find(client_id="c", audience="urn:api") == GRANT
    assert await store.client_grants.find(client_id="c", audience="urn:other") is None
    assert await store.users.find(username="ada") == USER
    assert await store.users.find(email="ada@x") == USER
    assert await store.refresh_tokens.get("t1") == TOKEN
    assert await store.authorization_codes.get("c1") == CODE
    await store.close()


async def test_what_a_record_refers_to_stays(filled):
    """An API gets another identifier by moving only; who could leave something behind is told."""
    with pytest.raises(Conflict, match="A resource server refers to something that does not exist"):
        await filled.resource_servers.put(replace(API, identifier="urn:other"))
    with pytest.raises(Conflict, match="A client grant refers to something"):
        await filled.client_grants.put(replace(GRANT, audience="urn:other"))

    assert await filled.resource_servers.get("1") == API
    assert await filled.client_grants.get("g") == GRANT


async def test_what_must_be_unique_is(filled):
    """Conflict names the kind of thing."""
    with pytest.raises(Conflict, match="A client with the same client_id already exists"):
        await filled.clients.add(CLIENT)
    with pytest.raises(Conflict, match="A resource server with the same"):
        await filled.resource_servers.add(replace(API, id="2"))
    with pytest.raises(Conflict, match="A client grant with the same"):
        await filled.client_grants.add(replace(GRANT, id="h"))
    with pytest.raises(Conflict, match="A user with the same"):
        await filled.users.add(replace(USER, user_id="v", username="ADA", email=""))
    with pytest.raises(Conflict, match="A client grant refers to something that does not exist"):
        await filled.client_grants.add(replace(GRANT, id="h", client_id="nobody"))


async def test_users_without_a_name_do_not_collide(filled):
    """What is absent is equal to nothing, and is found by nothing."""
    for number in range(2):
        await filled.users.add(replace(USER, user_id=f"n{number}", username="", email=""))

    assert await filled.users.find(username=None) is None


@pytest.mark.parametrize("table, key", [("clients", "c"), ("resource_servers", "1"), ("users", "u")])
async def test_removing_takes_along_what_depends_on_it(filled, table, key):
    """Grants and refresh tokens of a client, an API or a user go with it."""
    assert await getattr(filled, table).remove(key)
    assert not await getattr(filled, table).remove(key)

    assert await filled.refresh_tokens.get("t1") is None
    assert (await filled.client_grants.get("g") is None) is (table != "users")


async def test_replacing_keeps_what_depends_on_it(filled):
    """Not deleting and adding, which would end every refresh token."""
    await filled.clients.put(replace(CLIENT, name="D"))

    assert (await filled.clients.get("c")).name == "D"
    assert await filled.refresh_tokens.get("t1") is not None


async def test_changes_at_once_are_all_made(filled):
    """Each edits what the one before left."""

    def add(number):
        return lambda client: replace(client, metadata={**client.metadata, str(number): "x"})

    await asyncio.gather(*(filled.clients.change("c", add(number)) for number in range(50)))

    assert len((await filled.clients.get("c")).metadata) == 51
    assert await filled.clients.change("nobody", add(0)) is None


async def test_a_change_that_raises_changes_nothing(filled):
    """And the next one works."""

    def fail(client):
        raise ValueError(client.client_id)

    with pytest.raises(ValueError, match="c"):
        await filled.clients.change("c", fail)

    assert await filled.clients.get("c") == CLIENT
    assert await filled.clients.change("c", lambda client: replace(client, name="after")) is not None


async def test_pages_are_in_the_order_of_adding(store):
    """Changing a record does not move it."""
    for number in range(5):
        await store.clients.add(replace(CLIENT, client_id=f"c{number}"))
    await store.clients.put(replace(CLIENT, client_id="c0", name="changed"))

    records, total = await store.clients.page({}, start=1, limit=2)
    first, _ = await store.clients.page({}, start=0, limit=1)
    none = await store.clients.page({}, start=0, limit=0)

    assert ([record.client_id for record in records], total) == (["c1", "c2"], 5)
    assert first[0].name == "changed"
    assert none == ([], 5)


async def test_pages_can_be_narrowed(filled):
    """By one column, or by several."""
    await filled.resource_servers.add(replace(API, id="2", identifier="urn:second"))
    second = replace(GRANT, id="h", audience="urn:second")
    await filled.client_grants.add(second)

    async def page(start=0, **where):
        return await filled.client_grants.page(where, start=start, limit=5)

    assert await page(client_id="c") == ([GRANT, second], 2)
    assert await page(client_id="c", start=1) == ([second], 2)
    assert await page(client_id="c", audience="urn:second") == ([second], 1)
    assert await page(client_id="c", audience="urn:second", start=1) == ([], 1)
    assert await page(audience="urn:none") == ([], 0)


async def test_signing_keys_are_changed_as_one(store):
    """Changes at once, from two sides, are all made; one that raises changes nothing."""
    first = SigningKey(kid="0", state="current", jwk={"kty": "RSA", "x5c": ["a"]}, private_pem="p", since=1.5)

    def add(kid):
        return lambda keys: [*keys, replace(first, kid=kid, state="previous", gone_at=2.5)]

    assert await store.signing_keys.all() == []
    assert await store.signing_keys.change(lambda keys: keys or [first]) == [first]
    assert await store.signing_keys.change(lambda keys: keys or [replace(first, kid="1")]) == [first]
    await asyncio.gather(*(store.signing_keys.change(add(f"a{number}")) for number in range(9)))
    with pytest.raises(ZeroDivisionError):
        await store.signing_keys.change(lambda keys: 1 // 0)

    keys = await store.signing_keys.all()
    assert keys[0] == first
    assert {key.kid for key in keys} == {"0", *(f"a{number}" for number in range(9))}


async def test_refresh_tokens_rotate_once(filled):
    """Whoever is second is told so; the family ends as one; what is over is forgotten at the next sign-in."""
    successor = replace(TOKEN, token_hash="t2")

    assert await filled.refresh_tokens.rotate(TOKEN, successor)
    assert not await filled.refresh_tokens.rotate(TOKEN, replace(TOKEN, token_hash="t3"))
    assert (await filled.refresh_tokens.get("t1")).is_used
    assert await filled.refresh_tokens.get("t3") is None
    assert await filled.refresh_tokens.revoke(family="f") == 2
    assert await filled.refresh_tokens.get("t2") is None

    await filled.refresh_tokens.add(TOKEN, USER, 0.0)
    await filled.refresh_tokens.add(replace(TOKEN, token_hash="t9", expires_at=300.0), USER, 100.0)
    assert await filled.refresh_tokens.get("t1") is None


@pytest.mark.parametrize("change", [{"password_hash": "new"}, {"blocked": True}])
async def test_a_changed_user_loses_refresh_tokens_in_the_same_step(filled, change):
    """Whether it is edited or put; other changes end nothing."""
    await filled.users.put(replace(USER, name="Ada Lovelace"))
    assert await filled.refresh_tokens.get("t1") is not None
    await filled.users.put(replace(USER, **change))
    assert await filled.refresh_tokens.get("t1") is None

    await filled.users.put(USER)
    await filled.refresh_tokens.add(TOKEN, USER, 0.0)
    seen = []

    def edit(user):
        seen.append(user)
        return replace(user, **change)

    await filled.users.change("u", edit)
    assert await filled.refresh_tokens.get("t1") is None
    assert seen == [USER]


async def test_no_refresh_token_for_who_changed_during_the_sign_in(filled):
    """The user is compared within the transaction that keeps the token; client and API must be there too."""
    fresh = replace(TOKEN, token_hash="t2")

    assert not await filled.refresh_tokens.add(fresh, replace(USER, password_hash="old"), 0.0)
    assert not await filled.refresh_tokens.add(replace(fresh, user_id="gone"), USER, 0.0)
    assert not await filled.refresh_tokens.add(replace(fresh, client_id="gone"), USER, 0.0)
    await filled.users.put(replace(USER, blocked=True))
    assert not await filled.refresh_tokens.add(fresh, USER, 0.0)
    assert await filled.refresh_tokens.get("t2") is None


async def test_an_api_moves_with_all_that_names_it(filled):
    """In one step: when it fails, nothing has moved."""
    moved = replace(API, identifier="urn:moved")
    await filled.resource_servers.move(moved, "urn:api")

    assert await filled.resource_servers.get("1") == moved
    changed = await filled.client_grants.change("g", lambda grant: replace(grant, scope=()))
    assert changed == replace(GRANT, audience="urn:moved", scope=())
    await filled.client_grants.put(replace(GRANT, audience="urn:moved"))
    assert await filled.client_grants.find(audience="urn:moved") == replace(GRANT, audience="urn:moved")
    assert await filled.refresh_tokens.get("t1") == replace(TOKEN, audience="urn:moved")

    await filled.resource_servers.add(replace(API, id="2", identifier="urn:taken"))
    with pytest.raises(Conflict):
        await filled.resource_servers.move(replace(API, identifier="urn:taken"), "urn:moved")
    assert await filled.client_grants.find(audience="urn:moved") is not None


async def test_a_code_comes_back_as_it_was(with_code):
    """Used or not, over or not, until it is long over."""
    codes = with_code.authorization_codes
    assert await codes.get("c1") == CODE
    assert await codes.redeem(CODE, None, 2.0)
    assert await codes.get("c1") == replace(CODE, is_used=True)
    await codes.add(replace(CODE, code_hash="c2"), USER, 61.0 + REMEMBERED_SECONDS - 1)
    assert await codes.get("c1")
    await codes.add(replace(CODE, code_hash="c3"), USER, 61.0 + REMEMBERED_SECONDS)
    assert await codes.get("c1") is None


async def test_redeeming_is_one_step_with_the_refresh_token(with_code):
    """Who is second finds neither that nor what came of it."""
    codes, refresh = with_code.authorization_codes, with_code.refresh_tokens
    assert await codes.redeem(CODE, replace(TOKEN, token_hash="t2"), 2.0)
    assert await refresh.get("t2") == replace(TOKEN, token_hash="t2")
    assert not await codes.redeem(CODE, replace(TOKEN, token_hash="t3"), 2.0)
    assert await refresh.get("t2") is None
    assert await refresh.get("t3") is None


@pytest.mark.parametrize("change", [{"blocked": True}, {"password_hash": "other"}])
async def test_a_changed_user_loses_codes_in_the_same_step(with_code, change):
    """And none is kept for who signed in as the user was."""
    await with_code.users.change("u", lambda user: replace(user, **change))

    assert await with_code.authorization_codes.get("c1") is None
    assert not await with_code.authorization_codes.redeem(CODE, TOKEN, 2.0)
    assert not await with_code.authorization_codes.add(CODE, USER, 2.0)


@pytest.mark.parametrize("table, key", [("clients", "c"), ("users", "u"), ("resource_servers", "1")])
async def test_a_code_goes_with_what_it_refers_to(with_code, table, key):
    """Client, user and API; none is kept for what is gone."""
    await getattr(with_code, table).remove(key)

    assert await with_code.authorization_codes.get("c1") is None
    assert not await with_code.authorization_codes.add(replace(CODE, code_hash="c2"), USER, 2.0)


async def test_a_code_moves_with_its_api(with_code):
    """The built-in API has another identifier when the address changes."""
    await with_code.resource_servers.move(ResourceServer(id="1", identifier="urn:new", name="API"), "urn:api")

    assert await with_code.authorization_codes.get("c1") == replace(CODE, audience="urn:new")
