"""What users gave to clients: authorization codes, and refresh tokens with rotation.

Rule: what is good for one use is used up in one step with what comes of it; whoever is second ends all that came of it.
"""
# ruff: noqa: S608 - the names of tables and columns in these queries are this file's own; values are always bound

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runtime.issuer.records import AuthorizationCode, RefreshToken, User
from runtime.issuer.statements import condition, dump, load, user_of
from runtime.sqlite.database import Connection, Database, IntegrityError, is_dangling

REMEMBERED_SECONDS: Final = 600.0
"""A code is known for so long after its end, so that a second use is seen."""


class RefreshTokens:
    """Refresh tokens with rotation: each is good for one use, and a second use ends its whole family."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: RefreshToken, signed_in: User, now: float) -> bool:
        """Keep the first token of a family, and forget the ones that are over.

        `signed_in` is the user as it was when the password was checked. False, and nothing is kept, when the user has
        another password by now, is blocked or gone, or when the client or the API is gone.
        """

        def job(connection: Connection) -> bool:
            connection.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (now,))
            return _is_still(connection, signed_in) and _insert(connection, "refresh_tokens", token)

        return await self._database.write(job)

    async def get(self, token_hash: str) -> RefreshToken | None:
        """The token with this hash, used or not, or None."""

        def job(connection: Connection) -> RefreshToken | None:
            query = "SELECT document, is_used FROM refresh_tokens WHERE token_hash = ?"
            row = connection.execute(query, (token_hash,)).fetchone()
            return replace(load(RefreshToken, row[0]), is_used=bool(row[1])) if row else None

        return await self._database.read(job)

    async def rotate(self, used: RefreshToken, successor: RefreshToken) -> bool:
        """Use up a token and keep its successor, in one step; False when somebody else was first."""

        def job(connection: Connection) -> bool:
            statement = "UPDATE refresh_tokens SET is_used = 1 WHERE token_hash = ? AND is_used = 0"
            if connection.execute(statement, (used.token_hash,)).rowcount == 0:
                return False
            return _insert(connection, "refresh_tokens", successor)

        return await self._database.write(job)

    async def revoke(self, **where: str) -> int:
        """End all tokens of a family (`family=`), a client or a user, and return how many there were."""
        statement = f"DELETE FROM refresh_tokens WHERE {condition(where)}"
        values = tuple(where.values())
        return await self._database.write(lambda connection: connection.execute(statement, values).rowcount)


class AuthorizationCodes:
    """Authorization codes: each is good for one use, and a second use ends the refresh tokens of the first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, code: AuthorizationCode, signed_in: User, now: float) -> bool:
        """Keep a code, and forget the ones that are long over. False as `RefreshTokens.add`."""

        def job(connection: Connection) -> bool:
            over = now - REMEMBERED_SECONDS
            connection.execute("DELETE FROM authorization_codes WHERE expires_at <= ?", (over,))
            return _is_still(connection, signed_in) and _insert(connection, "authorization_codes", code)

        return await self._database.write(job)

    async def get(self, code_hash: str) -> AuthorizationCode | None:
        """The code with this hash, used or not, over or not; or None."""

        def job(connection: Connection) -> AuthorizationCode | None:
            query = "SELECT document, is_used FROM authorization_codes WHERE code_hash = ?"
            row = connection.execute(query, (code_hash,)).fetchone()
            return replace(load(AuthorizationCode, row[0]), is_used=bool(row[1])) if row else None

        return await self._database.read(job)

    async def redeem(self, code: AuthorizationCode, token: RefreshToken | None, now: float) -> bool:
        """Use up a code and keep the refresh token that comes of it, in one step.

        False, and all refresh tokens of the code's family are gone, when somebody else was first; also when the code is
        gone, because the user was changed meanwhile.
        """

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


_NAMES: Final = {
    "refresh_tokens": ("token_hash", "family", "client_id", "user_id", "audience", "expires_at", "is_used"),
    "authorization_codes": ("code_hash", "client_id", "user_id", "audience", "expires_at", "is_used"),
}


def _insert(connection: Connection, table: str, record: RefreshToken | AuthorizationCode) -> bool:
    """Keep the record; False when what it refers to is gone."""
    values = tuple(getattr(record, name) for name in _NAMES[table])
    marks = ", ".join("?" * (len(values) + 1))
    try:
        connection.execute(
            f"INSERT INTO {table} ({', '.join(_NAMES[table])}, document) VALUES ({marks})", (*values, dump(record))
        )
    except IntegrityError as error:
        if not is_dangling(error):
            raise
        return False
    return True
