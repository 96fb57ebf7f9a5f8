"""What the parts of the Redis storage are made of: a server, the names of its keys, and scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from runtime.redis.server import Script, Server
from runtime.storage.redis_keys import Keys

_SCRIPTS: Final = Path(__file__).with_name("scripts")


class Part:
    """Some of the storage's calls; `redis.RedisStorage` is all parts together."""

    def __init__(self, server: Server, keys: Keys) -> None:
        self._server = server
        self._keys = keys


def script(*names: str) -> Script:
    """The script that these files of scripts/ are together."""
    return Script.read(_SCRIPTS, *names)
