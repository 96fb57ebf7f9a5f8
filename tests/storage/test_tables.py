from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from runtime.storage import execution_tables, tables
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
    tables.create_hook(db, first, None)
    tables.create_hook(db, second, None)

    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE hooks SET enabled = 1 WHERE id = ?", (second.id,))


def test_the_database_itself_refuses_to_change_a_version(db, nouns):
    """Versions are immutable, and none that a hook has goes away."""
    hook = nouns.hook()
    tables.create_hook(db, hook, None)

    with pytest.raises(sqlite3.IntegrityError, match="a hook version never changes"):
        db.execute("UPDATE versions SET script = 'other' WHERE id = ?", (hook.version.id,))
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM versions WHERE id = ?", (hook.version.id,))


def test_a_hook_s_versions_are_numbered_in_their_order(db, nouns):
    """From 1, within the hook; one that comes back has a new number; a change of something else has none."""
    a, b = nouns.version(), nouns.version()
    hook, other = nouns.hook(version=a), nouns.hook(version=b)
    tables.create_hook(db, hook, None)
    tables.create_hook(db, other, None)
    for at, change in enumerate(
        [HookChange(version=b), HookChange(name="x"), HookChange(version=b), HookChange(version=a)]
    ):
        tables.update_hook(db, "acme", hook.id, change, at + 2.0, None)

    rows = db.execute("SELECT number, version_id, at FROM hook_versions WHERE hook_id = ? ORDER BY number", (hook.id,))

    assert rows.fetchall() == [(1, a.id, 1.0), (2, b.id, 2.0), (3, a.id, 5.0)]


def versions(db) -> list[str]:
    """The ids of all versions that are kept, in order."""
    return [row[0] for row in db.execute("SELECT id FROM versions ORDER BY id")]


def test_a_hook_s_newest_versions_are_kept(db, nouns):
    """A loop of changes fills no disk; their numbers go on, and what another hook has stays."""
    made = [nouns.version() for _ in range(60)]
    hook = nouns.hook(version=made[0])
    tables.create_hook(db, hook, None)
    tables.create_hook(db, nouns.hook(version=made[3], tenant="other"), None)
    for version in made[1:]:
        tables.update_hook(db, "acme", hook.id, HookChange(version=version), 2.0, None)

    numbers = db.execute("SELECT number FROM hook_versions WHERE hook_id = ? ORDER BY number", (hook.id,)).fetchall()
    assert [number for (number,) in numbers] == list(range(11, 61))
    assert versions(db) == [made[3].id, *(version.id for version in made[10:])]


def test_a_version_that_comes_back_is_kept_as_a_new_one(db, nouns):
    """It is in use whether it was old or not."""
    a, b = nouns.version(), nouns.version()
    hook = nouns.hook(version=a)
    tables.create_hook(db, hook, None)
    for number in range(120):
        tables.update_hook(db, "acme", hook.id, HookChange(version=(b, a)[number % 2]), 2.0, None)

    assert versions(db) == [a.id, b.id]
    assert tables.get_hook(db, "acme", hook.id).version == a
    assert db.execute("SELECT count(*) FROM hook_versions").fetchone() == (50,)


def test_a_hook_s_versions_go_with_it(db, nouns):
    """All it had, but not those that another hook has or had."""
    shared, theirs = nouns.version(), nouns.version()
    hook, other = nouns.hook(version=shared), nouns.hook(version=shared, tenant="other")
    for one in (hook, other):
        tables.create_hook(db, one, None)
    tables.update_hook(db, "other", other.id, HookChange(version=theirs), 2.0, None)
    tables.update_hook(db, "acme", hook.id, HookChange(version=nouns.version()), 2.0, None)

    tables.delete_hook(db, "acme", hook.id)
    assert versions(db) == [shared.id, theirs.id]
    assert db.execute("SELECT DISTINCT tenant FROM hook_versions").fetchall() == [("other",)]

    tables.delete_hook(db, "other", other.id)
    assert versions(db) == []
    assert db.execute("SELECT count(*) FROM hook_versions").fetchone() == (0,)


def test_an_older_database_is_relieved_of_what_gathered(nouns):
    """Versions of hooks that are gone, all but the newest 50 of one, images that nobody runs; what is in use stays."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    *older, bounds = migrations()[:3]
    for script in older:
        connection.executescript(script)
    for number in range(60):
        connection.execute("INSERT INTO versions VALUES (?, 't', '', '{}')", (f"{number:02}",))
        connection.execute("INSERT INTO hook_versions VALUES ('a', 'h', ?, ?, 0)", (number + 1, f"{number:02}"))
    connection.execute("INSERT INTO versions VALUES ('gone', 't', '', '{}')")
    connection.execute("INSERT INTO hook_versions VALUES ('a', 'gone', 1, 'gone', 0)")
    connection.execute("INSERT INTO hooks VALUES (1, 'a', 'h', 'n', 't', 1, '59', 0, 0)")
    connection.executemany("INSERT INTO images VALUES (?, '', '', '')", [("59",), ("58",), ("gone",)])

    connection.executescript(bounds)

    assert versions(connection) == [f"{number:02}" for number in range(10, 60)]
    assert connection.execute("SELECT count(*), min(number), max(number) FROM hook_versions").fetchone() == (50, 11, 60)
    assert connection.execute("SELECT version_id FROM images").fetchall() == [("59",)]
    connection.close()


def test_an_image_goes_when_the_last_hook_leaves_its_version(db, nouns):
    """Whether that hook gets another version or is deleted; until then it stays."""
    old, new = nouns.version(), nouns.version()
    first, second = nouns.hook(version=old), nouns.hook(version=old, tenant="other")
    for hook in (first, second):
        tables.create_hook(db, hook, None)
    tables.put_image(db, old.id, "b", b"image")

    tables.update_hook(db, "acme", first.id, HookChange(version=new), 2.0, None)
    assert tables.get_image(db, old.id, "b") == b"image"
    tables.delete_hook(db, "other", second.id)
    assert tables.get_image(db, old.id, "b") is None

    tables.put_image(db, new.id, "b", b"image")
    tables.update_hook(db, "acme", first.id, HookChange(version=old), 3.0, None)
    assert tables.get_image(db, new.id, "b") is None


def test_a_damaged_image_is_none(db, nouns):
    """One flipped bit, in the image or in the checksum."""
    hook = nouns.hook()
    tables.create_hook(db, hook, None)
    for column in ("image", "sha256"):
        tables.put_image(db, hook.version.id, "b", b"image")
        (value,) = db.execute(f"SELECT {column} FROM images").fetchone()
        db.execute(f"UPDATE images SET {column} = ?", (bytes([value[0] ^ 1]) + value[1:],))

        assert tables.get_image(db, hook.version.id, "b") is None


def test_tenants_are_found_without_reading_their_executions(db, nouns):
    """As many steps as tenants: to prune costs little where there is nothing to prune."""
    execution_tables.append_executions(
        db, [nouns.execution(tenant=tenant) for tenant in ("b", "a", "c") for _ in range(2000)]
    )
    steps = []
    db.set_progress_handler(lambda: steps.append(1), 10)

    assert execution_tables.recorded_tenants(db) == ["a", "b", "c"]
    assert len(steps) < 100


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM hooks WHERE tenant = 't' AND trigger_id = 'c' AND enabled = 1",
        "SELECT record FROM executions WHERE tenant = 't' AND id < 'x' ORDER BY id DESC LIMIT 50",
        "SELECT record FROM executions WHERE tenant = 't' AND hook_id = 'h' ORDER BY id DESC LIMIT 50",
        "SELECT number FROM executions WHERE tenant = 't' AND (at, number) <= (5, 5) ORDER BY at, number LIMIT 500",
        "SELECT at, number FROM executions WHERE tenant = 't' ORDER BY at DESC, number DESC LIMIT 1 OFFSET 100000",
        "SELECT at, number FROM executions WHERE tenant = 't' ORDER BY at, number LIMIT 1",
        "SELECT count(*) FROM hooks WHERE tenant = 't'",
        tables._DROP_UNUSED_VERSION.replace("?", "'v'"),
        "DELETE FROM images WHERE version_id = 'v' AND NOT EXISTS (SELECT 1 FROM hooks WHERE hooks.version_id = images.version_id)",
    ],
)
def test_queries_use_an_index(db, query):
    """None of those that run often, or over many rows, sorts or reads a whole table."""
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]

    assert [step for step in plan if "TEMP B-TREE" in step or ("SCAN" in step and "INDEX" not in step)] == []


def test_an_image_that_the_disk_has_changed_is_none(db, nouns, caplog):
    """By one bit; the log says so."""
    hook = nouns.hook()
    tables.create_hook(db, hook, None)
    tables.put_image(db, hook.version.id, "build", b"image")
    assert tables.get_image(db, hook.version.id, "build") == b"image"
    db.execute("UPDATE images SET image = ?", (b"imagd",))
    assert tables.get_image(db, hook.version.id, "build") is None
    assert caplog.messages == [f"the image of version {hook.version.id[:12]} is damaged, and is made again"]
