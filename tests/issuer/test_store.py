"""The token server's SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from dataclasses import replace

import pytest

from runtime.errors import Conflict, SettingsError, Unavailable
from runtime.issuer.records import Client, ClientGrant, RefreshToken, ResourceServer, User
from runtime.issuer.store import open_store
from runtime.storage.sqlite import open_sqlite

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


@pytest.fixture
async def store(tmp_path):
    store = await open_store(tmp_path / "folder" / "issuer.db")
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


async def test_every_record_comes_back_as_it_was(filled, tmp_path):
    """Also after closing and opening; closing twice is no error."""
    await filled.close()
    await filled.close()
    again = await open_store(tmp_path / "folder" / "issuer.db")

    assert await again.clients.get("c") == CLIENT
    assert await again.resource_servers.find(identifier="urn:api") == API
    assert await again.client_grants.find(client_id="c", audience="urn:api") == GRANT
    assert await again.users.find(username="ada") == USER
    assert await again.users.find(email="ada@x") == USER
    assert await again.refresh_tokens.get("t1") == TOKEN
    await again.close()


async def test_the_file_is_its_owners_only(filled, tmp_path):
    """It holds private keys; SQLite gives its side files the same mode."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "folder").iterdir()}

    assert modes == dict.fromkeys(modes, 0o600)
    assert "issuer.db" in modes


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

    assert ([record.client_id for record in records], total) == (["c1", "c2"], 5)
    assert first[0].name == "changed"


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
    assert await filled.client_grants.find(audience="urn:moved") == replace(GRANT, audience="urn:moved")
    assert await filled.refresh_tokens.get("t1") == replace(TOKEN, audience="urn:moved")

    await filled.resource_servers.add(replace(API, id="2", identifier="urn:taken"))
    with pytest.raises(Conflict):
        await filled.resource_servers.move(replace(API, identifier="urn:taken"), "urn:moved")
    assert await filled.client_grants.find(audience="urn:moved") is not None


async def test_a_newer_file_is_left_alone(tmp_path):
    """An older hookd does not run on a schema that it does not know."""
    path = tmp_path / "issuer.db"
    await (await open_store(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(SettingsError, match="was written by a newer hookd"):
        await open_store(path)


async def test_the_file_is_made_private(tmp_path):
    """Also one that a copy had made readable."""
    path = tmp_path / "issuer.db"
    await (await open_store(path)).close()
    path.chmod(0o644)
    await (await open_store(path)).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_another_programs_database_is_left_alone(tmp_path):
    """The runtime's own too, whose path somebody gave by mistake: not a byte, not the mode is changed."""
    path = tmp_path / "hookd.db"
    await (await open_sqlite(path)).close()
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(SettingsError, match=r"'issuer.database': .* belongs to another program"):
        await open_store(path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


async def test_a_locked_store_is_unavailable(tmp_path):
    """503 with the advice to try again, not 500; reads go on, and so do writes after the lock."""
    path = tmp_path / "issuer.db"
    store = await open_store(path, busy_seconds=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught:
        await store.clients.add(CLIENT)
    assert await store.clients.get("c") is None
    other.close()
    await store.clients.add(CLIENT)
    await store.close()

    assert caught.value.debug == "SQLITE_BUSY: database is locked"


async def test_what_is_no_database_is_left_alone(tmp_path):
    """The setting is named, the file is not touched."""
    path = tmp_path / "issuer.db"
    path.write_text("not a database, but somebody's notes" * 50)

    with pytest.raises(SettingsError, match=r"'issuer.database': .* can not be used: file is not a database"):
        await open_store(path)
    with pytest.raises(SettingsError, match=r"'issuer.database': .* can not be used"):
        await open_store(path / "below.db")
    assert path.read_text().startswith("not a database")
