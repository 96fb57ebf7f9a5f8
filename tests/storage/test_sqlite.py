from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.errors import HookNameTaken, SettingsError, Unavailable
from runtime.model import ConsoleLine, Failure, Refusal
from runtime.sqlite.database import open_database
from runtime.sqlite.opening import Schema
from runtime.storage import records
from runtime.storage.base import ExecutionFilter, HookChange, HookFilter
from runtime.storage.sqlite import SqliteStorage, migrations, open_sqlite
from tests.databases import other_process

REPOSITORY = Path(__file__).parents[2]
ALL = HookFilter()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hookd.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[SqliteStorage]:
    storage = await open_sqlite(path, busy_seconds=0.05)
    yield storage
    await storage.close()


async def test_writes_are_synced(storage):
    """WAL with synchronous=FULL (2): a power cut loses nothing that was acknowledged, too."""
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    found = await storage._database.write(lambda db: [db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas])

    assert found == ["wal", 2, 1]


async def test_what_was_stored_is_there_after_a_restart(path, nouns):
    """Closed in good order, the database is one file: it can be copied."""
    storage = await open_sqlite(path)
    hook = nouns.hook(enabled=True)
    await storage.create_hook(hook)
    await storage.close()

    assert [file.name for file in path.parent.iterdir()] == ["hookd.db"]
    storage = await open_sqlite(str(path))
    assert await storage.enabled_hooks("acme", hook.trigger) == (hook,)
    await storage.close()


# group commit


async def test_writes_that_wait_share_a_transaction(path, storage, nouns):
    """A hundred writes during somebody else's transaction take two: the one that waits for it, and the rest."""
    patient = await open_sqlite(path)
    with other_process(path, "BEGIN IMMEDIATE") as db:
        calls = [asyncio.ensure_future(patient.create_hook(nouns.hook())) for _ in range(100)]
        await asyncio.sleep(0)
        db.execute("ROLLBACK")
        await asyncio.gather(*calls)

    assert 1 <= patient.transactions <= 2
    assert (await storage.list_hooks("acme", ALL, start=0, limit=0))[1] == 100
    await patient.close()


async def test_an_error_undoes_only_its_own_write(storage, nouns):
    """The transaction that it shares is committed; of itself it leaves nothing."""
    hooks = [nouns.hook(name=name) for name in ("a", "b", "a", "c")]
    hooks[2] = nouns.hook(name="a", enabled=True)

    answers = await asyncio.gather(*map(storage.create_hook, hooks), return_exceptions=True)

    assert [type(answer).__name__ for answer in answers] == [
        "HookWritten",
        "HookWritten",
        "HookNameTaken",
        "HookWritten",
    ]
    assert isinstance(answers[2], HookNameTaken)
    assert await storage.list_hooks("acme", ALL, start=0, limit=9) == ([hooks[0], hooks[1], hooks[3]], 3)


async def test_a_write_that_is_too_large_for_the_disk_fails_alone(storage, nouns):
    """SQLite may undo the whole transaction then; the others get another one."""
    await storage._database.write(lambda db: db.execute("PRAGMA max_page_count = 100").fetchone())
    large = nouns.hook(version=nouns.version(script="x" * 1_000_000))
    hooks = [nouns.hook(), large, nouns.hook()]

    answers = await asyncio.gather(*map(storage.create_hook, hooks), return_exceptions=True)

    assert [type(answer).__name__ for answer in answers] == ["HookWritten", "Unavailable", "HookWritten"]
    assert isinstance(answers[1], Unavailable)
    assert answers[1].debug == "SQLITE_FULL: database or disk is full"
    assert (await storage.list_hooks("acme", ALL, start=0, limit=9))[0] == [hooks[0], hooks[2]]


async def test_storages_may_be_opened_at_once(path):
    """The same within one process, where threads are closer to each other: no locking error, one schema."""
    storages = await asyncio.gather(*(open_sqlite(path) for _ in range(8)))

    for storage in storages:
        await storage.ping()
        await storage.close()


async def test_readers_do_not_wait_for_a_writer(path, storage, nouns):
    """While another process is in the middle of a transaction, reads see what was committed before."""
    hook = nouns.hook(enabled=True)
    await storage.create_hook(hook)

    with other_process(path, "BEGIN IMMEDIATE", "UPDATE hooks SET enabled = 0"):
        assert await storage.enabled_hooks("acme", hook.trigger) == (hook,)


# what is out of order


async def test_a_locked_database_is_unavailable(path, storage, nouns):
    """After the time it waits; the write is not made later, and the next one after the lock is."""
    first, second = nouns.hook(), nouns.hook()
    with other_process(path, "BEGIN IMMEDIATE"), pytest.raises(Unavailable) as caught:
        await storage.create_hook(first)

    assert caught.value.debug == "SQLITE_BUSY: database is locked"
    await storage.create_hook(second)
    assert (await storage.list_hooks("acme", ALL, start=0, limit=9))[0] == [second]


async def test_many_who_wait_for_a_lock_wait_once(path, storage, nouns):
    """The whole group is told after the time of one."""
    with other_process(path, "BEGIN IMMEDIATE"):
        answers = await asyncio.gather(*(storage.create_hook(nouns.hook()) for _ in range(20)), return_exceptions=True)

    assert {type(answer) for answer in answers} == {Unavailable}
    assert storage.transactions < 10


async def test_a_reader_can_not_write(storage):
    """What is written goes through the writer, or nobody knows when it is durable."""
    with pytest.raises(Unavailable) as caught:
        await storage._database.read(lambda db: db.execute("DELETE FROM hooks"))

    assert caught.value.debug == "SQLITE_READONLY: attempt to write a readonly database"


async def test_a_damaged_database_is_unavailable(path, storage, nouns):
    """Reads and writes say so, the operator's log says how, the caller reads nothing of it."""
    await storage.create_hook(nouns.hook())
    await storage.close()
    with other_process(path) as database:
        roots = database.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = 'hooks' AND rootpage").fetchall()
    with path.open("r+b") as file:
        for (root,) in roots:
            file.seek(4096 * (root - 1))
            file.write(b"\xa5" * 4096)

    damaged = await open_sqlite(path)
    for call in (damaged.create_hook(nouns.hook()), damaged.list_hooks("acme", ALL, start=0, limit=9), damaged.ping()):
        with pytest.raises(Unavailable) as caught:
            await call
        assert caught.value.debug == "SQLITE_CORRUPT: database disk image is malformed"
        assert caught.value.message == "The storage does not answer. Try again later."
    await damaged.close()


async def test_a_mistake_of_ours_is_no_unavailability(storage, nouns):
    """The same id twice, a value too few: to try again later would be wrong advice."""
    hook = nouns.hook()
    await storage.create_hook(hook)

    with pytest.raises(sqlite3.IntegrityError):
        await storage.create_hook(nouns.hook(id=hook.id))
    with pytest.raises(sqlite3.ProgrammingError):
        await storage._database.read(lambda db: db.execute("SELECT ?"))

    await storage.ping()


# opening


async def test_a_new_file_is_its_owner_s_only(path, storage, nouns):
    """Scripts and sealed secrets are nobody else's business; SQLite gives the files beside it the same mode."""
    await storage.create_hook(nouns.hook())

    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


async def test_a_newer_database_is_refused(path):
    """And left as it is: the message says what to do."""
    await (await open_sqlite(path)).close()
    with other_process(path, f"PRAGMA user_version = {len(migrations()) + 1}"):
        pass
    before = path.read_bytes()

    newest = len(migrations())
    with pytest.raises(
        SettingsError,
        match=rf"hookd\.db was written by a newer hookd: .* version {newest + 1}, this one knows {newest}",
    ):
        await open_sqlite(path)

    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused(path):
    """And left as it is, journal mode included."""
    with other_process(path, "CREATE TABLE theirs (a)", "INSERT INTO theirs VALUES (1)"):
        pass
    before = path.read_bytes()

    with pytest.raises(SettingsError, match="it belongs to another program"):
        await open_sqlite(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda path: path.write_bytes(b"no database " * 1000), "file is not a database"),
        (lambda path: path.mkdir(), "unable to open database file"),
    ],
)
async def test_what_is_no_database_is_a_wrong_setting(path, make, reason):
    """The message names the file and what is wrong with it."""
    make(path)

    with pytest.raises(SettingsError, match=f"The database {path} can not be used: {reason}"):
        await open_sqlite(path)


async def test_a_missing_folder_is_a_wrong_setting(tmp_path):
    """It is `bootstrap` that makes folders."""
    with pytest.raises(SettingsError, match="No such file or directory"):
        await open_sqlite(tmp_path / "missing" / "hookd.db")


async def test_an_older_database_is_migrated(path, nouns):
    """What it has stays; the scripts that it has not seen are applied, those it has are not."""
    await (await open_database(path, Schema(mark=b"hook", scripts=migrations()[:1]))).close()
    hook = nouns.hook(enabled=True)
    with other_process(path) as db:
        content = (hook.version.id, hook.trigger, hook.version.script, "{}")
        db.execute("INSERT INTO versions VALUES (?, ?, ?, ?)", content)
        row = (1, "acme", hook.id, hook.name, hook.trigger, 1, hook.version.id, 1.0, 1.0)
        db.execute("INSERT INTO hooks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    storage = await open_sqlite(path)

    assert await storage.enabled_hooks("acme", hook.trigger) == (hook,)
    assert (await storage.create_hook(nouns.hook(enabled=True))).disabled is not None
    await storage.append_executions([nouns.execution()])
    await storage.close()


async def test_older_executions_are_found_by_what_they_are(path, nouns):
    """Records that were kept before there were columns for it."""
    broke, refused = Failure(code="cpu_limit", message="long"), Refusal(name="Error", message="no")
    rows = [
        nouns.execution(failure=broke, request_id="r-1"),
        nouns.execution(failure=refused, trigger="password-exchange"),
        nouns.execution(console=(ConsoleLine(level="warn", text="\u00e9 '$.level'"),)),
        nouns.execution(),
    ]
    await (await open_database(path, Schema(mark=b"hook", scripts=migrations()[:8]))).close()
    with other_process(path) as db:
        for row in rows:
            told = (row.tenant, row.id, row.hook_id, row.client_id, row.decision, row.at, records.encode(row))
            db.execute(
                "INSERT INTO executions (tenant, id, hook_id, client_id, decision, at, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
                told,
            )

    storage = await open_sqlite(path)

    for wanted in (
        ExecutionFilter(outcome="cpu_limit", level="error", request_id="r-1"),
        ExecutionFilter(outcome="refusal", trigger="password-exchange"),
        ExecutionFilter(level="warn", outcome="answer"),
        ExecutionFilter(outcome="answer"),
    ):
        assert await storage.list_executions("acme", wanted, limit=9) == [
            row for row in rows[::-1] if wanted.wants(row)
        ]
    room = sum(len(records.encode(row)) for row in rows[2:])
    assert await storage.prune_executions(older_than=0.0, most=9, most_bytes=room) == 2
    await storage.close()


async def test_a_migration_that_fails_changes_nothing(path, monkeypatch):
    """All scripts are one transaction: the next start finds what was there before."""
    with monkeypatch.context() as broken:
        broken.setattr("runtime.storage.sqlite.migrations", lambda: [*migrations(), "CREATE TABLE t (a);\nNONSENSE;\n"])
        with pytest.raises(SettingsError, match='near "NONSENSE": syntax error'):
            await open_sqlite(path)

    with other_process(path) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    await (await open_sqlite(path)).close()


def test_migrations_are_numbered_without_a_gap():
    """The number in the name is the schema's version."""
    names = sorted(file.name for file in (REPOSITORY / "runtime/storage/schema").iterdir())

    assert [int(name.split("_")[0]) for name in names] == list(range(1, len(names) + 1))
    assert len(names) == len(migrations())


async def test_a_path_may_have_any_name(tmp_path, nouns):
    """Not one that SQLite takes for a URI's parameters."""
    path = tmp_path / "a b?mode=memory#%41é.db"
    storage = await open_sqlite(path)
    await storage.create_hook(nouns.hook())
    await storage.close()

    assert path.exists()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


# closing


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_is_left_open(path, nouns):
    """Descriptors and threads are the same after many storages as before."""

    async def use() -> int:
        storage = await open_sqlite(path)
        await asyncio.gather(*(storage.ping() for _ in range(10)))
        await storage.create_hook(nouns.hook())
        await storage.close()
        return descriptors()

    first = await use()
    for _ in range(20):
        last = await use()

    assert last <= first
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("hookd-")] == []


async def test_a_change_after_a_cancelled_one_comes_after_it(storage, nouns):
    """Writes keep their order, also those nobody waits for."""
    hook = nouns.hook()
    await storage.create_hook(hook)
    left = asyncio.ensure_future(storage.update_hook("acme", hook.id, HookChange(name="left"), 2.0))
    await asyncio.sleep(0)
    left.cancel()

    await storage.update_hook("acme", hook.id, HookChange(enabled=True), 3.0)

    stored = await storage.get_hook("acme", hook.id)
    assert (stored.name, stored.enabled) == ("left", True)
