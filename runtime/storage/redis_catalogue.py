"""The calls for hooks, versions, secrets and documents: each is one run of a script of the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from hashlib import sha256
from math import ceil
from typing import Any, Final
from uuid import uuid4

from runtime.model import Deploy, Hook, HookVersion
from runtime.redis.server import Script, Server
from runtime.storage import redis_hooks
from runtime.storage.base import (
    Document,
    DocumentChanged,
    HookChange,
    HookFilter,
    HookWritten,
    TooManySecrets,
    VersionNotFound,
)
from runtime.storage.redis_changes import Heard, made_by
from runtime.storage.redis_images import Images
from runtime.storage.redis_keys import Keys, from_key, in_key, in_pattern
from runtime.storage.redis_part import script

_READ: Final = script("catalogue", "read")
_WRITE: Final = script("catalogue", "versions", "hooks", "secrets", "moving", "write")

_SCANNED: Final = 1_000
"""Keys that are looked at with one call."""


class Catalogue(Images):
    """See the calls of the same names in `Storage`."""

    def __init__(
        self,
        server: Server,
        keys: Keys,
        changed: Callable[[Collection[Heard]], Awaitable[None]],
        known: Callable[[], int],
    ) -> None:
        """`changed` is told of the changes that a write made here, and returns when all others have heard of them.

        `known` is the number of the newest change that was ever known here.
        """
        super().__init__(server, keys)
        self._changed = changed
        self._known = known

    async def create_hook(
        self,
        hook: Hook,
        *,
        most: int | None = None,
        secrets: Mapping[str, bytes] | None = None,
        instead_of: str | None = None,
        bundle: bytes = b"",
    ) -> HookWritten:
        """See `Storage.create_hook`."""
        given = redis_hooks.new_hook(hook, most=most, instead_of=instead_of, bundle=bundle)
        given |= redis_hooks.named(secrets or {})
        return await self._written(
            hook.tenant, await self._write("create_hook", hook.tenant, hook.id, given, most=most)
        )

    async def update_hook(
        self, tenant: str, hook_id: str, change: HookChange, at: float, *, seen: Hook | None = None
    ) -> HookWritten:
        """See `Storage.update_hook`."""
        given = redis_hooks.changed_hook(change, at, seen)
        return await self._written(tenant, await self._write("update_hook", tenant, hook_id, given))

    async def delete_hook(self, tenant: str, hook_id: str) -> Hook:
        """See `Storage.delete_hook`."""
        return (await self._written(tenant, await self._write("delete_hook", tenant, hook_id))).hook

    async def get_hook(self, tenant: str, hook_id: str) -> Hook:
        """See `Storage.get_hook`."""
        _, told = await self._read("get_hook", tenant, hook_id)
        if told is None:
            redis_hooks.refuse(b"absent")
        return redis_hooks.hook_of(tenant, told)

    async def list_hooks(self, tenant: str, wanted: HookFilter, *, start: int, limit: int) -> tuple[list[Hook], int]:
        """See `Storage.list_hooks`."""
        _, total, page = await self._read("list_hooks", tenant, "", redis_hooks.filtered(wanted, start, limit))
        return [redis_hooks.hook_of(tenant, told) for told in page], total

    async def enabled_hooks(self, tenant: str, trigger: str) -> tuple[Hook, ...]:
        """See `Storage.enabled_hooks`."""
        _, hooks = await self._read("enabled_hooks", tenant, "", {"trigger": trigger})
        return tuple(sorted((redis_hooks.hook_of(tenant, told) for told in hooks), key=lambda hook: hook.policy.rank))

    async def list_deploys(self, tenant: str, hook_id: str) -> list[Deploy]:
        """See `Storage.list_deploys`."""
        _, lines = await self._read("list_deploys", tenant, hook_id)
        return [redis_hooks.deploy_of(line) for line in lines]

    async def get_version(self, tenant: str, hook_id: str, number: int) -> HookVersion:
        """See `Storage.get_version`."""
        status, *version = await self._read("get_version", tenant, hook_id, {"number": str(number)})
        if status == b"no version":
            raise VersionNotFound(number)
        version_id, fields = version
        return redis_hooks.version_of(version_id.decode(), fields)

    async def get_secrets(self, tenant: str, hook_id: str) -> dict[str, bytes]:
        """See `Storage.get_secrets`."""
        _, fields = await self._read("get_secrets", tenant, hook_id)
        return dict(sorted(redis_hooks.pairs(fields)))

    async def add_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes], *, most: int) -> None:
        """See `Storage.add_secrets`."""
        await self._write("add_secrets", tenant, hook_id, {"most": str(most), **redis_hooks.named(secrets)}, most=most)

    async def update_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes]) -> None:
        """See `Storage.update_secrets`."""
        await self._write("update_secrets", tenant, hook_id, redis_hooks.named(secrets))

    async def delete_secrets(self, tenant: str, hook_id: str, names: Sequence[str]) -> None:
        """See `Storage.delete_secrets`."""
        await self._write("delete_secrets", tenant, hook_id, redis_hooks.named(dict.fromkeys(names, b"")))

    async def hooks_with_secrets(self, after: str) -> tuple[list[tuple[str, str]], str]:
        """See `Resealing.hooks_with_secrets`. Redis walks all keys that lie where the catalogue does."""
        begin = self._keys.secrets
        cursor, found = await self._server.ask(
            self._keys.catalogue, "SCAN", after or "0", "MATCH", f"{in_pattern(begin)}*", "COUNT", _SCANNED
        )
        hooks = [key.decode().removeprefix(begin).rpartition(":") for key in found]
        cursor = cursor.decode() if isinstance(cursor, bytes) else str(cursor)
        return [(from_key(tenant), hook_id) for tenant, _, hook_id in hooks], "" if cursor == "0" else cursor

    async def replace_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, tuple[bytes, bytes]]) -> None:
        """See `Resealing.replace_secrets`."""
        given = redis_hooks.named({name: new for name, (_, new) in secrets.items()})
        given |= {f"was={name}": old for name, (old, _) in secrets.items()}
        await self._write("replace_secrets", tenant, hook_id, given)

    async def get_document(self, tenant: str, hook_id: str) -> Document | None:
        """See `Storage.get_document`."""
        _, fields = await self._read("get_document", tenant, hook_id)
        return _document(fields)

    async def put_document(self, tenant: str, hook_id: str, data: str, *, etag: str | None) -> Document:
        """See `Storage.put_document`."""
        document = Document(data, sha256(data.encode()).hexdigest()[:32])
        given: redis_hooks.Given = {"data": document.data, "etag": document.etag}
        if etag is not None:
            given["seen"] = etag
        await self._write("put_document", tenant, hook_id, given)
        return document

    async def get_bundle(self, bundle_id: str) -> bytes | None:
        """See `Storage.get_bundle`. One whose checksum does not hold is none."""
        checksum, bundle = await self._server.command("HMGET", self._keys.bundle(bundle_id), "sha256", "bundle")
        return bundle if bundle is not None and sha256(bundle).digest() == checksum else None

    async def _written(self, tenant: str, reply: Sequence[Any]) -> HookWritten:
        """What was written, without the images that nobody needs any more."""
        _, told, disabled, unused = reply
        await self.drop_images([version_id.decode() for version_id in unused])
        return HookWritten(
            hook=redis_hooks.hook_of(tenant, told),
            disabled=disabled and redis_hooks.hook_of(tenant, disabled),
        )

    async def _read(self, call: str, tenant: str, hook_id: str, given: Mapping[str, str | bytes] = {}) -> Any:
        return _accepted(await self._run(_READ, (call, "", in_key(tenant), hook_id), given))

    async def _write(
        self,
        call: str,
        tenant: str,
        hook_id: str,
        given: Mapping[str, str | bytes] = {},
        *,
        most: int | None = None,
    ) -> Any:
        write_id = uuid4().hex
        given = {"patience": str(ceil(self._server.patience)), "known": str(self._known()), **given}
        reply, *made = await self._run(_WRITE, (call, write_id, in_key(tenant), hook_id), given)
        changes = tuple(made_by(write_id, tenant, *made))
        if changes:
            await self._changed(changes)
        return _accepted(reply, most)

    async def _run(self, which: Script, head: tuple[str, ...], given: Mapping[str, str | bytes]) -> Any:
        return await self._server.run(which, [self._keys.catalogue], *head, *redis_hooks.flat(given))


def _accepted(reply: Any, most: int | None = None) -> Any:
    """What a script answered, unless it is an error."""
    status = reply[0]
    if status in (b"ok", b"no version"):
        return reply
    if status == b"too many secrets":
        raise TooManySecrets(would=reply[1], most=most or 0)
    if status == b"changed":
        raise DocumentChanged(_document(reply[1]))
    return redis_hooks.refuse(status, most=most)


def _document(fields: Sequence[bytes | None]) -> Document | None:
    data, etag = fields
    return None if data is None or etag is None else Document(data.decode(), etag.decode())
