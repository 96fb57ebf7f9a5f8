"""`runtime/issuer_migration.py` between a real file and a real Redis, both ways. What each promises: tests/issuer/test_moving.py."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import SettingsError, Unavailable
from runtime.issuer.opening import open_store
from runtime.issuer.records import Client
from runtime.issuer.sqlite_store import SCHEMA, open_sqlite_store
from runtime.issuer.store import IssuerStore
from runtime.issuer_migration import (
    compare,
    copy,
    count,
    discard,
    finish,
    name_of,
    open_pair,
    open_unfinished,
    storage_at,
)
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.moves import NotAlone, NotEmpty, Step
from tests.databases import other_process
from tests.issuer.test_moving import STRANGE, all_of, fill, moved, moving, read
from tests.issuer.test_store import TOKEN, USER
from tests.redis_servers import RedisServer


@pytest.fixture
def file(tmp_path: Path, prefix: str) -> IssuerSettings:
    return IssuerSettings(database=str(tmp_path / "issuer.db"), database_prefix=prefix)


@pytest.fixture
def redis(file: IssuerSettings, redis_server: RedisServer) -> IssuerSettings:
    return replace(file, database=redis_server.url)


@pytest.fixture(params=["from a file", "from a Redis"])
async def ways(
    request: pytest.FixtureRequest, file: IssuerSettings, redis: IssuerSettings
) -> tuple[IssuerSettings, IssuerSettings]:
    """A source that has everything, and an empty target."""
    source, target = (file, redis) if request.param == "from a file" else (redis, file)
    await fill(source)
    return source, target


async def served(settings: IssuerSettings) -> IssuerStore:
    """As a token server opens it."""
    return await open_store(settings)


def after(steps: int) -> Step:
    """Ends a move after so many records."""
    left = iter(range(steps))

    def step() -> None:
        if next(left, None) is None:
            raise KeyError

    return step


async def cut(source: IssuerSettings, target: IssuerSettings, steps: int) -> None:
    with pytest.raises(KeyError):
        async with open_pair(source, target) as (here, there):
            await copy(here, there, after(steps))


async def test_there_and_back(ways, tmp_path: Path):
    """All is equal, record by record, and so are the sums; a step for each."""
    source, middle = ways
    end = replace(source, database=str(tmp_path / "end.db"), database_prefix=f"{source.database_prefix}-end")
    if source.database == str(tmp_path / "issuer.db"):
        pairs = [(source, middle), (middle, end)]
    else:
        pairs = [(source, middle), (middle, replace(end, database=source.database))]
    everything = await read(source)
    for one, other in pairs:
        steps: list[int] = []
        async with open_pair(one, other) as (here, there):
            assert await count(here) == len(everything)
            await copy(here, there, partial(steps.append, 1))
            compared = await compare(here, there, partial(steps.append, 1))
            await finish(here, there, "source")
        assert len(steps) == 2 * len(everything)
        assert (compared.differences, compared.source) == ([], compared.target)
        assert await read(other) == everything
        await (await served(other)).close()

    assert compared.source.counts == Counter(
        {
            "clients": 2,
            "resource servers": 2,
            "client grants": 2,
            "users": 3,
            "refresh tokens": 4,
            "authorization codes": 3,
            "signing keys": 3,
        }
    )
    assert await read(source) == everything


def files_at(settings: IssuerSettings) -> dict[str, str]:
    """The file, and what lies beside it, by SHA-256."""
    path = Path(settings.database)
    files = path.parent.glob(f"{path.name}*")
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# What was written may be asked for again for some seconds: that ends by itself.
KEYS = """
local all, reads = {}, { string = { 'GET' }, zset = { 'ZRANGE', 0, -1, 'WITHSCORES' }, hash = { 'HGETALL' } }
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  if not string.find(key, ':once:', 1, true) then
    local kind = redis.call('TYPE', key)['ok']
    local word, from, to, more = unpack(reads[kind])
    local value = from and redis.call(word, key, from, to, more) or redis.call(word, key)
    if kind == 'hash' then
      table.sort(value) -- a hash has no order
    end
    all[#all + 1] = cjson.encode({ key, value, redis.call('PTTL', key) })
  end
end
table.sort(all)
return #all .. ' ' .. redis.sha1hex(table.concat(all))
"""


async def test_the_source_is_as_it_was(file, redis, redis_server: RedisServer):
    """A file by the byte; a Redis by every key, its value and its end."""
    await fill(file)
    before = files_at(file)
    await moved(file, redis)
    assert (files_at(file), [*before]) == (before, ["issuer.db"])

    def keys() -> str:
        return redis_server.cli("eval", KEYS, "0", redis.database_prefix)

    there = keys()
    assert int(there.split()[0]) > 20
    await moved(redis, replace(file, database=f"{file.database}.back"))
    assert keys() == there


async def test_each_difference_is_found(ways):
    """One of each kind, and where: also what changed beside its document. Then the target stays nobody's."""
    source, target = ways
    async with open_pair(source, target) as (here, there):
        await copy(here, there, lambda: None)
        await there.restore(Client(client_id="late", name=""))
        token = next(iter([one async for one in there.records(type(TOKEN))]))
        await there.restore(replace(token, token_hash="unused", is_used=False))
        compared = await compare(here, there, lambda: None)

    assert compared.source.sum != compared.target.sum
    assert compared.differences == ["clients: late", "refresh tokens: unused"]


async def test_a_used_token_that_came_as_unused_is_a_difference(ways, monkeypatch: pytest.MonkeyPatch):
    """What is kept beside the documents is compared, too."""
    source, target = ways
    async with open_pair(source, target) as (here, there):
        restore = there.restore

        async def forget(record: Any) -> None:
            await restore(replace(record, is_used=False) if hasattr(record, "is_used") else record)

        monkeypatch.setattr(there, "restore", forget)
        await copy(here, there, lambda: None)
        assert (await compare(here, there, lambda: None)).differences == [
            "refresh tokens: t1",
            "authorization codes: c1",
        ]


async def test_a_redis_that_was_cut_off(file, redis):
    """No token server starts on it; the same move goes on from its beginning, another one does not; then it is as any other."""
    await fill(file)
    await cut(file, redis, 12)
    said = r"'issuer.database': The storage is unfinished: `hookd migrate --issuer` from sqlite:///.*--discard"
    with pytest.raises(SettingsError, match=said):
        await served(redis)
    with pytest.raises(SettingsError, match="The storage is unfinished"):
        await read(redis)
    other = replace(file, database=f"{file.database}.other")
    await (await served(other)).close()
    with pytest.raises(NotEmpty, match="what was begun from"):
        await moved(other, redis)
    # What is not there any more does not stay in the target, and what was used meanwhile is.
    store = await served(file)
    await store.clients.remove("c")
    await store.users.put(replace(USER, password_hash="new"))
    await store.close()
    await moved(file, redis)
    assert await read(redis) == await read(file)
    await (await served(redis)).close()
    with pytest.raises(NotEmpty, match="something in it already"):
        await moved(file, redis)


async def test_a_file_that_was_cut_off(file, redis, tmp_path: Path):
    """Nothing of it is there, whenever that was; so also where the machine died. The next call does all of it."""
    await fill(redis)
    for steps in (0, 5, 18):
        await cut(redis, file, steps)
        async with moving(file, is_target=True) as store:
            assert await store.count() == 0
    async with open_pair(redis, file) as (here, there):
        await copy(here, there, lambda: None)
        died = tmp_path / "died"
        died.mkdir()
        for name in ("issuer.db", "issuer.db-wal"):
            shutil.copy(tmp_path / name, died)
    async with moving(replace(file, database=str(died / "issuer.db")), is_target=True) as store:
        assert await store.count() == 0
    await moved(redis, file)
    assert await read(file) == await read(redis)


async def test_discarding(file, redis, redis_server: RedisServer):
    """What was begun goes, and nothing is left of it; the target is as any other."""
    await fill(file)
    await cut(file, redis, 15)
    async with open_unfinished(redis) as store:
        total, steps = await count(store), []
        await discard(store, lambda: steps.append(1))
        assert len(steps) == total > 0
    names = redis_server.cli("keys", f"{redis.database_prefix}:*").split()
    left = {name.rpartition(":")[2] for name in names if ":once:" not in name}
    assert left == {"format", "numbers", "writes"}
    await (await served(redis)).close()
    for whole in (redis, file):
        with pytest.raises(SettingsError, match="is not unfinished, and stays as it is"):
            async with open_unfinished(whole):
                pass


async def test_a_file_in_use_is_refused(file, redis):
    """As the source and as the target, also while nothing is done with it; and nobody begins to use one that is being moved."""
    await fill(file)
    store = await served(file)
    for source, target in ((file, redis), (redis, file)):
        if source is redis:
            await fill(redis)
        with pytest.raises(NotAlone, match=r"Another process uses sqlite:///.*issuer\.db: stop every hookd"):
            await moved(source, target)
    await store.close()


@pytest.mark.parametrize("which", [0, 1])
async def test_nobody_starts_on_a_file_that_is_moved(file, redis, which: int):
    """Neither on the source nor on the target, so neither can change."""
    await fill((file, redis)[which])
    async with open_pair(*((file, redis), (redis, file))[which]):
        with pytest.raises(SettingsError, match=r"'issuer\.database': .*database is locked"):
            await open_sqlite_store(file.database, busy_seconds=0.05)


async def test_a_redis_that_was_written_to_is_noticed(file, redis):
    """Before or after what was changed was compared: the target stays nobody's, and the next call has what is there then."""
    await fill(redis)
    other = await served(redis)
    async with open_pair(redis, file) as (here, there):
        await copy(here, there, lambda: None)
        await other.refresh_tokens.revoke(family="f")
        compared = await compare(here, there, lambda: None)
        assert compared.differences == [f"refresh tokens: {STRANGE}"], "the first that is still there"
    async with open_pair(redis, file) as (here, there):
        await copy(here, there, lambda: None)
        assert (await compare(here, there, lambda: None)).differences == []
        await other.clients.remove("c")
        with pytest.raises(NotAlone, match="Another process uses unix:///"):
            await finish(here, there, name_of(redis))
    async with moving(file, is_target=True) as store:
        assert await all_of(store) == []
    await moved(redis, file)
    assert await read(file) == await read(redis)
    await other.close()


async def test_sources_that_will_not_do(file, redis):
    """None is made where there is none; the same one is not its own target; one of an older hookd is brought up to date first."""
    for source, target in ((file, redis), (redis, file)):
        with pytest.raises(SettingsError, match="There is no data of a token server at"):
            await moved(source, target)
    assert files_at(file) == {}
    same = replace(file, database=f"sqlite:///{file.database}")
    with pytest.raises(SettingsError, match="name another target"):
        await moved(file, same)
    with other_process(Path(file.database)) as db:
        db.executescript(SCHEMA.scripts[0])
        db.execute(f"PRAGMA application_id = {SCHEMA.application_id}")
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(SettingsError, match=r"is of an older hookd\. Start this one with it once"):
        await moved(file, redis)


async def test_a_redis_that_is_away(file, redis):
    """As a source or a target, before anything is done: the setting is named, the password is not."""
    await fill(file)
    away = replace(redis, database="redis://u:s3cret@127.0.0.1:1/0", database_timeout_ms=50)
    for source, target in ((away, file), (file, away)):
        with pytest.raises(SettingsError, match=r"'issuer\.database': .* can not be used") as caught:
            await moved(source, target)
        assert "s3cret" not in str(caught.value)
    assert "s3cret" not in name_of(away)


async def test_a_redis_that_goes_away(file, redis, monkeypatch: pytest.MonkeyPatch):
    """In the middle: unavailable, and the next call does all of it."""
    await fill(file)
    async with open_pair(file, redis) as (here, there):

        async def away(_: object) -> None:
            raise Unavailable("The storage does not answer.")

        monkeypatch.setattr(there, "restore", away)
        with pytest.raises(Unavailable):
            await copy(here, there, lambda: None)
    await moved(file, redis)
    assert await read(redis) == await read(file)


def test_a_password_in_a_url_counts(file):
    """In place of the configured one, which is another store's."""
    configured = replace(file, database_password="configured")
    given: dict[str, Any] = {url: storage_at(configured, url) for url in ("redis://:own@h", "redis://h", "a.db")}
    assert [one.database_password for one in given.values()] == ["", "configured", "configured"]
    assert storage_at(configured, None) is configured
