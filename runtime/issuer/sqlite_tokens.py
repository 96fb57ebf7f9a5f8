"""What users gave to clients, in SQLite: authorization codes, and refresh tokens with rotation.

Rule: what is good for one use is used up in one step with what comes of it; whoever is second ends all that came of it.
"""
# ruff: noqa: S608 - the names of tables and columns in these queries are this file's own; values are always bound

from __future__ import annotations

from dataclasses import replace

from runtime.issuer.documents import load
from runtime.issuer.records import AuthorizationCode, RefreshToken, User
from runtime.issuer.statements import condition, insert, user_of
from runtime.issuer.store import REMEMBERED_SECONDS, AuthorizationCodes, RefreshTokens
from runtime.sqlite.database import Connection, Database, IntegrityError, is_dangling


class SqliteRefreshTokens(RefreshTokens):
    """See `RefreshTokens`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: RefreshToken, signed_in: User, now: float) -> bool:
        """See `RefreshTokens.add`."""

        def job(connection: Connection) -> bool:
            connection.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (now,))
            return _is_still(connection, signed_in) and _insert(connection, "refresh_tokens", token)

        return await self._database.write(job)

    async def get(self, token_hash: str) -> RefreshToken | None:
        """See `RefreshTokens.get`."""

        def job(connection: Connection) -> RefreshToken | None:
            query = "SELECT document, is_used FROM refresh_tokens WHERE token_hash = ?"
            row = connection.execute(query, (token_hash,)).fetchone()
            return replace(load(RefreshToken, row[0]), is_used=bool(row[1])) if row else None

        return await self._database.read(job)

    async def rotate(self, used: RefreshToken, successor: RefreshToken) -> bool:
        """See `RefreshTokens.rotate`."""

        def job(connection: Connection) -> bool:
            statement = "UPDATE refresh_tokens SET is_used = 1 WHERE token_hash = ? AND is_used = 0"
            if connection.execute(statement, (used.token_hash,)).rowcount == 0:
                return False
            return _insert(connection, "refresh_tokens", successor)

        return await self._database.write(job)

    async def revoke(self, **where: str) -> int:
        """See `RefreshTokens.revoke`."""
        statement = f"DELETE FROM refresh_tokens WHERE {condition(where)}"
        values = tuple(where.values())
        return await self._database.write(lambda connection: connection.execute(statement, values).rowcount)


class SqliteCodes(AuthorizationCodes):
    """See `AuthorizationCodes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, code: AuthorizationCode, signed_in: User, now: float) -> bool:
        """See `AuthorizationCodes.add`."""

        def job(connection: Connection) -> bool:
            over = now - REMEMBERED_SECONDS
            connection.execute("DELETE FROM authorization_codes WHERE expires_at <= ?", (over,))
            return _is_still(connection, signed_in) and _insert(connection, "authorization_codes", code)

        return await self._database.write(job)

    async def get(self, code_hash: str) -> AuthorizationCode | None:
        """See `AuthorizationCodes.get`."""

        def job(connection: Connection) -> AuthorizationCode | None:
            query = "SELECT document, is_used FROM authorization_codes WHERE code_hash = ?"
            row = connection.execute(query, (code_hash,)).fetchone()
            return replace(load(AuthorizationCode, row[0]), is_used=bool(row[1])) if row else None

        return await self._database.read(job)

    async def redeem(self, code: AuthorizationCode, token: RefreshToken | None, now: float) -> bool:
        """See `AuthorizationCodes.redeem`."""

        def job(connection: Connection) -> bool:
            statement = "UPDATE authorization_codes SET is_used = 1 WHERE code_hash = ? AND is_used = 0"
            if connection.execute(statement, (code.code_hash,)).rowcount == 0:
                connection.execute("DELETE FROM refresh_tokens WHERE family = ?", (code.family,))
                return False
            connection.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (now,))
            return token is None or _insert(connection, "refresh_tokens", token)

        return await self._database.write(job)


def _is_still(connection: Connection, signed_in: User) -> bool:
    """Whether the user may still sign in, and with the password that was checked."""
    user = user_of(connection, signed_in.user_id)
    return user is not None and not user.blocked and user.password_hash == signed_in.password_hash


def _insert(connection: Connection, table: str, record: RefreshToken | AuthorizationCode) -> bool:
    """Keep the record; False when what it refers to is gone."""
    try:
        insert(connection, table, record)
    except IntegrityError as error:
        if not is_dangling(error):
            raise
        return False
    return True
