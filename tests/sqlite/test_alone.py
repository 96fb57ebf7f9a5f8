"""One process has a file to itself, or has it not: real files, and connections as other processes have them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.sqlite.alone import Alone
from runtime.sqlite.opening import Schema, open_file
from tests.databases import other_process

SCHEMA = Schema(mark=b"test", scripts=("CREATE TABLE notes (text TEXT);",))
TEXTS = "SELECT text FROM notes ORDER BY rowid"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a b?c.db"
    open_file(file, SCHEMA, 1.0).close()
    return file


def texts(path: Path) -> list[str]:
    with other_process(path) as db:
        return [text for (text,) in db.execute(TEXTS)]


async def opened(path: Path, *, is_source: bool = False) -> Alone:
    alone = await Alone.open(path, is_source=is_source)
    assert alone is not None
    return alone


async def noted(alone: Alone, text: str) -> None:
    await alone.run(lambda db: db.execute("INSERT INTO notes VALUES (?)", (text,)))


async def test_all_or_nothing(path):
    """What was not committed is not there, also for who opens it next."""
    first = await opened(path)
    await noted(first, "a")
    await first.close()
    await first.close()
    assert texts(path) == []
    second = await opened(path)
    await noted(second, "b")
    await noted(second, "c")
    await second.commit()
    await second.close()

    assert texts(path) == ["b", "c"]


@pytest.mark.parametrize("is_source", [True, False])
async def test_nobody_else_opens_it(path, is_source):
    """Neither to read nor to write; afterwards as before."""
    alone = await opened(path, is_source=is_source)
    with pytest.raises(sqlite3.OperationalError, match="locked"), other_process(path, "PRAGMA busy_timeout = 0") as db:
        db.execute(TEXTS)
    await alone.close()

    assert texts(path) == []


async def test_who_has_it_open_is_noticed_and_left_alone(path):
    """Also who has done nothing but read, and does nothing now: it writes on."""
    for statement in ("SELECT * FROM notes", "INSERT INTO notes VALUES ('there')"):
        with other_process(path, statement) as db:
            assert await Alone.open(path, is_source=True) is None
            db.execute("INSERT INTO notes VALUES ('more')")
    alone = await opened(path)
    assert await alone.run(lambda db: db.execute("SELECT count(*) FROM notes").fetchone()) == (3,)
    await alone.close()


async def test_a_source_is_not_changed_by_a_byte(path):
    """It refuses to be written."""
    before = path.read_bytes()
    alone = await opened(path, is_source=True)
    with pytest.raises(Unavailable) as caught:
        await noted(alone, "a")
    assert "readonly" in caught.value.debug
    await alone.close()

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_what_is_no_database_is_unavailable(tmp_path):
    """With SQLite's own words for the operator."""
    (tmp_path / "text").write_text("not a database " * 100)
    with pytest.raises(Unavailable) as caught:
        await Alone.open(tmp_path / "text", is_source=True)
    assert "not a database" in caught.value.debug
