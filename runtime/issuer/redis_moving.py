"""The token server's Redis while it is moved: marked where it is the target, and what was written is counted where it is the source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from runtime.errors import Advice, SettingsError
from runtime.issuer.moving import TABLES, TOGETHER, Moving, key_of
from runtime.issuer.records import (
    AuthorizationCode,
    Client,
    ClientGrant,
    Record,
    RefreshToken,
    ResourceServer,
    SigningKey,
    User,
)
from runtime.issuer.redis_records import Records
from runtime.issuer.redis_store import FORMAT, UNFINISHED, RedisStore, open_redis_store, place_of, records_of
from runtime.moves import Looked, require_source
from runtime.redis.address import Address, Means
from runtime.redis.opening import look, warnings
from runtime.redis.server import Server

R = TypeVar("R", bound=Record)

_USED_UP: Final = (RefreshToken, AuthorizationCode)


async def open_redis_moving(address: Address, name: str, *, prefix: str, means: Means, is_target: bool) -> RedisMoving:
    """The Redis, of which nothing is changed where it is the source. `SettingsError`."""
    if not is_target:
        require_source(await look_at_redis(address, prefix=prefix, means=means), name, "data of a token server")
    store = await open_redis_store(address, prefix=prefix, means=means, is_target=is_target)
    try:
        return RedisMoving(store, await store.records.text("writes"))
    except BaseException:
        await store.close()
        raise


async def look_at_redis(address: Address, *, prefix: str, means: Means) -> Looked | None:
    """What is under this prefix, None where nothing is. Changes nothing. `SettingsError`."""
    place = place_of(prefix)

    async def ask(server: Server) -> str | None:
        return await _unfinished(records_of(server, place))

    try:
        found = await look(address, means, place, ask)
    except SettingsError as error:
        raise SettingsError(f"'issuer.database': {error}") from None
    return None if found is None else Looked(has=found[0], will=FORMAT, unfinished=found[1])


async def warnings_of_redis(address: Address, *, prefix: str, means: Means) -> list[Advice]:
    """What it should be told. Changes nothing. `SettingsError`."""
    return await warnings(address, means, place_of(prefix))


class RedisMoving(Moving):
    """See `Moving`. `writes` is how many there were when it was opened."""

    def __init__(self, store: RedisStore, writes: bytes) -> None:
        self._store = store
        self._records = store.records
        self._writes = writes
        self._restore: Mapping[type[Record], Callable[[Any], Awaitable[None]]] = {
            Client: store.clients.put,
            ResourceServer: store.resource_servers.put,
            ClientGrant: store.client_grants.put,
            User: store.users.put,
            RefreshToken: store.refresh_tokens.restore,
            AuthorizationCode: store.authorization_codes.restore,
            SigningKey: self._restore_key,
        }

    async def count(self) -> int:
        """See `Moving.count`."""
        total = len(await self._store.signing_keys.all())
        for table in TABLES.values():
            total += (await self._records.page(table, {}, start=0, limit=0))[1]
        return total

    async def records(self, kind: type[R]) -> AsyncIterator[R]:
        """See `Moving.records`."""
        start = 0
        while page := await self._page(kind, start):
            for record in page:
                yield record
            start += len(page)

    async def restore(self, record: Record) -> None:
        """See `Moving.restore`."""
        await self._restore[type(record)](record)

    async def clear(self, step: Callable[[], None]) -> None:
        """See `Moving.clear`."""
        # What refers to others comes first: with those it would go, and be counted by nobody.
        for kind, table in reversed([*TABLES.items()]):
            while page := await self._page(kind, 0):
                if kind is SigningKey:
                    await self._store.signing_keys.change(lambda _: [])
                else:
                    for record in page:
                        await self._records.write("remove", {"table": table, "key": key_of(record)})
                for _ in page:
                    step()

    async def is_unchanged(self) -> bool:
        """See `Moving.is_unchanged`."""
        return await self._records.text("writes") == self._writes

    async def unfinished(self) -> str | None:
        """See `Target.unfinished`."""
        return await _unfinished(self._records)

    async def begin_moving(self, source: str) -> None:
        """See `Target.begin_moving`."""
        await self._records.command("SET", UNFINISHED, source)

    async def end_moving(self) -> None:
        """See `Target.end_moving`."""
        await self._records.command("DEL", UNFINISHED)

    async def close(self) -> None:
        """See `Moving.close`."""
        await self._store.close()

    async def _page(self, kind: type[R], start: int) -> list[R]:
        if kind is SigningKey:
            keys: Any = await self._store.signing_keys.all()
            return list(keys[start:])
        told, _ = await self._records.page(TABLES[kind], {}, start=start, limit=TOGETHER)
        return [one.load(kind, is_used=one.is_used) if issubclass(kind, _USED_UP) else one.load(kind) for one in told]

    async def _restore_key(self, key: SigningKey) -> None:
        await self._store.signing_keys.change(lambda keys: [*keys, key])


async def _unfinished(records: Records) -> str | None:
    return (await records.text(UNFINISHED)).decode() or None
