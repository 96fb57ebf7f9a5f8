from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from runtime.storage import tables
from runtime.storage.base import HookChange
from runtime.storage.sqlite import migrations


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """The tables, empty, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    for script in migrations():
        connection.executescript(script)
    yield connection
    connection.close()


def test_the_database_itself_refuses_a_second_enabled_hook(db, nouns):
    """Also when our own code were wrong."""
    first, second = nouns.hook(enabled=True), nouns.hook()
    tables.create_hook(db, first)
    tables.create_hook(db, second)

    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE hooks SET enabled = 1 WHERE id = ?", (second.id,))


def test_the_database_itself_refuses_to_change_a_version(db, nouns):
    """Versions are immutable, and none that a hook has goes away."""
    hook = nouns.hook()
    tables.create_hook(db, hook)

    with pytest.raises(sqlite3.IntegrityError, match="a hook version never changes"):
        db.execute("UPDATE versions SET script = 'other' WHERE id = ?", (hook.version.id,))
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM versions WHERE id = ?", (hook.version.id,))


def test_a_hook_s_versions_are_numbered_in_their_order(db, nouns):
    """From 1, within the hook; one that comes back has a new number; a change of something else has none."""
    a, b = nouns.version(), nouns.version()
    hook, other = nouns.hook(version=a), nouns.hook(version=b)
    tables.create_hook(db, hook)
    tables.create_hook(db, other)
    for at, change in enumerate(
        [HookChange(version=b), HookChange(name="x"), HookChange(version=b), HookChange(version=a)]
    ):
        tables.update_hook(db, "acme", hook.id, change, at + 2.0, None)

    rows = db.execute("SELECT number, version_id, at FROM hook_versions WHERE hook_id = ? ORDER BY number", (hook.id,))

    assert rows.fetchall() == [(1, a.id, 1.0), (2, b.id, 2.0), (3, a.id, 5.0)]


def test_versions_outlive_their_hook(db, nouns):
    """The records of its executions still name them."""
    hook = nouns.hook()
    tables.create_hook(db, hook)
    tables.delete_hook(db, "acme", hook.id)

    assert db.execute("SELECT version_id FROM hook_versions").fetchall() == [(hook.version.id,)]
    assert db.execute("SELECT script FROM versions").fetchall() == [(hook.version.script,)]


def test_an_image_goes_when_the_last_hook_leaves_its_version(db, nouns):
    """Whether that hook gets another version or is deleted; until then it stays."""
    old, new = nouns.version(), nouns.version()
    first, second = nouns.hook(version=old), nouns.hook(version=old, tenant="other")
    for hook in (first, second):
        tables.create_hook(db, hook)
    tables.put_image(db, old.id, "b", b"image")

    tables.update_hook(db, "acme", first.id, HookChange(version=new), 2.0, None)
    assert tables.get_image(db, old.id, "b") == b"image"
    tables.delete_hook(db, "other", second.id)
    assert tables.get_image(db, old.id, "b") is None

    tables.put_image(db, new.id, "b", b"image")
    tables.update_hook(db, "acme", first.id, HookChange(version=old), 3.0, None)
    assert tables.get_image(db, new.id, "b") is None


def test_a_damaged_image_is_none(db):
    """One flipped bit, in the image or in the checksum."""
    for column in ("image", "sha256"):
        tables.put_image(db, "v", "b", b"image")
        (value,) = db.execute(f"SELECT {column} FROM images").fetchone()
        db.execute(f"UPDATE images SET {column} = ?", (bytes([value[0] ^ 1]) + value[1:],))

        assert tables.get_image(db, "v", "b") is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM hooks WHERE tenant = 't' AND trigger_id = 'c' AND enabled = 1",
        "SELECT record FROM executions WHERE tenant = 't' AND id < 'x' ORDER BY id DESC LIMIT 50",
        "SELECT record FROM executions WHERE tenant = 't' AND hook_id = 'h' ORDER BY id DESC LIMIT 50",
        "SELECT number FROM executions WHERE (at, number) <= (5, 5) ORDER BY at, number LIMIT 500",
        "SELECT at, number FROM executions ORDER BY at DESC, number DESC LIMIT 1 OFFSET 100000",
        "DELETE FROM images WHERE version_id = 'v' AND NOT EXISTS (SELECT 1 FROM hooks WHERE hooks.version_id = images.version_id)",
    ],
)
def test_queries_use_an_index(db, query):
    """None of those that run often, or over many rows, sorts or reads a whole table."""
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]

    assert [step for step in plan if "TEMP B-TREE" in step or ("SCAN" in step and "INDEX" not in step)] == []
