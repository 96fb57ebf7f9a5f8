"""What the database notes of changes, whoever makes them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from runtime.storage.change_tables import changes_after, newest
from runtime.storage.sqlite import open_sqlite
from tests.databases import other_process


async def test_the_database_itself_notes_changes(tmp_path: Path, nouns) -> None:
    """Also of who writes to it by other means; the numbers go on after the oldest are gone."""
    path = tmp_path / "hookd.db"
    storage = await open_sqlite(path)
    hook = nouns.hook()
    await storage.create_hook(hook)
    await storage.close()
    with other_process(path) as db:
        assert newest(db) == (1, 0)
        db.execute("UPDATE hooks SET name = 'x'")
        assert changes_after(db, 1) == ([("acme", hook.trigger)], 2)
        assert changes_after(db, 2) == ([], 2)
        db.execute("DELETE FROM changes WHERE number = 1")
        assert changes_after(db, 1) == ([("acme", hook.trigger)], 2)
        assert changes_after(db, 0) == (None, 2)
        db.execute("DELETE FROM changes")
        db.execute("INSERT INTO secrets SELECT number, 'A', 'sealed' FROM hooks")
        assert newest(db) == (3, 0)


async def test_another_database_in_its_place_is_all_new(tmp_path: Path) -> None:
    """A copy from before has fewer changes than were read."""
    path = tmp_path / "hookd.db"
    await (await open_sqlite(path)).close()
    with other_process(path) as db, closing(db.cursor()):
        assert changes_after(db, 5) == (None, 0)
