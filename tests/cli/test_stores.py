"""What `hookd doctor` says of the storage and of the token server's database; and that a look changes nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runtime.cli.check import BAD, GOOD, LOOK, Check
from runtime.cli.checks import look_at_machine
from runtime.cli.stores import look_at_stores
from runtime.issuer.opening import open_moving, open_store
from runtime.issuer.records import SigningKey
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.settings import Settings, StorageSettings
from runtime.storage.opening import choose_storage
from tests.databases import other_process
from tests.redis_servers import RedisServer

PASSWORD = "not-to-be-seen"
BOTH = pytest.mark.parametrize("name", ["storage", "token server"])
KEY = SigningKey(kid="a", state="current", jwk={"kty": "RSA"}, private_pem="secret\n", since=0.1)


def at(name: str, url: str, prefix: str = "test") -> Settings:
    """The configuration of one of the two there; the other one has nothing yet."""
    if name == "storage":
        return Settings(storage=StorageSettings(url=url, prefix=prefix, timeout_ms=5_000))
    return Settings(issuer=IssuerSettings(database=url, database_prefix=prefix, database_timeout_ms=5_000))


def found(name: str, settings: Settings) -> Check:
    """The line of this name."""
    return {check.name: check for check in look_at_stores(settings)}[name]


async def make(name: str, settings: Settings, *, used: bool = True) -> None:
    """As a first start leaves it."""
    if name == "storage":
        await (await choose_storage(settings.storage).open()).close()
        return
    store = await open_store(settings.issuer)
    if used:
        await store.signing_keys.change(lambda _: [KEY])
    await store.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current one: relative paths begin there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def unchanged(folder: Path) -> Callable[[str, Settings], Check]:
    """`found`, and nothing is there afterwards that was not before."""

    def look(name: str, settings: Settings) -> Check:
        before = {path: path.read_bytes() for path in folder.iterdir()}
        check = found(name, settings)
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
        return check

    return look


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@BOTH
async def test_a_file(name: str, folder: Path, unchanged):
    """None yet, one that was used, one of an older hookd. Nothing is made beside it."""
    url = f"sqlite:///{folder}/a b?.db"
    settings = at(name, url)
    assert unchanged(name, settings) == Check(name, GOOD, f"{url}, made at the first start")
    await make(name, settings)
    well = unchanged(name, settings)
    assert (well.state, well.found.rpartition(" ")[0], well.remedy) == (GOOD, f"{url}, schema", "")
    will = well.found.rpartition(" ")[2]
    change(folder / "a b?.db", "PRAGMA user_version = 1")
    assert unchanged(name, settings) == Check(
        name, LOOK, f"{url} has schema 1", f"The next start makes {will} of it: keep a copy before."
    )


@BOTH
async def test_a_file_that_a_service_has_open(name: str, folder: Path):
    """Also what is not yet in the file itself is seen: the newest lies beside it."""
    settings = at(name, f"sqlite:///{folder}/a.db")
    await make(name, settings)
    with other_process(folder / "a.db", "PRAGMA wal_autocheckpoint = 0", "PRAGMA user_version = 1"):
        assert found(name, settings).found == f"sqlite:///{folder}/a.db has schema 1"


@BOTH
def test_what_is_no_database(name: str, folder: Path, unchanged):
    """Not a database at all, another program's, and that of the other of the two services."""
    settings = at(name, f"sqlite:///{folder}/a.db")
    remedies = {
        "storage": "Name another file in [storage] url, or put a whole copy of it in its place.",
        "token server": "Name another file in [issuer] database, or put a whole copy of it in its place.",
    }
    (folder / "a.db").write_bytes(b"SQLite? no" * 100)
    check = unchanged(name, settings)
    text = f"The database {folder}/a.db can not be used: file is not a database"
    assert check == Check(name, BAD, text, remedies[name])
    (folder / "a.db").unlink()
    change(folder / "a.db", "CREATE TABLE mine (a)")
    text = f"The database {folder}/a.db can not be used: it belongs to another program"
    assert unchanged(name, settings) == Check(name, BAD, text, remedies[name])


@BOTH
async def test_the_file_of_the_other_service(name: str, folder: Path, unchanged):
    """One configuration that names the same file twice."""
    settings = at(name, f"sqlite:///{folder}/a.db")
    other = "token server" if name == "storage" else "storage"
    await make(other, at(other, f"sqlite:///{folder}/a.db"))
    assert unchanged(name, settings).found.endswith("it belongs to another program")


@BOTH
async def test_a_file_of_a_newer_hookd(name: str, folder: Path, unchanged):
    """It says what to do itself."""
    settings = at(name, f"sqlite:///{folder}/a.db")
    await make(name, settings)
    change(folder / "a.db", "PRAGMA user_version = 999")
    check = unchanged(name, settings)
    assert (check.state, check.remedy) == (BAD, "")
    assert "was written by a newer hookd: its schema has version 999" in check.found
    assert check.found.endswith("Use that hookd, or a copy of the database from before")


@BOTH
async def test_a_file_that_is_not_for_us(name: str, folder: Path, monkeypatch):
    """To read, or to write: tests run as root, too, which may do everything."""
    settings = at(name, f"sqlite:///{folder}/a.db")
    await make(name, settings)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    check = found(name, settings)
    assert (check.state, check.found) == (BAD, f"sqlite:///{folder}/a.db: {folder}/a.db can not be written to")
    assert check.remedy == "Let the service's user write there."

    def refused(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.R_OK)
    monkeypatch.setattr(sqlite3, "connect", refused)
    check = found(name, settings)
    assert (check.state, check.found.endswith("can not be used: unable to open database file")) == (BAD, True)
    assert check.remedy == f"Look as the service's user, or let this one read {folder}/a.db."


@BOTH
async def test_a_file_that_is_being_moved(name: str, folder: Path, monkeypatch):
    """Whoever moves it has it to itself."""
    settings = at(name, f"sqlite:///{folder}/a.db")
    await make(name, settings)

    def locked(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(sqlite3, "connect", locked)
    check = found(name, settings)
    command = "hookd migrate" if name == "storage" else "hookd migrate --issuer"
    assert check.remedy == f"Another process has it to itself. Look again when `{command}` has ended."


async def test_an_unfinished_storage_in_a_file(folder: Path, unchanged):
    """What to do next is a command that can be pasted, but for the configuration's name."""
    settings = at("storage", f"sqlite:///{folder}/a b.db")
    storage = await choose_storage(settings.storage, is_target=True).open()
    await storage.begin_moving("redis://h:6379/0")
    await storage.close()
    assert unchanged("storage", settings) == Check(
        "storage",
        BAD,
        f"sqlite:///{folder}/a b.db is unfinished: what is moved into it from redis://h:6379/0 is not all there",
        "Where nothing moves it any more, go on: hookd migrate --config FILE --from redis://h:6379/0 "
        f"--to 'sqlite:///{folder}/a b.db'; or empty it with --discard.",
    )


@BOTH
async def test_an_unfinished_one_in_a_redis(name: str, folder: Path, redis_server: RedisServer, prefix: str):
    """Its password is not shown."""
    settings = at(name, redis_server.url, prefix)
    if name == "storage":
        storage = await choose_storage(settings.storage, is_target=True).open()
        await storage.begin_moving(f"sqlite:///{folder}/old.db")
        await storage.close()
    else:
        moving = await open_moving(settings.issuer, is_target=True)
        await moving.begin_moving(f"sqlite:///{folder}/old.db")
        await moving.close()
    check = looked_at(name, settings, redis_server, prefix)
    command = "hookd migrate" if name == "storage" else "hookd migrate --issuer"
    assert check == Check(
        name,
        BAD,
        f"{redis_server.url} is unfinished: what is moved into it from sqlite:///{folder}/old.db is not all there",
        f"Where nothing moves it any more, go on: {command} --config FILE --from sqlite:///{folder}/old.db "
        f"--to {redis_server.url}; or empty it with --discard.",
    )


def contents(server: RedisServer, prefix: str) -> dict[str, str]:
    """Every key under this prefix, and what it has, as text."""
    keys = server.cli("KEYS", f"{prefix}:*").split()
    dumped = {key: server.cli("--no-raw", "DUMP", key).strip() for key in keys}
    return {key: text for key, text in dumped.items() if text != "(nil)"}


def looked_at(name: str, settings: Settings, server: RedisServer, prefix: str) -> Check:
    """`found`, and Redis has nothing else afterwards; what was there for a time only may be gone."""
    before = contents(server, prefix)
    check = found(name, settings)
    assert contents(server, prefix).items() <= before.items()
    return check


@BOTH
async def test_a_redis(name: str, redis_server: RedisServer, prefix: str, folder: Path):
    """None yet, one that was used, a newer hookd's, another program's. From within an event loop, and nothing is changed."""
    settings, url = at(name, redis_server.url, prefix), redis_server.url

    def look() -> Check:
        return looked_at(name, settings, redis_server, prefix)

    assert look() == Check(name, GOOD, f"{url}, made at the first start")
    redis_server.cli("SET", f"{prefix}:theirs", "1")
    foreign = look()
    assert (foreign.state, foreign.remedy) == (BAD, "")
    assert f"keys that begin with {prefix}: belong to another program. Choose another [" in foreign.found
    redis_server.cli("DEL", f"{prefix}:theirs")
    await make(name, settings)
    assert look() == Check(name, GOOD, f"{url}, schema 1")
    (mark,) = (key for key in contents(redis_server, prefix) if key.endswith("format"))
    redis_server.cli("SET", mark, f"{'hookd' if name == 'storage' else 'hookd-issuer'} 999")
    newer = look()
    assert (newer.state, newer.remedy) == (BAD, "")
    assert "was written by a newer hookd: its format is 999" in newer.found
    redis_server.cli("SET", mark, "other 1")
    theirs = look()
    assert (theirs.state, theirs.found.endswith("belongs to another program")) == (BAD, True)


@BOTH
def test_a_redis_that_does_not_answer(name: str, folder: Path):
    """Without its password."""
    settings = at(name, f"unix://u:{PASSWORD}@/none/redis.sock")
    check = found(name, settings)
    setting = "[storage] url" if name == "storage" else "[issuer] database"
    assert (check.state, "can not be used" in check.found, check.remedy) == (BAD, True, "")
    assert check.found.endswith(f". See that it runs and lets hookd in, then start again; {setting} says where it is")
    assert PASSWORD not in check.found + check.remedy


@BOTH
def test_a_setting_that_is_wrong(name: str, folder: Path):
    """As the service would say it."""
    check = found(name, at(name, f"mysql://u:{PASSWORD}@h/1"))
    assert (check.state, check.remedy, PASSWORD in check.found) == (BAD, "", False)
    assert check.found.startswith("'storage.url' must be" if name == "storage" else "'issuer.database' must be")


async def test_a_token_servers_file_that_nobody_used(folder: Path, unchanged):
    """As a move leaves it that was cut off, and as nobody would think of it."""
    settings = at("token server", str(folder / "issuer.db"))
    expected = Check(
        "token server",
        LOOK,
        f"sqlite:///{folder}/issuer.db is empty: no token server was ever started with it",
        "Fine before the first start. Else a move into it did not come to its end: hookd migrate --issuer again.",
    )
    (folder / "issuer.db").touch()
    assert unchanged("token server", settings) == expected
    moving = await open_moving(settings.issuer, is_target=True)
    await moving.restore(KEY)
    await moving.close()
    assert unchanged("token server", settings) == expected
    await make("token server", settings)
    assert unchanged("token server", settings).state == GOOD


async def test_a_token_server_that_is_not_configured(folder: Path):
    """There is no line where nothing is; what lies at the usual place is to be looked at, and keeps no runtime from its work."""
    settings = Settings()
    assert [check.name for check in look_at_stores(settings)] == ["storage"]
    (folder.parent / ".hookd").mkdir()
    (folder.parent / ".hookd/issuer.db").write_bytes(b"SQLite? no" * 100)
    assert found("token server", settings).state == LOOK
    (folder.parent / ".hookd/issuer.db").unlink()
    await make("token server", settings)
    assert found("token server", settings).state == GOOD


def test_they_are_among_doctors_lines(folder: Path):
    """With the storage's."""
    settings = at("token server", str(folder / "issuer.db"))
    names = [check.name for check in look_at_machine(settings)]
    assert names.index("token server") == names.index("storage") + 1


@BOTH
async def test_a_redis_that_would_lose_what_it_is_given(name: str, prefix: str, tmp_path: Path):
    """What the log says at each start, also before the first: each with what to do. A look changes nothing."""
    lost = {"appendonly": "no", "maxmemory-policy": "allkeys-lru"}
    with RedisServer(tmp_path / "redis", **lost) as server:
        settings = at(name, server.url, prefix)
        for _ in range(2):
            checks = [check for check in look_at_stores(settings) if check.name == name]
            assert [check.state for check in checks] == [GOOD, LOOK, LOOK]
            assert [check.remedy for check in checks[1:]] == ["Set appendonly yes.", "Set it to noeviction."]
            assert [check.found.partition(": ")[2] for check in checks[1:]] == [
                "appendonly is off: what was acknowledged is lost when Redis ends",
                "maxmemory-policy is allkeys-lru: it removes what is kept when memory is short",
            ]
            await make(name, settings)
