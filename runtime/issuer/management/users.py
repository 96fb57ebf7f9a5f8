"""`/api/v2/users`: users of the password grant. Metadata is merged at its first level; null removes a member.

What is merged is measured within the transaction: a user's metadata goes to the hook at every sign-in, so it must fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import orjson

from runtime.errors import InvalidBody
from runtime.issuer.management.collection import Collection, Document
from runtime.issuer.management.fields import Reader, boolean, free_object, one_of, read_fields, text
from runtime.issuer.records import CONNECTION, User, new_user_id

CHANGEABLE: Final[dict[str, Reader]] = {
    "connection": one_of(CONNECTION),
    "email": text(3, 254, pattern=r"[^@\s]+@[^@\s]+"),
    "email_verified": boolean,
    "username": text(1, 128, pattern=r"[^@\s]+"),
    "password": text(1, 1024),
    "name": text(1, 300),
    "blocked": boolean,
    "user_metadata": free_object,
    "app_metadata": free_object,
}
FIELDS: Final[dict[str, Reader]] = {**CHANGEABLE, "user_id": text(1, 250, pattern=r"[A-Za-z0-9._|-]+")}
_METADATA: Final = ("user_metadata", "app_metadata")

MOST_METADATA: Final = 16_384
"""Bytes of JSON of each of the two."""


class Users(Collection[User]):
    """The users."""

    path: ClassVar[str] = "users"
    noun: ClassVar[str] = "users"
    title: ClassVar[str] = "user"
    key: ClassVar[str] = "user_id"
    fields: ClassVar[tuple[str, ...]] = (
        "user_id",
        "email",
        "email_verified",
        "username",
        "name",
        "blocked",
        "user_metadata",
        "app_metadata",
        "identities",
        "created_at",
        "updated_at",
    )

    def document(self, record: User) -> Document:
        """Auth0's user, with its one identity."""
        provider, _, local_id = record.user_id.rpartition("|")
        return {
            "user_id": record.user_id,
            "email": record.email,
            "email_verified": record.email_verified,
            "username": record.username,
            "name": record.display_name,
            "blocked": record.blocked,
            "user_metadata": record.user_metadata,
            "app_metadata": record.app_metadata,
            "identities": [
                {
                    "connection": CONNECTION,
                    "user_id": local_id,
                    "provider": provider or "auth0",
                    "isSocial": False,
                }
            ],
            "created_at": _iso(record.created_at),
            "updated_at": _iso(record.updated_at),
        }

    async def create(self, body: object) -> Document:
        """A user who can sign in at once."""
        fields = read_fields(body, FIELDS, required=["password"])
        if "email" not in fields and "username" not in fields:
            raise InvalidBody("Payload validation error: 'Missing required property: email' (or username).")
        now = self.issuer.clock()
        new = User(user_id=_user_id(fields), password_hash="", created_at=now, updated_at=now)
        user = _with(new, await self._hashed(fields), now)
        await self.table.add(user)
        return self.document(user)

    async def edit(self, _record: User, body: object) -> Callable[[User], User]:
        """Fields that are given replace what is there, metadata is merged."""
        fields = await self._hashed(read_fields(body, CHANGEABLE))
        now = self.issuer.clock()
        return lambda user: _with(user, fields, now)

    async def _hashed(self, fields: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in fields.items() if name not in ("password", "connection", "user_id")}
        if "password" in fields:
            rest["password_hash"] = await self.issuer.passwords.hash(fields["password"])
        return rest


def _user_id(fields: Mapping[str, Any]) -> str:
    """Auth0 puts the provider before an id that the caller chooses."""
    return f"auth0|{fields['user_id']}" if "user_id" in fields else new_user_id()


def _with(user: User, fields: Mapping[str, Any], now: float) -> User:
    merged = {name: _merged(getattr(user, name), fields[name], name) for name in _METADATA if name in fields}
    return replace(user, **{**fields, **merged, "updated_at": now})


def _merged(old: Mapping[str, object], new: Mapping[str, object], path: str) -> dict[str, object]:
    merged = {name: value for name, value in {**old, **new}.items() if value is not None}
    size = len(orjson.dumps(merged))
    if size > MOST_METADATA:
        raise InvalidBody(
            f"Payload validation error: 'Object is too large ({size} bytes of JSON after merging), maximum {MOST_METADATA}' "
            f"on property {path}."
        )
    return merged


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
