"""The token server's SQLite file. With `sqlite_tokens.py` and `statements.py` the only files of the issuer that speak SQL.

A call that returned is on disk; a database that is locked, full or damaged is `Unavailable` (`runtime/sqlite`). The file is
readable by its owner only: where there is no master key, it holds the private signing keys as they are.
"""
# ruff: noqa: S608 - the names of tables and columns in these queries are this file's own; values are always bound

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from runtime.errors import Conflict, SettingsError
from runtime.issuer.attempts import MemoryFailures
from runtime.issuer.documents import load
from runtime.issuer.records import Client, ClientGrant, Record, ResourceServer, SigningKey, User
from runtime.issuer.sqlite_tokens import SqliteCodes, SqliteRefreshTokens
from runtime.issuer.statements import condition, insert, user_of
from runtime.issuer.store import IssuerStore, ResourceServers, SigningKeys, Table
from runtime.sqlite.database import BUSY_SECONDS, Connection, Database, IntegrityError, is_dangling, open_database
from runtime.sqlite.opening import Schema

R = TypeVar("R", bound=Record)

_FIRST: Final = """
    CREATE TABLE clients (client_id TEXT PRIMARY KEY, document TEXT NOT NULL);
    CREATE TABLE resource_servers (id TEXT PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, document TEXT NOT NULL);
    CREATE TABLE client_grants (
        id TEXT PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        audience TEXT NOT NULL REFERENCES resource_servers (identifier) ON DELETE CASCADE,
        document TEXT NOT NULL,
        UNIQUE (client_id, audience)
    );
    CREATE INDEX client_grants_audience ON client_grants (audience);
    CREATE TABLE users (user_id TEXT PRIMARY KEY, username TEXT UNIQUE, email TEXT UNIQUE, document TEXT NOT NULL);
    CREATE TABLE refresh_tokens (
        token_hash TEXT PRIMARY KEY,
        family TEXT NOT NULL,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
        audience TEXT NOT NULL REFERENCES resource_servers (identifier) ON DELETE CASCADE,
        expires_at REAL NOT NULL,
        is_used INTEGER NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
    CREATE INDEX refresh_tokens_client ON refresh_tokens (client_id);
    CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
    CREATE INDEX refresh_tokens_audience ON refresh_tokens (audience);
    CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
    CREATE TABLE signing_keys (kid TEXT PRIMARY KEY, state TEXT NOT NULL, gone_at REAL, document TEXT NOT NULL);
    CREATE UNIQUE INDEX signing_keys_active ON signing_keys (state) WHERE state <> 'previous';
"""
_SECOND: Final = """
    CREATE TABLE authorization_codes (
        code_hash TEXT PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
        audience TEXT NOT NULL REFERENCES resource_servers (identifier) ON DELETE CASCADE,
        expires_at REAL NOT NULL,
        is_used INTEGER NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX authorization_codes_client ON authorization_codes (client_id);
    CREATE INDEX authorization_codes_user ON authorization_codes (user_id);
    CREATE INDEX authorization_codes_audience ON authorization_codes (audience);
    CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);
"""
SCHEMA: Final = Schema(mark=b"hkis", scripts=(_FIRST, _SECOND))


class SqliteTable(Table[R]):
    """See `Table`. `noun` is its name in messages."""

    def __init__(self, database: Database, kind: type[R], table: str, key: str, noun: str) -> None:
        self._database = database
        self._kind = kind
        self._table = table
        self._key = key
        self._noun = noun

    async def get(self, key: str) -> R | None:
        """See `Table.get`."""
        return await self.find(**{self._key: key})

    async def find(self, **where: str | None) -> R | None:
        """See `Table.find`."""
        query = f"SELECT document FROM {self._table} WHERE {condition(where)} ORDER BY rowid LIMIT 1"
        row = await self._database.read(lambda connection: connection.execute(query, tuple(where.values())).fetchone())
        return load(self._kind, row[0]) if row else None

    async def page(self, where: Mapping[str, str | None], *, start: int, limit: int) -> tuple[list[R], int]:
        """See `Table.page`."""
        values = tuple(where.values())

        def job(connection: Connection) -> tuple[list[R], int]:
            chosen = f"FROM {self._table} WHERE {condition(where)}"
            rows = connection.execute(
                f"SELECT document {chosen} ORDER BY rowid LIMIT ? OFFSET ?", (*values, limit, start)
            )
            records = [load(self._kind, document) for (document,) in rows]
            (total,) = connection.execute(f"SELECT count(*) {chosen}", values).fetchone()
            return records, total

        return await self._database.read(job)

    async def add(self, record: R) -> None:
        """See `Table.add`."""
        await self._database.write(lambda connection: self._insert(connection, record, ""))

    async def put(self, record: R) -> None:
        """See `Table.put`."""
        await self._database.write(lambda connection: self._upsert(connection, record))

    async def change(self, key: str, edit: Callable[[R], R]) -> R | None:
        """See `Table.change`."""

        def job(connection: Connection) -> R | None:
            query = f"SELECT document FROM {self._table} WHERE {self._key} = ?"
            row = connection.execute(query, (key,)).fetchone()
            if row is None:
                return None
            record = edit(load(self._kind, row[0]))
            self._upsert(connection, record)
            return record

        return await self._database.write(job)

    async def remove(self, key: str) -> bool:
        """See `Table.remove`."""
        statement = f"DELETE FROM {self._table} WHERE {self._key} = ?"
        return await self._database.write(lambda connection: connection.execute(statement, (key,)).rowcount > 0)

    def _upsert(self, connection: Connection, record: R) -> None:
        # Not INSERT OR REPLACE: that deletes the old row, and with it whatever refers to it.
        names = (*record.columns, "document")
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        self._insert(connection, record, f"ON CONFLICT ({self._key}) DO UPDATE SET {updates}")

    def _insert(self, connection: Connection, record: R, on_conflict: str) -> None:
        try:
            insert(connection, self._table, record, on_conflict)
        except IntegrityError as error:
            raise self._conflict(error) from None

    def _conflict(self, error: IntegrityError) -> Conflict:
        reason = (
            "refers to something that does not exist"
            if is_dangling(error)
            else f"with the same {_columns(error)} already exists"
        )
        return Conflict(f"{self._noun} {reason}.", debug=str(error))


def _columns(error: IntegrityError) -> str:
    """What must be unique and is not, from `UNIQUE constraint failed: users.email`."""
    named = str(error).rpartition(": ")[2].split(", ")
    return " and ".join(name.rpartition(".")[2] for name in named)


class SqliteResourceServers(SqliteTable[ResourceServer], ResourceServers):
    """See `ResourceServers`."""

    async def move(self, api: ResourceServer, old: str) -> None:
        """See `ResourceServers.move`."""

        def job(connection: Connection) -> None:
            # Between the two updates the references dangle; they are checked at the end.
            connection.execute("PRAGMA defer_foreign_keys = ON")
            self._upsert(connection, api)
            for table in ("client_grants", "refresh_tokens", "authorization_codes"):
                connection.execute(
                    f"UPDATE {table} SET audience = ?1, document = json_set(document, '$.audience', ?1) WHERE audience = ?2",
                    (api.identifier, old),
                )

        await self._database.write(job)


class SqliteUsers(SqliteTable[User]):
    """The users. Who gets another password or is blocked loses codes and refresh tokens in the same step."""

    def _upsert(self, connection: Connection, record: User) -> None:
        old = user_of(connection, record.user_id)
        super()._upsert(connection, record)
        if old is not None and (record.blocked or record.password_hash != old.password_hash):
            for table in ("refresh_tokens", "authorization_codes"):
                connection.execute(f"DELETE FROM {table} WHERE user_id = ?", (record.user_id,))


class Wiping:
    """Takes what was overwritten out of the file itself and out of its log, after a transaction that has left it due."""

    is_due = False

    def wipe(self, connection: Connection) -> None:
        """Called after each transaction. Where another process keeps it from that, it is done when the file is closed."""
        if self.is_due:
            self.is_due = False
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


class SqliteSigningKeys(SigningKeys):
    """See `SigningKeys`."""

    def __init__(self, database: Database, wiping: Wiping) -> None:
        self._database = database
        self._wiping = wiping

    async def all(self) -> list[SigningKey]:
        """See `SigningKeys.all`."""
        return await self._database.read(_signing_keys)

    async def change(self, edit: Callable[[list[SigningKey]], Sequence[SigningKey]]) -> list[SigningKey]:
        """See `SigningKeys.change`."""

        def job(connection: Connection) -> list[SigningKey]:
            keys = list(edit(_signing_keys(connection)))
            # What was a private half is overwritten, and not left where it lay: it may have been plain.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("DELETE FROM signing_keys")
            for key in keys:
                insert(connection, "signing_keys", key)
            self._wiping.is_due = True
            return keys

        return await self._database.write(job)


class SqliteStore(IssuerStore):
    """See `IssuerStore`."""

    def __init__(self, database: Database, wiping: Wiping) -> None:
        self._database = database
        self.clients = SqliteTable(self._database, Client, "clients", "client_id", "A client")
        self.resource_servers = SqliteResourceServers(
            self._database, ResourceServer, "resource_servers", "id", "A resource server"
        )
        self.client_grants = SqliteTable(self._database, ClientGrant, "client_grants", "id", "A client grant")
        self.users = SqliteUsers(self._database, User, "users", "user_id", "A user")
        self.refresh_tokens = SqliteRefreshTokens(self._database)
        self.authorization_codes = SqliteCodes(self._database)
        self.signing_keys = SqliteSigningKeys(self._database, wiping)
        self.user_failures, self.client_failures = MemoryFailures(), MemoryFailures()

    async def form_key(self, fresh: bytes) -> bytes:
        """See `IssuerStore.form_key`. A file is one machine's, and a token server's one process: the key lives as long."""
        return fresh

    async def close(self) -> None:
        """See `IssuerStore.close`."""
        await self._database.close()


async def open_sqlite_store(path: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> SqliteStore:
    """The store in this file, which is made (mode 0600) if there is none, and brought to the present schema.

    `SettingsError` when it can not be opened, is no database of a token server, or is of a newer hookd.
    """
    try:
        await asyncio.to_thread(_make_folder, Path(path))
        wiping = Wiping()
        database = await open_database(path, SCHEMA, busy_seconds=busy_seconds, committed=wiping.wipe)
        await asyncio.to_thread(_make_private, Path(path))
    except SettingsError as error:
        raise SettingsError(f"'issuer.database': {error}") from None
    except OSError as error:
        raise SettingsError(f"'issuer.database': The database {path} can not be used: {error}.") from None
    return SqliteStore(database, wiping)


def _make_folder(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _make_private(path: Path) -> None:
    # By its name: to open and close it would drop the locks that SQLite has on it.
    path.chmod(0o600)


def _signing_keys(connection: Connection) -> list[SigningKey]:
    rows = connection.execute("SELECT document FROM signing_keys ORDER BY rowid")
    return [load(SigningKey, document) for (document,) in rows]
