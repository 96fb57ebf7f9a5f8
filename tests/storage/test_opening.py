from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.settings import StorageSettings
from runtime.storage.base import Storage
from runtime.storage.opening import choose_storage, database_path, redis_address
from runtime.storage.redis import RedisStorage
from runtime.storage.sqlite import SqliteStorage
from tests.redis_servers import RedisServer


@pytest.mark.parametrize("url, path", [("sqlite:///a/b.db", "a/b.db"), ("sqlite:////a/b.db", "/a/b.db")])
def test_a_database_is_a_path(url, path):
    """Three slashes and a relative path, or four and an absolute one."""
    assert database_path(StorageSettings(url=url)) == Path(path)


@pytest.mark.parametrize("url", ["postgres://u:secret@h/d", "sqlite:///", "hookd.db", ""])
def test_a_database_of_another_kind_is_refused(url):
    """The message shows the form that is known."""
    with pytest.raises(SettingsError, match="sqlite:///FILE") as caught:
        choose_storage(StorageSettings(url=url))
    assert "secret" not in str(caught.value)


async def test_the_url_chooses_the_storage(tmp_path: Path, redis_server: RedisServer, prefix):
    """A look finds nothing before the first start, and the version of what is there after it."""
    settings: dict[type[Storage], StorageSettings] = {
        SqliteStorage: StorageSettings(url=f"sqlite:///{tmp_path}/hookd.db"),
        RedisStorage: StorageSettings(url=redis_server.url, prefix=prefix),
    }
    for kind, given in settings.items():
        chosen = choose_storage(given)
        assert await chosen.look() is None
        storage = await chosen.open()
        await storage.close()
        assert isinstance(storage, kind)
        there = await chosen.look()
        assert there is not None
        assert there.has == there.will > 0
        assert there.unfinished is None


def test_a_password_stands_in_one_place(tmp_path: Path, caplog):
    """In the URL, in a setting or in a file, which others should not read."""
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    file.chmod(0o644)
    url = "redis://u@h"
    with caplog.at_level(logging.WARNING):
        for given in (
            StorageSettings(url="redis://u:s3cret@h"),
            StorageSettings(url=url, password="s3cret"),
            StorageSettings(url=url, password_file=str(file)),
        ):
            assert redis_address(given).password == "s3cret"
    assert "chmod 600" in caplog.text
    file.write_text("\n")
    for given, words in (
        (StorageSettings(url="redis://u:a@h", password="s3cret"), "Give one of"),
        (StorageSettings(url=url, password_file=str(file)), "is empty"),
        (StorageSettings(url=url, password_file=str(tmp_path / "none")), "can not be read"),
    ):
        with pytest.raises(SettingsError, match=words) as caught:
            redis_address(given)
        assert "s3cret" not in str(caught.value)


def test_files_that_connections_need_are_known():
    """Who gives up its rights keeps those."""
    settings = StorageSettings(url="rediss://h", ca_file="/ca.pem", certificate_file="/own.pem")

    assert choose_storage(settings).reads == (Path("/ca.pem"), Path("/own.pem"))


def test_who_needs_no_redis_does_not_load_it():
    """Each command that starts would take longer."""
    look = "import sys, runtime.bootstrap; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], cwd=Path(__file__).parents[2], check=False).returncode == 0
