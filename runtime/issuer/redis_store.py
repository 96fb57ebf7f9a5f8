"""The token server's data in a Redis, which token servers on several machines share. `scripts/records.lua` says where what lies.

Every change is one run of a script. One that may have been done, because the connection broke, is asked for again under the same id,
and done once; else a lost answer would look like a second use of a token. An `edit` goes by a record's version, and is tried again
where somebody was first. Secrets, passwords, codes and refresh tokens are hashes there as in a file; signing keys are as the store is
given them, sealed where there is a master key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Final, TypeVar

import orjson

from runtime.errors import Conflict, SettingsError, Unavailable
from runtime.issuer.documents import dump, load
from runtime.issuer.records import Client, ClientGrant, Record, ResourceServer, SigningKey, User
from runtime.issuer.redis_records import Given, Records, Told
from runtime.issuer.redis_tokens import RedisCodes, RedisRefreshTokens, stamp_of
from runtime.issuer.store import (
    MOST_FAILURES,
    WINDOW_SECONDS,
    Failures,
    IssuerStore,
    ResourceServers,
    SigningKeys,
    Table,
)
from runtime.moves import Unfinished
from runtime.redis.address import Address, Means, require_prefix
from runtime.redis.opening import Place, prepare, unusable
from runtime.redis.server import Server, connect

R = TypeVar("R", bound=Record)

FORMAT: Final = 1
"""Of the keys and what is in them. A release that changes it makes the newer one of an older one here."""

UNFINISHED: Final = "unfinished"
"""The name under which stands what is being moved into the store."""

_MARK: Final = ":format"
_LONGER_SECONDS: Final = 60
"""Token servers' clocks may differ that much from Redis's. Who counts looks at each failure's time."""


async def open_redis_store(
    address: Address, *, prefix: str = "hookd-issuer", means: Means | None = None, is_target: bool = False
) -> RedisStore:
    """The store under this prefix. `SettingsError` when it can not be used, or is unfinished (`moving`) and no target."""
    place = place_of(prefix)
    server = connect(address, means or Means())
    store = RedisStore(server, records_of(server, place))
    try:
        await prepare(server, place)
        if not is_target:
            await _require_whole(store.records, place)
    except BaseException as error:
        await server.close()
        if isinstance(error, SettingsError):
            raise SettingsError(f"'issuer.database': {error}") from None
        raise
    return store


def place_of(prefix: str) -> Place:
    """Whose all keys under this prefix are. `SettingsError` where it is none."""
    require_prefix(prefix, "issuer.database_prefix")
    mark = f"{prefix}:{{{prefix}}}{_MARK}"
    return Place(
        prefix=prefix,
        mark=mark,
        name="hookd-issuer",
        format=FORMAT,
        setting="[issuer] database_prefix",
        url="[issuer] database",
    )


def records_of(server: Server, place: Place) -> Records:
    """What lies there."""
    return Records(server, place.mark.removesuffix(_MARK), place.text)


async def _require_whole(records: Records, place: Place) -> None:
    try:
        source = await records.text(UNFINISHED)
    except Unavailable as error:
        raise unusable(error, place) from None
    if source:
        raise Unfinished("hookd migrate --issuer", source.decode())


class RedisTable(Table[R]):
    """See `Table`. `noun` is its name in messages."""

    def __init__(self, records: Records, kind: type[R], table: str, key: str, noun: str) -> None:
        self._records = records
        self._kind = kind
        self._table = table
        self._key = key
        self._noun = noun

    async def get(self, key: str) -> R | None:
        """See `Table.get`."""
        told = await self._records.get(self._table, key)
        return None if told is None else self._loaded(told)

    async def find(self, **where: str | None) -> R | None:
        """See `Table.find`."""
        records, _ = await self.page(where, start=0, limit=1)
        return records[0] if records else None

    async def page(self, where: Mapping[str, str | None], *, start: int, limit: int) -> tuple[list[R], int]:
        """See `Table.page`."""
        # What is absent is equal to nothing, and so is found by nothing.
        wanted = {name: value for name, value in where.items() if value is not None}
        if len(wanted) < len(where):
            return [], 0
        page, total = await self._records.page(self._table, wanted, start=start, limit=limit)
        return [self._loaded(told) for told in page], total

    async def add(self, record: R) -> None:
        """See `Table.add`."""
        await self._write("add", record)

    async def put(self, record: R) -> None:
        """See `Table.put`."""
        await self._write("put", record)

    async def change(self, key: str, edit: Callable[[R], R]) -> R | None:
        """See `Table.change`."""
        async for _ in self._records.tries():
            told = await self._records.get(self._table, key)
            if told is None:
                return None
            record = edit(self._loaded(told))
            status = await self._write("change", record, version=told.version)
            if status != b"stale":
                return None if status == b"absent" else record
        raise AssertionError

    async def remove(self, key: str) -> bool:
        """See `Table.remove`."""
        status, *_ = await self._records.write("remove", {"table": self._table, "key": key})
        return bool(status == b"ok")

    async def _write(self, call: str, record: R, **given: str) -> bytes:
        """The status, where it says no `Conflict`."""
        status, *rest = await self._records.write(call, {**self._given(record), **given})
        if status == b"there":
            rest = [[self._key.encode()]]
        if status in (b"there", b"taken"):
            names = " and ".join(name.decode() for name in rest[0])
            raise Conflict(f"{self._noun} with the same {names} already exists.")
        if status == b"dangling":
            raise Conflict(f"{self._noun} refers to something that does not exist.")
        return bytes(status)

    def _given(self, record: R) -> Given:
        columns = {f"={name}": str(value) for name, value in record.columns.items() if value is not None}
        return {"table": self._table, "key": columns[f"={self._key}"], "document": dump(record), **columns}

    def _loaded(self, told: Told) -> R:
        return told.load(self._kind)


class RedisResourceServers(RedisTable[ResourceServer], ResourceServers):
    """See `ResourceServers`."""

    async def move(self, api: ResourceServer, old: str) -> None:
        """See `ResourceServers.move`."""
        await self._write("move", api, old=old)


class RedisUsers(RedisTable[User]):
    """The users. Who gets another password or is blocked loses codes and refresh tokens in the same step."""

    def _given(self, record: User) -> Given:
        return {**super()._given(record), "stamp": stamp_of(record)}


class RedisSigningKeys(SigningKeys):
    """See `SigningKeys`. They are one text."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def all(self) -> list[SigningKey]:
        """See `SigningKeys.all`."""
        return _keys_of(await self._records.text("signing_keys"))

    async def change(self, edit: Callable[[list[SigningKey]], Sequence[SigningKey]]) -> list[SigningKey]:
        """See `SigningKeys.change`."""
        async for _ in self._records.tries():
            was = await self._records.text("signing_keys")
            keys = list(edit(_keys_of(was)))
            text = orjson.dumps([dump(key) for key in keys])
            status, *_rest = await self._records.write("sign", {"was": was, "keys": text})
            if status == b"ok":
                return keys
        raise AssertionError


def _keys_of(text: bytes) -> list[SigningKey]:
    return [load(SigningKey, document) for document in orjson.loads(text or b"[]")]


class RedisFailures(Failures):
    """See `Failures`. Of all who share the store; Redis forgets them in time."""

    def __init__(self, records: Records, kind: str) -> None:
        self._records = records
        self._kind = kind

    async def count(self, pair: bytes, since: float) -> int:
        """See `Failures.count`."""
        return int(await self._records.command("ZCOUNT", self._name(pair), f"({since!r}", "+inf"))

    async def add(self, pair: bytes, at: float) -> None:
        """See `Failures.add`."""
        seconds = str(ceil(WINDOW_SECONDS) + _LONGER_SECONDS)
        given = {"name": self._name(pair), "at": repr(at), "most": str(MOST_FAILURES), "seconds": seconds}
        await self._records.write("fail", given)

    async def forget(self, pair: bytes) -> None:
        """See `Failures.forget`."""
        await self._records.command("DEL", self._name(pair))

    def _name(self, pair: bytes) -> str:
        return f"failures:{self._kind}:{pair.hex()}"


class RedisStore(IssuerStore):
    """See `IssuerStore`. Belongs to the event loop that opened it."""

    refresh_tokens: RedisRefreshTokens
    authorization_codes: RedisCodes

    def __init__(self, server: Server, records: Records) -> None:
        self._server = server
        self.records = records
        self.clients = RedisTable(records, Client, "clients", "client_id", "A client")
        self.resource_servers = RedisResourceServers(
            records, ResourceServer, "resource_servers", "id", "A resource server"
        )
        self.client_grants = RedisTable(records, ClientGrant, "client_grants", "id", "A client grant")
        self.users = RedisUsers(records, User, "users", "user_id", "A user")
        self.refresh_tokens = RedisRefreshTokens(records)
        self.authorization_codes = RedisCodes(records)
        self.signing_keys = RedisSigningKeys(records)
        self.user_failures, self.client_failures = RedisFailures(records, "users"), RedisFailures(records, "clients")

    async def form_key(self, fresh: bytes) -> bytes:
        """See `IssuerStore.form_key`. Whoever was first decides."""
        return await self.records.first("form_key", fresh)

    async def close(self) -> None:
        """See `IssuerStore.close`."""
        await self._server.close()
