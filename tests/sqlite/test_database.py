"""A file in use. tests/storage/test_sqlite.py has what is only seen with real rows: damage, a full disk, kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from runtime.errors import Conflict, Unavailable
from runtime.sqlite.database import Connection, Database, IntegrityError, Work, is_dangling, open_database
from runtime.sqlite.opening import Schema

SCHEMA = Schema(
    mark=b"test",
    scripts=(
        "CREATE TABLE authors (name TEXT PRIMARY KEY);",
        "CREATE TABLE notes (text TEXT, author TEXT REFERENCES authors (name));",
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await open_database(path, SCHEMA, busy_seconds=0.05)
    yield database
    await database.close()


def add(name: str) -> Work[int]:
    """Work that adds an author."""
    return lambda db: db.execute("INSERT INTO authors VALUES (?)", (name,)).rowcount


def count(db: Connection) -> int:
    """How many authors there are."""
    number: int = db.execute("SELECT count(*) FROM authors").fetchone()[0]
    return number


async def test_a_read_sees_what_was_written_before(database):
    """On whichever thread."""
    for number in range(20):
        await database.write(add(str(number)))
        assert await database.read(count) == number + 1


async def test_writes_that_come_together_are_committed_together(database):
    """And one that raises undoes itself only."""

    def refuse(db: Connection) -> None:
        add("z")(db)
        raise Conflict("no")

    works = [add("a"), add("b"), refuse, add("a"), add("c")]
    answers = await asyncio.gather(*map(database.write, works), return_exceptions=True)

    assert [type(answer) for answer in answers] == [int, int, Conflict, IntegrityError, int]
    assert await database.read(count) == 3
    assert database.transactions <= 2


async def test_a_reader_can_not_write(database):
    """What is written goes through the writer, or nobody knows when it is durable."""
    with pytest.raises(Unavailable):
        await database.read(add("a"))


async def test_a_locked_database_is_unavailable(database, path):
    """After the time that was given; the next write after the lock is made."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught:
        await database.write(add("a"))
    other.close()

    assert caught.value.debug == "SQLITE_BUSY: database is locked"
    assert await database.read(count) == 0
    await database.write(add("a"))


async def test_a_refused_write_says_why(database):
    """A row that refers to nothing, and a row that is there already."""
    await database.write(add("a"))
    with pytest.raises(IntegrityError) as twice:
        await database.write(add("a"))
    with pytest.raises(IntegrityError) as dangling:
        await database.write(lambda db: db.execute("INSERT INTO notes VALUES ('x', 'nobody')"))

    assert not is_dangling(twice.value)
    assert is_dangling(dangling.value)


async def test_what_was_taken_is_written_before_the_end(database, path):
    """Closing twice is no error; what comes later is `Unavailable`; the database is one file then."""
    taken = [asyncio.ensure_future(database.write(add(str(number)))) for number in range(10)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()

    assert await asyncio.gather(*taken) == [1] * 10
    for late in (database.write(add("late")), database.read(count)):
        with pytest.raises(Unavailable):
            await late
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_nothing_is_written_to_a_file_that_is_not_there_any_more(database, path):
    """Removed, or another in its place: SQLite has it open and would take it, for nobody to find. When it is back, all goes on."""
    await database.write(add("first"))
    away = path.with_name("away.db")
    path.rename(away)
    with pytest.raises(Unavailable) as caught:
        await database.write(add("lost"))
    assert caught.value.debug == f"{path} was removed, or another file is in its place"
    path.touch()
    with pytest.raises(Unavailable):
        await database.write(add("lost, too"))
    away.replace(path)
    await database.write(add("second"))
    assert await database.read(count) == 2


async def test_what_is_written_while_the_file_goes_is_not_acknowledged(database, path):
    """It may be there or not, as after any `Unavailable`."""
    with pytest.raises(Unavailable):
        await database.write(lambda db: (add("late")(db), path.unlink()))


async def test_without_descriptors_what_is_open_is_written(database):
    """Who reads first connects for it, and can not. When there are some, all goes on."""
    await database.write(add("first"))
    with without_descriptors():
        await database.write(add("second"))
        with pytest.raises(Unavailable) as caught:
            await database.read(count)
    assert (caught.value.debug or "").startswith("SQLITE_CANTOPEN")
    await database.write(add("third"))
    assert await database.read(count) == 3


@contextlib.contextmanager
def without_descriptors() -> Iterator[None]:
    """This process has those that it has."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_a_removed_file_is_not_made_anew(path):
    """Readers connect when they are needed first; one that comes too late must not find an empty database."""
    database = await open_database(path, SCHEMA)
    path.unlink()

    with pytest.raises(Unavailable):
        await database.read(count)

    assert not path.exists()
    await database.close()
