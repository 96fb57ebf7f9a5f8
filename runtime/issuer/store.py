"""The token server's SQLite file: the only file of the issuer that speaks SQL.

One writer thread owns the one writing connection, so writes never compete; readers have a thread and a connection of
their own and, thanks to WAL, never wait for a write. A call that returned is on disk (`synchronous=FULL`). The file is
readable by its owner only: it holds the private signing keys.
"""
# ruff: noqa: S608 - the names of tables and columns in these queries are this file's own; values are always bound

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson

from runtime.errors import Conflict, SettingsError
from runtime.issuer.records import Client, ClientGrant, Record, RefreshToken, ResourceServer, SigningKey, User

T = TypeVar("T")
R = TypeVar("R", bound=Record)

MIGRATIONS = (
    """
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
    """,
)


class Threads:
    """Two connections to one file, each with a thread of its own."""

    def __init__(self, path: Path) -> None:
        _make_private(path)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="issuer-write")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="issuer-read")
        self._writing = _connect(path)
        try:
            _migrate(self._writing, path)
        except BaseException:
            self._writing.close()
            raise
        self._reading = _connect(path)
        self._reading.execute("PRAGMA query_only = ON")

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job that only reads; it sees everything that was written before it."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, job, self._reading)

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job in one transaction: all of it is on disk when this returns, none of it when it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, _transaction, self._writing, job)

    def close(self) -> None:
        """Finish the jobs that were accepted and close the file. Idempotent."""
        for threads, connection in ((self._reader, self._reading), (self._writer, self._writing)):
            threads.shutdown(wait=True)
            connection.close()


class Table(Generic[R]):
    """All records of one kind, in the order in which they were added. `noun` is its name in messages."""

    def __init__(self, threads: Threads, kind: type[R], table: str, key: str, noun: str) -> None:
        self._threads = threads
        self._kind = kind
        self._table = table
        self._key = key
        self._noun = noun

    async def get(self, key: str) -> R | None:
        """The record with this key, or None."""
        return await self.find(**{self._key: key})

    async def find(self, **where: str | None) -> R | None:
        """The one record whose columns have these values, or None."""
        query = f"SELECT document FROM {self._table} WHERE {_condition(where)} ORDER BY rowid LIMIT 1"
        row = await self._threads.read(lambda connection: connection.execute(query, tuple(where.values())).fetchone())
        return _load(self._kind, row[0]) if row else None

    async def page(self, where: Mapping[str, str | None], *, start: int, limit: int) -> tuple[list[R], int]:
        """At most `limit` records from the `start`th on, and how many there are in all."""
        values = tuple(where.values())

        def job(connection: sqlite3.Connection) -> tuple[list[R], int]:
            chosen = f"FROM {self._table} WHERE {_condition(where)}"
            rows = connection.execute(
                f"SELECT document {chosen} ORDER BY rowid LIMIT ? OFFSET ?", (*values, limit, start)
            )
            records = [_load(self._kind, document) for (document,) in rows]
            (total,) = connection.execute(f"SELECT count(*) {chosen}", values).fetchone()
            return records, total

        return await self._threads.read(job)

    async def add(self, record: R) -> None:
        """Keep a new record. `Conflict` when there is one with a value that may exist only once."""
        await self._threads.write(lambda connection: self._insert(connection, record, ""))

    async def put(self, record: R) -> None:
        """Keep a record, in place of the one with the same key if there is one."""
        await self._threads.write(lambda connection: self._upsert(connection, record))

    async def change(self, key: str, edit: Callable[[R], R]) -> R | None:
        """Edit one record within one transaction and return what it is now, or None when there is none."""

        def job(connection: sqlite3.Connection) -> R | None:
            query = f"SELECT document FROM {self._table} WHERE {self._key} = ?"
            row = connection.execute(query, (key,)).fetchone()
            if row is None:
                return None
            record = edit(_load(self._kind, row[0]))
            self._upsert(connection, record)
            return record

        return await self._threads.write(job)

    async def remove(self, key: str) -> bool:
        """Remove a record and what depends on it; False when there is none."""
        statement = f"DELETE FROM {self._table} WHERE {self._key} = ?"
        return await self._threads.write(lambda connection: connection.execute(statement, (key,)).rowcount > 0)

    def _upsert(self, connection: sqlite3.Connection, record: R) -> None:
        # Not INSERT OR REPLACE: that deletes the old row, and with it whatever refers to it.
        names = (*record.columns, "document")
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        self._insert(connection, record, f"ON CONFLICT ({self._key}) DO UPDATE SET {updates}")

    def _insert(self, connection: sqlite3.Connection, record: R, on_conflict: str) -> None:
        columns = record.columns
        names, marks = ", ".join((*columns, "document")), ", ".join("?" * (len(columns) + 1))
        statement = f"INSERT INTO {self._table} ({names}) VALUES ({marks}) {on_conflict}"
        try:
            connection.execute(statement, (*columns.values(), _dump(record)))
        except sqlite3.IntegrityError as error:
            raise self._conflict(error) from None

    def _conflict(self, error: sqlite3.IntegrityError) -> Conflict:
        is_dangling = error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
        reason = "refers to something that does not exist" if is_dangling else "with the same identifier already exists"
        return Conflict(f"{self._noun} {reason}.", debug=str(error))


class ResourceServers(Table[ResourceServer]):
    """The APIs."""

    async def move(self, api: ResourceServer, old: str) -> None:
        """Keep the API whose identifier was `old`; what names it by that names it by the new one, in one step."""

        def job(connection: sqlite3.Connection) -> None:
            # Between the two updates the references dangle; they are checked at the end.
            connection.execute("PRAGMA defer_foreign_keys = ON")
            self._upsert(connection, api)
            for table in ("client_grants", "refresh_tokens"):
                connection.execute(
                    f"UPDATE {table} SET audience = ?1, document = json_set(document, '$.audience', ?1) WHERE audience = ?2",
                    (api.identifier, old),
                )

        await self._threads.write(job)


class Users(Table[User]):
    """The users. Who gets another password or is blocked loses the refresh tokens in the same step."""

    def _upsert(self, connection: sqlite3.Connection, record: User) -> None:
        old = _user(connection, record.user_id)
        super()._upsert(connection, record)
        if old is not None and (record.blocked or record.password_hash != old.password_hash):
            connection.execute("DELETE FROM refresh_tokens WHERE user_id = ?", (record.user_id,))


class RefreshTokens:
    """Refresh tokens with rotation: each is good for one use, and a second use ends its whole family."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def add(self, token: RefreshToken, signed_in: User, now: float) -> bool:
        """Keep the first token of a family, and forget the ones that are over.

        `signed_in` is the user as it was when the password was checked. False, and nothing is kept, when the user has
        another password by now, is blocked or gone, or when the client or the API is gone.
        """

        def job(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (now,))
            user = _user(connection, token.user_id)
            if user is None or user.blocked or user.password_hash != signed_in.password_hash:
                return False
            try:
                _insert_refresh_token(connection, token)
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                    raise
                return False
            return True

        return await self._threads.write(job)

    async def get(self, token_hash: str) -> RefreshToken | None:
        """The token with this hash, used or not, or None."""

        def job(connection: sqlite3.Connection) -> RefreshToken | None:
            query = "SELECT document, is_used FROM refresh_tokens WHERE token_hash = ?"
            row = connection.execute(query, (token_hash,)).fetchone()
            return replace(_load(RefreshToken, row[0]), is_used=bool(row[1])) if row else None

        return await self._threads.read(job)

    async def rotate(self, used: RefreshToken, successor: RefreshToken) -> bool:
        """Use up a token and keep its successor, in one step; False when somebody else was first."""

        def job(connection: sqlite3.Connection) -> bool:
            statement = "UPDATE refresh_tokens SET is_used = 1 WHERE token_hash = ? AND is_used = 0"
            if connection.execute(statement, (used.token_hash,)).rowcount == 0:
                return False
            _insert_refresh_token(connection, successor)
            return True

        return await self._threads.write(job)

    async def revoke(self, **where: str) -> int:
        """End all tokens of a family (`family=`), a client or a user, and return how many there were."""
        statement = f"DELETE FROM refresh_tokens WHERE {_condition(where)}"
        values = tuple(where.values())
        return await self._threads.write(lambda connection: connection.execute(statement, values).rowcount)


class SigningKeys:
    """The signing keys: exactly one is `current`, exactly one is `next`, the others are `previous`."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def all(self) -> list[SigningKey]:
        """Every key that is still kept, oldest first."""
        return await self._threads.read(_signing_keys)

    async def change(self, edit: Callable[[list[SigningKey]], Sequence[SigningKey]]) -> list[SigningKey]:
        """Replace all keys by what `edit` makes of them, in one transaction, and return them."""

        def job(connection: sqlite3.Connection) -> list[SigningKey]:
            keys = list(edit(_signing_keys(connection)))
            connection.execute("DELETE FROM signing_keys")
            rows = [(key.kid, key.state, key.gone_at, _dump(key)) for key in keys]
            connection.executemany("INSERT INTO signing_keys (kid, state, gone_at, document) VALUES (?, ?, ?, ?)", rows)
            return keys

        return await self._threads.write(job)


class IssuerStore:
    """Everything that the token server keeps."""

    def __init__(self, path: Path) -> None:
        self._threads = Threads(path)
        self.clients = Table(self._threads, Client, "clients", "client_id", "A client")
        self.resource_servers = ResourceServers(
            self._threads, ResourceServer, "resource_servers", "id", "A resource server"
        )
        self.client_grants = Table(self._threads, ClientGrant, "client_grants", "id", "A client grant")
        self.users = Users(self._threads, User, "users", "user_id", "A user")
        self.refresh_tokens = RefreshTokens(self._threads)
        self.signing_keys = SigningKeys(self._threads)

    async def close(self) -> None:
        """Finish what was accepted and let go of the file. Idempotent."""
        await asyncio.to_thread(self._threads.close)


async def open_store(path: str | Path) -> IssuerStore:
    """The store in this file, which is made (mode 0600) if there is none, and brought to the present schema.

    `SettingsError` when it can not be opened, is no database, or is of a newer hookd.
    """
    return await asyncio.to_thread(_open, Path(path))


def _open(path: Path) -> IssuerStore:
    try:
        return IssuerStore(path)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"'issuer.database': {path} can not be opened: {error}.") from None


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    with closing(connection.execute("PRAGMA user_version")) as rows:
        (version,) = rows.fetchone()
    if version > len(MIGRATIONS):
        raise SettingsError(f"'issuer.database': {path} was written by a newer hookd.")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in script.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")


def _transaction(connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = job(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _condition(where: Mapping[str, str | None]) -> str:
    return " AND ".join(f"{column} = ?" for column in where) or "1"


def _user(connection: sqlite3.Connection, user_id: str) -> User | None:
    row = connection.execute("SELECT document FROM users WHERE user_id = ?", (user_id,)).fetchone()
    return _load(User, row[0]) if row else None


def _insert_refresh_token(connection: sqlite3.Connection, token: RefreshToken) -> None:
    names = ("token_hash", "family", "client_id", "user_id", "audience", "expires_at", "is_used")
    values = tuple(getattr(token, name) for name in names)
    statement = f"INSERT INTO refresh_tokens ({', '.join(names)}, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    connection.execute(statement, (*values, _dump(token)))


def _signing_keys(connection: sqlite3.Connection) -> list[SigningKey]:
    rows = connection.execute("SELECT document FROM signing_keys ORDER BY rowid")
    return [_load(SigningKey, document) for (document,) in rows]


def _dump(record: Any) -> str:
    return orjson.dumps(asdict(record)).decode()


def _load(kind: type[T], document: str) -> T:
    """A record from its document. JSON has no tuples, and records have no lists at their top level."""
    fields: dict[str, object] = orjson.loads(document)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
