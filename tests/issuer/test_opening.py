"""What `[issuer] database` may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.issuer.opening import file_of, open_store
from runtime.issuer.redis_store import RedisStore
from runtime.issuer.sqlite_store import SqliteStore
from runtime.issuer_settings import Issuer as IssuerSettings
from tests.redis_servers import RedisServer


async def test_the_database_chooses_the_store(tmp_path: Path, redis_server: RedisServer, prefix):
    """A file by its path, or by a URL as the storage has it; a Redis by its URL."""
    for database, kind in (
        (str(tmp_path / "a.db"), SqliteStore),
        (f"sqlite:///{tmp_path}/b.db", SqliteStore),
        (redis_server.url, RedisStore),
    ):
        store = await open_store(IssuerSettings(database=database, database_prefix=prefix))
        await store.close()
        assert isinstance(store, kind)
    assert (tmp_path / "b.db").exists()


def test_a_file_is_a_path():
    """Relative to the current directory, unless it begins with a slash."""
    assert file_of(IssuerSettings(database=".hookd/issuer.db")) == Path(".hookd/issuer.db")
    assert file_of(IssuerSettings(database="sqlite:////a/b.db")) == Path("/a/b.db")


@pytest.mark.parametrize(
    "given, words",
    [
        ({"database": ""}, "'issuer.database' must be a file, or redis://"),
        ({"database": "postgres://u:s3cret@h/d"}, "'issuer.database' must be a file, or redis://"),
        ({"database": "redis://u:s3cret@h/a"}, "'issuer.database' is no Redis, .*: a database is a number"),
        (
            {"database": "redis://u:a@h", "database_password": "s3cret"},
            "'issuer.database', 'issuer.database_password' and",
        ),
        (
            {"database": "redis://h", "database_password_file": "none"},
            "'issuer.database_password_file', none, can not be",
        ),
        ({"database": "redis://h", "database_prefix": "a{b"}, "'issuer.database_prefix' must be 1 to 64 letters"),
        (
            {"database": "unix://u:s3cret@/none/r.sock", "database_timeout_ms": 100},
            "'issuer.database': .* can not be used",
        ),
    ],
)
async def test_a_wrong_setting_is_named_with_its_rule(given, words):
    """And without a password."""
    with pytest.raises(SettingsError, match=words) as caught:
        await open_store(IssuerSettings(**given))
    assert "s3cret" not in str(caught.value)


async def test_a_prefix_is_one_programs(redis_server: RedisServer, prefix):
    """What lies under another's is left as it is: the runtime's storage, or anybody's."""
    redis_server.cli("set", f"{prefix}:{{{prefix}}}:format", "hookd 1")

    with pytest.raises(SettingsError, match="belongs to another program"):
        await open_store(IssuerSettings(database=redis_server.url, database_prefix=prefix))
    redis_server.cli("set", f"{prefix}.other:sessions", "x")
    with pytest.raises(SettingsError, match=r"Choose another \[issuer\] database_prefix"):
        await open_store(IssuerSettings(database=redis_server.url, database_prefix=f"{prefix}.other"))
