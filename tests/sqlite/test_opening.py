"""Opening a file: whose it is, which schema it has. tests/storage/test_sqlite.py opens the real ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.sqlite import opening
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


@pytest.mark.parametrize("statements", [["BEGIN IMMEDIATE"], ["BEGIN", "SELECT * FROM sqlite_master"]])
def test_who_makes_the_file_waits_for_another_who_does(path, statements):
    """SQLite itself gives up at once when somebody else writes or reads a new file, whatever its timeout."""
    with other_process(path, *statements) as first, other_process(path) as second:

        def let_go(statement: str) -> None:
            if statement == "BEGIN EXCLUSIVE":  # The second asks for the lock.
                first.execute("ROLLBACK")

        second.set_trace_callback(let_go)
        second.execute("PRAGMA busy_timeout = 0")  # it is let go before the second asks

        enter_wal(second, path)

        assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_becomes_ours_while_it_is_looked_at_is_ours(path, monkeypatch):
    """Another process makes the schema between the look at the mark and the look at the tables."""
    with other_process(path, "PRAGMA journal_mode = WAL"):
        pass

    def watched(path: Path, busy_seconds: float) -> sqlite3.Connection:
        connection = connect(path, busy_seconds)

        def make(statement: str) -> None:
            if "sqlite_master" in statement:
                connection.set_trace_callback(None)
                monkeypatch.undo()
                open_file(path, SCHEMA, 1.0).close()

        connection.set_trace_callback(make)
        return connection

    monkeypatch.setattr(opening, "connect", watched)

    open_file(path, SCHEMA, 1.0).close()

    assert found(path, "SELECT count(*) FROM notes") == 1
