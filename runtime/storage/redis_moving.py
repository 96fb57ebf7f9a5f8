"""The calls for moving a storage: what the catalogue's scripts write, and where tenants are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.model import Deploy, Hook, HookVersion
from runtime.redis.server import Server
from runtime.storage import redis_hooks
from runtime.storage.redis_catalogue import Catalogue
from runtime.storage.redis_executions import ExecutionLog
from runtime.storage.redis_keys import Keys, from_key, in_pattern

_SCANNED: Final = 1_000
"""Keys that are looked at with one call."""


class Moved(Catalogue, ExecutionLog):
    """See the calls of the same names in `Moving`."""

    async def tenants(self) -> list[str]:
        """See `Moving.tenants`. Redis walks all keys that lie where the catalogue does."""
        found, begin, cursor = set[str](), self._keys.hooks, "0"
        while True:
            following, keys = await self._server.ask(
                self._keys.catalogue, "SCAN", cursor, "MATCH", f"{in_pattern(begin)}*", "COUNT", _SCANNED
            )
            found.update(from_key(key.decode().removeprefix(begin)) for key in keys)
            cursor = following.decode() if isinstance(following, bytes) else str(following)
            if cursor == "0":
                break
        found.update(tenant.decode() for tenant in await self._server.command("ZRANGE", self._keys.recorded, 0, -1))
        return sorted(found)

    async def restore_hook(self, hook: Hook, deploy: Deploy, secrets: Mapping[str, bytes], bundle: bytes) -> None:
        """See `Moving.restore_hook`."""
        given = redis_hooks.new_hook(hook, most=None, instead_of=None, bundle=bundle)
        given |= {"number": str(deploy.number), "at": repr(deploy.at), **redis_hooks.named(secrets)}
        await self._write("restore_hook", hook.tenant, hook.id, given)

    async def restore_deploy(
        self, tenant: str, hook_id: str, deploy: Deploy, version: HookVersion, bundle: bytes
    ) -> None:
        """See `Moving.restore_deploy`."""
        given = redis_hooks.new_version(version, bundle)
        given |= {"number": str(deploy.number), "at": repr(deploy.at)}
        await self._write("restore_deploy", tenant, hook_id, given)

    async def unfinished(self) -> str | None:
        """See `Target.unfinished`."""
        return await unfinished_in(self._server, self._keys)

    async def begin_moving(self, source: str) -> None:
        """See `Target.begin_moving`."""
        await self._server.command("SET", self._keys.unfinished, source)

    async def end_moving(self) -> None:
        """See `Target.end_moving`."""
        await self._server.command("DEL", self._keys.unfinished)


async def unfinished_in(server: Server, keys: Keys) -> str | None:
    """What is being moved into what lies there, or None."""
    source: bytes | None = await server.command("GET", keys.unfinished)
    return None if source is None else source.decode()
