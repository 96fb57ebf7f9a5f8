"""The backends, each empty, and nouns to store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from runtime.model import Execution, Hook, HookVersion
from runtime.redis.address import parse_address
from runtime.storage.base import Storage
from runtime.storage.redis import open_redis
from runtime.storage.sqlite import open_sqlite
from runtime.ulid import Ulids
from tests.redis_servers import RedisServer

_IDS = Ulids()
_NUMBERS = count()


class Nouns:
    """Makes nouns; every argument is a field."""

    def version(self, **more: Any) -> HookVersion:
        """A version of its own."""
        number = next(_NUMBERS)
        fields = {
            "id": f"{number:064x}",
            "trigger": "credentials-exchange",
            "script": f"// {number}",
            "dependencies": {},
        }
        return HookVersion(**{**fields, **more})

    def hook(self, **more: Any) -> Hook:
        """A disabled hook of tenant acme, with a name and a version of its own."""
        trigger = more.setdefault("trigger", "credentials-exchange")
        fields = {
            "tenant": "acme",
            "id": _IDS.new(1.0),
            "name": f"hook {next(_NUMBERS)}",
            "enabled": False,
            "version": self.version(trigger=trigger),
            "created_at": 1.0,
            "updated_at": 1.0,
        }
        return Hook(**{**fields, **more})

    def execution(self, **more: Any) -> Execution:
        """An execution of tenant acme, later than the one before."""
        at = more.setdefault("at", 1_000.0 + next(_NUMBERS))
        fields = {
            "id": _IDS.new(at),
            "tenant": "acme",
            "trigger": "credentials-exchange",
            "hook_id": "h",
            "hook_name": "a hook",
            "version_id": "v",
            "client_id": "c",
            "decision": "allow",
            "duration_ms": 1.5,
            "cpu_ms": 0.5,
            "memory_bytes": 65_536,
        }
        return Execution(**{**fields, **more})


@pytest.fixture
def nouns() -> Nouns:
    return Nouns()


@pytest.fixture(params=["sqlite", "redis"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path, prefix: str) -> AsyncIterator[Storage]:
    """Every backend, for the tests of the contract."""
    storage: Storage
    if request.param == "sqlite":
        storage = await open_sqlite(tmp_path / "hookd.db")
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        storage = await open_redis(parse_address(server.url), prefix=prefix)
    yield storage
    await storage.close()
