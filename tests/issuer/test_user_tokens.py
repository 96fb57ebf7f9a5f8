"""Codes and refresh tokens in the file. What is promised of refresh tokens alone is in test_store.py."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from runtime.issuer.records import AuthorizationCode, Client, RefreshToken, ResourceServer, User
from runtime.issuer.store import SCHEMA, open_store
from runtime.issuer.user_tokens import REMEMBERED_SECONDS

USER = User(user_id="u", password_hash="h", username="ada", created_at=0, updated_at=0)
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
TOKEN = RefreshToken(
    token_hash="t1",
    family="f",
    client_id="c",
    user_id="u",
    audience="urn:api",
    scope=("a",),
    claims={},
    id_token_claims={},
    auth_time=1.0,
    expires_at=100.0,
    gty="authorization_code",
)


@pytest.fixture
async def store(tmp_path):
    store = await open_store(tmp_path / "issuer.db")
    await store.clients.add(Client(client_id="c", name="C"))
    await store.resource_servers.add(ResourceServer(id="1", identifier="urn:api", name="API"))
    await store.users.add(USER)
    assert await store.authorization_codes.add(CODE, USER, 1.0)
    yield store
    await store.close()


async def test_a_code_comes_back_as_it_was(store):
    """Used or not, over or not, until it is long over."""
    codes = store.authorization_codes
    assert await codes.get("c1") == CODE
    assert await codes.redeem(CODE, None, 2.0)
    assert await codes.get("c1") == replace(CODE, is_used=True)
    await codes.add(replace(CODE, code_hash="c2"), USER, 61.0 + REMEMBERED_SECONDS - 1)
    assert await codes.get("c1")
    await codes.add(replace(CODE, code_hash="c3"), USER, 61.0 + REMEMBERED_SECONDS)
    assert await codes.get("c1") is None


async def test_redeeming_is_one_step_with_the_refresh_token(store):
    """Who is second finds neither."""
    codes, refresh = store.authorization_codes, store.refresh_tokens
    assert await codes.redeem(CODE, TOKEN, 2.0)
    assert await refresh.get("t1") == TOKEN
    assert not await codes.redeem(CODE, replace(TOKEN, token_hash="t2"), 2.0)
    assert await refresh.get("t1") is None
    assert await refresh.get("t2") is None


@pytest.mark.parametrize("change", [{"blocked": True}, {"password_hash": "other"}])
async def test_a_changed_user_loses_codes_in_the_same_step(store, change):
    """And none is kept for who signed in as the user was."""
    await store.users.change("u", lambda user: replace(user, **change))

    assert await store.authorization_codes.get("c1") is None
    assert not await store.authorization_codes.redeem(CODE, TOKEN, 2.0)
    assert not await store.authorization_codes.add(CODE, USER, 2.0)


@pytest.mark.parametrize("table, key", [("clients", "c"), ("users", "u"), ("resource_servers", "1")])
async def test_a_code_goes_with_what_it_refers_to(store, table, key):
    """Client, user and API; none is kept for what is gone."""
    await getattr(store, table).remove(key)

    assert await store.authorization_codes.get("c1") is None
    assert not await store.authorization_codes.add(replace(CODE, code_hash="c2"), USER, 2.0)


async def test_a_code_moves_with_its_api(store):
    """The built-in API has another identifier when the address changes."""
    await store.resource_servers.move(ResourceServer(id="1", identifier="urn:new", name="API"), "urn:api")

    assert await store.authorization_codes.get("c1") == replace(CODE, audience="urn:new")


async def test_a_file_of_before_learns_of_codes(tmp_path):
    """The second schema is made of the first, whose records stay."""
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA.scripts[0])
        connection.execute(
            "INSERT INTO users VALUES ('u', 'ada', NULL, ?)",
            ('{"user_id":"u","password_hash":"h","created_at":1,"updated_at":1}',),
        )
        connection.execute(f"PRAGMA application_id = {SCHEMA.application_id}")
        connection.execute("PRAGMA user_version = 1")
    store = await open_store(path)
    try:
        user = await store.users.get("u")
        assert user is not None
        assert (user.permissions, user.password_hash) == ((), "h")
        assert await store.authorization_codes.get("c1") is None
    finally:
        await store.close()
