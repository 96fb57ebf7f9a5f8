"""The token server's SQLite file, beyond what every store promises."""

from __future__ import annotations

import sqlite3
import stat

import pytest

from runtime.errors import SettingsError, Unavailable
from runtime.issuer.records import Client
from runtime.issuer.sqlite_store import SCHEMA, open_sqlite_store
from runtime.storage.sqlite import open_sqlite

CLIENT = Client(client_id="c", name="C")


async def test_the_file_is_its_owners_only(tmp_path):
    """It holds private keys; SQLite gives its side files the same mode."""
    store = await open_sqlite_store(tmp_path / "folder" / "issuer.db")
    await store.clients.add(CLIENT)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "folder").iterdir()}
    await store.close()

    assert modes == dict.fromkeys(modes, 0o600)
    assert "issuer.db" in modes


async def test_a_newer_file_is_left_alone(tmp_path):
    """An older hookd does not run on a schema that it does not know."""
    path = tmp_path / "issuer.db"
    await (await open_sqlite_store(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(SettingsError, match="was written by a newer hookd"):
        await open_sqlite_store(path)


async def test_the_file_is_made_private(tmp_path):
    """Also one that a copy had made readable."""
    path = tmp_path / "issuer.db"
    await (await open_sqlite_store(path)).close()
    path.chmod(0o644)
    await (await open_sqlite_store(path)).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_another_programs_database_is_left_alone(tmp_path):
    """The runtime's own too, whose path somebody gave by mistake: not a byte, not the mode is changed."""
    path = tmp_path / "hookd.db"
    await (await open_sqlite(path)).close()
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(SettingsError, match=r"'issuer.database': .* belongs to another program"):
        await open_sqlite_store(path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


async def test_a_locked_store_is_unavailable(tmp_path):
    """503 with the advice to try again, not 500; reads go on, and so do writes after the lock."""
    path = tmp_path / "issuer.db"
    store = await open_sqlite_store(path, busy_seconds=0.05)
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
        await open_sqlite_store(path)
    with pytest.raises(SettingsError, match=r"'issuer.database': .* can not be used"):
        await open_sqlite_store(path / "below.db")
    assert path.read_text().startswith("not a database")


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
    store = await open_sqlite_store(path)
    try:
        user = await store.users.get("u")
        assert user is not None
        assert (user.permissions, user.password_hash) == ((), "h")
        assert await store.authorization_codes.get("c1") is None
    finally:
        await store.close()
