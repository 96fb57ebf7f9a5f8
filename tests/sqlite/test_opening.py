"""Opening a file: whose it is, which schema it has. tests/storage/test_sqlite.py opens the real ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.sqlite.opening import Schema, connect, enter_wal, open_file
from tests.databases import other_process

SCHEMA = Schema(mark=b"test", scripts=("CREATE TABLE notes (text TEXT);\nINSERT INTO notes VALUES ('a; b');\n",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a b?c.db"


def found(path: Path, query: str) -> object:
    """What the query's one row has in its one column."""
    with other_process(path) as db:
        return db.execute(query).fetchone()[0]


def test_a_new_file_is_private_marked_and_durable(path):
    """Mode 0600, our mark, version 1, WAL, a sync for each commit, references that are held."""
    db = open_file(path, SCHEMA, 1.0)
    pragmas = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    db.close()

    assert pragmas == ["wal", 2, 1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert found(path, "PRAGMA application_id") == int.from_bytes(b"test")
    assert found(path, "PRAGMA user_version") == 1


def test_a_script_is_read_by_sqlites_rules(path):
    """A semicolon within a text ends no statement."""
    open_file(path, SCHEMA, 1.0).close()

    assert found(path, "SELECT text FROM notes") == "a; b"


def test_opening_again_applies_only_what_is_new(path):
    """What is there stays."""
    open_file(path, SCHEMA, 1.0).close()
    more = Schema(mark=b"test", scripts=(*SCHEMA.scripts, "UPDATE notes SET text = text || '!';"))
    for _ in range(2):
        open_file(path, more, 1.0).close()

    assert found(path, "SELECT text FROM notes") == "a; b!"
    assert found(path, "PRAGMA user_version") == 2
    with pytest.raises(SettingsError, match="its schema has version 2, this one knows 1"):
        open_file(path, SCHEMA, 1.0)


@pytest.mark.parametrize("statement", ["CREATE TABLE theirs (a)", "PRAGMA application_id = 7"])
def test_what_is_not_ours_is_left_alone(path, statement):
    """A file with another mark, or with tables and none; the file of hookd's other service too."""
    with other_process(path, statement):
        pass
    before = path.read_bytes()

    with pytest.raises(SettingsError, match="it belongs to another program"):
        open_file(path, SCHEMA, 1.0)
    assert path.read_bytes() == before


def test_the_two_services_do_not_take_each_others_file(path):
    """Each has a mark of its own."""
    open_file(path, SCHEMA, 1.0).close()

    with pytest.raises(SettingsError, match="it belongs to another program"):
        open_file(path, Schema(mark=b"tess", scripts=SCHEMA.scripts), 1.0)


def test_a_script_that_fails_changes_nothing(path):
    """All scripts are one transaction."""
    broken = Schema(mark=b"test", scripts=(*SCHEMA.scripts, "NONSENSE;"))
    with pytest.raises(SettingsError, match='near "NONSENSE": syntax error'):
        open_file(path, broken, 1.0)

    assert found(path, "SELECT count(*) FROM sqlite_master") == 0


def test_a_removed_file_is_not_made_anew(path):
    """Who connects late must not find an empty database."""
    with pytest.raises(sqlite3.OperationalError):
        connect(path, 1.0)

    assert not path.exists()


def test_who_makes_the_file_waits_for_another_who_does(path):
    """SQLite itself gives up at once when somebody else holds a new file's lock, whatever its timeout."""
    with other_process(path, "BEGIN IMMEDIATE") as first, other_process(path) as second:

        def let_go(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE":  # The second asks for the lock.
                first.execute("ROLLBACK")

        second.set_trace_callback(let_go)

        enter_wal(second, path)

        assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)
