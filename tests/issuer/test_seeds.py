"""The configuration's clients, APIs, grants and users in the store."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace

import pytest

from runtime.errors import SettingsError
from runtime.issuer.passwords import HashCost, Passwords
from runtime.issuer.redis_store import open_redis_store
from runtime.issuer.seeds import sow
from runtime.issuer.sqlite_store import open_sqlite_store
from runtime.issuer.system import SYSTEM_API_ID
from runtime.issuer_settings import ClientGrantSettings, ClientSettings, ResourceServerSettings, UserSettings
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.redis.address import parse_address

URL = "http://here"
CLIENT = ClientSettings(client_id="c", client_secret="s" * 20)
API = ResourceServerSettings(identifier="urn:api", scopes=("a", "b"))
GRANT = ClientGrantSettings(client_id="c", audience="urn:api", scope=("a",))
USER = UserSettings(username="ada", password="pw")
SETTINGS = IssuerSettings(clients=(CLIENT,), resource_servers=(API,), client_grants=(GRANT,), users=(USER,))


class Field:
    """A store to sow in, a minute later each time."""

    def __init__(self, store, passwords):
        self.store = store
        self.passwords = passwords
        self.now = 0.0

    async def sow(self, settings=SETTINGS, url=URL):
        self.now += 60
        await sow(settings, url, self.store, self.passwords, self.now)

    async def everything(self):
        tables = (self.store.clients, self.store.resource_servers, self.store.client_grants, self.store.users)
        return [(await table.page({}, start=0, limit=100))[0] for table in tables]


@pytest.fixture
async def field(tmp_path):
    store, passwords = await open_sqlite_store(tmp_path / "issuer.db"), Passwords(HashCost(memory_kib=64, passes=1))
    yield Field(store, passwords)
    passwords.close()
    await store.close()


async def test_a_second_start_changes_nothing(field):
    """Not an id, not a hash, not a time."""
    await field.sow()
    first = await field.everything()
    await field.sow()

    assert await field.everything() == first


async def test_two_that_start_at_once_on_one_store_agree(redis_server, prefix):
    """Each record is there once, whoever was first with it."""
    stores = [await open_redis_store(parse_address(redis_server.url), prefix=prefix) for _ in range(2)]
    passwords = Passwords(HashCost(memory_kib=64, passes=1))
    fields = [Field(store, passwords) for store in stores]
    for _ in range(2):
        await asyncio.gather(*(field.sow() for field in fields))

    assert [len(rows) for rows in await fields[0].everything()] == [1, 2, 1, 1]
    passwords.close()
    for store in stores:
        await store.close()


async def test_a_second_start_writes_nothing(field, tmp_path):
    """SQLite's own count of changed pages says so."""
    await field.sow()
    with sqlite3.connect(tmp_path / "issuer.db") as watcher:
        before = watcher.execute("PRAGMA data_version").fetchone()
        await field.sow()
        after = watcher.execute("PRAGMA data_version").fetchone()
    watcher.close()

    assert after == before


async def test_what_the_configuration_says_becomes_so(field):
    """Under the same ids; a secret that is the same keeps its hash, another one gets its own."""
    await field.sow()
    clients, apis, grants, users = await field.everything()
    await field.sow(
        IssuerSettings(
            clients=(replace(CLIENT, client_secret="t" * 20, name="New"),),
            resource_servers=(replace(API, scopes=("a",), token_lifetime=5),),
            client_grants=(replace(GRANT, scope=()),),
            users=(replace(USER, name="Ada"),),
        )
    )
    new_clients, new_apis, new_grants, new_users = await field.everything()

    assert await field.passwords.verify("t" * 20, new_clients[0].secret_hash)
    assert new_clients[0].name == "New"
    assert clients[0].secret_hash != new_clients[0].secret_hash
    assert (new_apis[1].id, new_apis[1].scopes, new_apis[1].token_lifetime) == (apis[1].id, {"a": ""}, 5)
    assert (new_grants[0].id, new_grants[0].scope) == (grants[0].id, ())
    assert replace(new_users[0], name="", updated_at=60) == users[0]
    assert new_users[0].updated_at == 120


async def test_what_the_configuration_does_not_name_stays(field):
    """It was made by the management API, or by an older configuration."""
    await field.sow()
    before = await field.everything()
    await field.sow(IssuerSettings())

    assert await field.everything() == before


async def test_a_new_address_takes_the_management_api_along(field):
    """Its grants too: clients that could manage still can."""
    own = ClientGrantSettings(client_id="c", audience=f"{URL}/api/v2/", scope=("read:hooks",))
    await field.sow(replace(SETTINGS, client_grants=(own,)))
    await field.sow(IssuerSettings(), url="http://there")

    api = await field.store.resource_servers.get(SYSTEM_API_ID)
    grant = await field.store.client_grants.find(client_id="c", audience="http://there/api/v2/")
    assert api.identifier == "http://there/api/v2/"
    assert grant.scope == ("read:hooks",)
    assert await field.store.client_grants.find(audience=f"{URL}/api/v2/") is None


async def test_a_new_address_moves_grants_in_one_step(field):
    """Whoever looks in between sees them at the one address or at the other."""
    own = ClientGrantSettings(client_id="c", audience=f"{URL}/api/v2/", scope=("read:hooks",))
    await field.sow(replace(SETTINGS, client_grants=(own,)))
    writes = []
    write = field.store._database.write

    async def counted(job):
        writes.append(job)
        return await write(job)

    field.store._database.write = counted
    await field.sow(IssuerSettings(), url="http://there")

    assert len(writes) == 1


async def test_many_rows_are_sown(field):
    """More than may wait for a hash at once."""
    clients = tuple(replace(CLIENT, client_id=f"c{number}") for number in range(100))
    await field.sow(IssuerSettings(clients=clients))

    assert (await field.store.clients.page({}, start=0, limit=1))[1] == 100


@pytest.mark.parametrize(
    "row, username, email",
    [
        (UserSettings(username="ada", password="p"), "ada", ""),
        (UserSettings(username="ada", password="p", email="a@x.org"), "ada", "a@x.org"),
        (UserSettings(username="a@x.org", password="p"), "", "a@x.org"),
        (UserSettings(username="a@x.org", password="p", email="A@x.org"), "", "A@x.org"),
    ],
)
async def test_a_username_may_be_an_address(field, row, username, email):
    """Then it is the user's e-mail address; a second start finds the same user."""
    await field.sow(IssuerSettings(users=(row,)))
    await field.sow(IssuerSettings(users=(row,)))
    users, total = await field.store.users.page({}, start=0, limit=10)

    assert (total, users[0].username, users[0].email) == (1, username, email)


async def test_secrets_are_kept_as_hashes(field, tmp_path):
    """In no file of the database is a secret or a password."""
    secret, password = "client-hush-hush-hush", "user-hush-hush-hush"
    await field.sow(
        replace(SETTINGS, clients=(replace(CLIENT, client_secret=secret),), users=(replace(USER, password=password),))
    )

    written = b"".join(file.read_bytes() for file in await asyncio.to_thread(lambda: list(tmp_path.glob("issuer.db*"))))
    assert b"argon2id" in written
    assert b"hush" not in written


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"clients": (replace(CLIENT, client_id=""),)}, r"'issuer.clients\[0\].client_id' is missing"),
        ({"clients": (CLIENT, CLIENT)}, r"'issuer.clients\[1\].client_id' is 'c' a second time"),
        ({"clients": (replace(CLIENT, grant_types=("implicit",)),)}, "grant_types' must be of .* not 'implicit'"),
        (
            {"clients": (replace(CLIENT, token_endpoint_auth_method="tls"),)},
            "token_endpoint_auth_method' must be one of",
        ),
        ({"clients": (replace(CLIENT, client_secret=""),)}, r"clients\[0\].client_secret' is missing"),
        ({"clients": (replace(CLIENT, token_endpoint_auth_method="none"),)}, "client_secret' must be empty"),
        ({"resource_servers": (replace(API, identifier=""),)}, "identifier' is missing"),
        ({"resource_servers": (replace(API, identifier="urn:hookd"),)}, "'urn:hookd' is hookd's own API"),
        ({"resource_servers": (replace(API, identifier=f"{URL}/api/v2/"),)}, "is hookd's own API"),
        ({"resource_servers": (replace(API, scopes=("a b",)),)}, "scopes': 'a b' is not a scope"),
        ({"client_grants": (replace(GRANT, client_id="x"),)}, r"client_grants\[0\].client_id': there is no client 'x'"),
        ({"client_grants": (replace(GRANT, audience="x"),)}, "audience': there is no API 'x'"),
        ({"client_grants": (replace(GRANT, scope=("a", "z")),)}, "scope': the API 'urn:api' has no scope 'z'"),
        ({"users": (replace(USER, username=""),)}, "username' is missing"),
        ({"users": (replace(USER, password=""),)}, r"users\[0\].password' is missing"),
        ({"users": (USER, replace(USER, username="ADA"))}, r"users\[1\].username' is 'ada' a second time"),
        ({"users": (replace(USER, username="a@x", email="b@x"),)}, "but another one than"),
        (
            {"users": (replace(USER, permissions=("read:hooks", "a")),)},
            "permissions': hookd's own API has no scope 'a'",
        ),
        ({"clients": (replace(CLIENT, callbacks=("/cb",)),)}, "callbacks': '/cb' is no redirection URI"),
    ],
)
async def test_a_wrong_row_is_named(field, fields, message):
    """With its place in the file and the rule that it breaks."""
    with pytest.raises(SettingsError, match=message):
        await field.sow(replace(SETTINGS, **fields))
