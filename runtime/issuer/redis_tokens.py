"""What users gave to clients, in a Redis: authorization codes, and refresh tokens with rotation.

Rule: what is good for one use is used up in one step with what comes of it; whoever is second ends all that came of it.
"""

from __future__ import annotations

from typing import Final

from runtime.issuer.documents import dump
from runtime.issuer.records import AuthorizationCode, RefreshToken, User
from runtime.issuer.redis_records import Given, Records
from runtime.issuer.store import REMEMBERED_SECONDS, AuthorizationCodes, RefreshTokens

_TOKENS: Final = "refresh_tokens"
_CODES: Final = "authorization_codes"


class RedisRefreshTokens(RefreshTokens):
    """See `RefreshTokens`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, token: RefreshToken, signed_in: User, now: float) -> bool:
        """See `RefreshTokens.add`."""
        return await _is_done(self._records, "give", {**_token(token), **_sign_in(signed_in), "before": repr(now)})

    async def get(self, token_hash: str) -> RefreshToken | None:
        """See `RefreshTokens.get`."""
        told = await self._records.get(_TOKENS, token_hash)
        return None if told is None else told.load(RefreshToken, is_used=told.is_used)

    async def restore(self, token: RefreshToken) -> None:
        """Keep a token as it was, see `moving`."""
        await self._records.write("put", _token(token))

    async def rotate(self, used: RefreshToken, successor: RefreshToken) -> bool:
        """See `RefreshTokens.rotate`."""
        return await _is_done(self._records, "rotate", {**_token(successor), "used": used.token_hash})

    async def revoke(self, **where: str) -> int:
        """See `RefreshTokens.revoke`."""
        _, count = await self._records.write("revoke", {f"={name}": value for name, value in where.items()})
        return int(count)


class RedisCodes(AuthorizationCodes):
    """See `AuthorizationCodes`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, code: AuthorizationCode, signed_in: User, now: float) -> bool:
        """See `AuthorizationCodes.add`."""
        given = {
            **_given(_CODES, code.code_hash, code),
            **_sign_in(signed_in),
            "before": repr(now - REMEMBERED_SECONDS),
        }
        return await _is_done(self._records, "give", given)

    async def get(self, code_hash: str) -> AuthorizationCode | None:
        """See `AuthorizationCodes.get`."""
        told = await self._records.get(_CODES, code_hash)
        return None if told is None else told.load(AuthorizationCode, is_used=told.is_used)

    async def restore(self, code: AuthorizationCode) -> None:
        """Keep a code as it was, see `moving`."""
        await self._records.write("put", _given(_CODES, code.code_hash, code))

    async def redeem(self, code: AuthorizationCode, token: RefreshToken | None, now: float) -> bool:
        """See `AuthorizationCodes.redeem`."""
        given = {"used": code.code_hash, "family": code.family, "before": repr(now)}
        return await _is_done(self._records, "redeem", {**given, **({} if token is None else _token(token))})


def stamp_of(user: User) -> str:
    """What must stay so that the codes and refresh tokens of a user do."""
    return "blocked" if user.blocked else f"={user.password_hash}"


def _sign_in(signed_in: User) -> Given:
    # Who was blocked since has another stamp than any that is given here.
    return {"user": signed_in.user_id, "signed_in": f"={signed_in.password_hash}"}


def _token(token: RefreshToken) -> Given:
    return {**_given(_TOKENS, token.token_hash, token), "=family": token.family}


def _given(table: str, key: str, record: RefreshToken | AuthorizationCode) -> Given:
    return {
        "table": table,
        "key": key,
        "document": dump(record),
        "ends": repr(record.expires_at),
        "is_used": "1" if record.is_used else "0",
        "=client_id": record.client_id,
        "=user_id": record.user_id,
        "=audience": record.audience,
    }


async def _is_done(records: Records, call: str, given: Given) -> bool:
    status, *_ = await records.write(call, given)
    return bool(status == b"ok")
