"""`/api/v2/clients`: OAuth clients. A secret is shown once: in the answer that made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final

from aiohttp import web

from runtime.errors import InvalidBody
from runtime.http.json import json_response
from runtime.http.routes import Call, Route
from runtime.issuer.callbacks import callback_fault
from runtime.issuer.management.collection import Collection, Document
from runtime.issuer.management.fields import Reader, free_object, items, one_of, read_fields, text
from runtime.issuer.records import AUTH_METHODS, GRANT_TYPES, Client, new_client_id, new_client_secret

MOST_METADATA: Final = 10
"""Members of `client_metadata`; names and values have 255 characters at most (Auth0's own limits)."""

LEAST_SECRET: Final = 16
"""Characters of a secret that the caller chooses."""

MOST_NAME: Final = 255

MOST_CALLBACKS: Final = 100
MOST_CALLBACK: Final = 2_048
"""Characters of a redirection URI."""


def _metadata(value: object, path: str) -> dict[str, str]:
    given = free_object(value, path)
    if len(given) > MOST_METADATA:
        raise InvalidBody(
            f"Payload validation error: 'Too many properties defined ({len(given)}), maximum {MOST_METADATA}' on property {path}."
        )
    return {_member(name, path): text()(item, f"{path}.{name[:100]}") for name, item in given.items()}


def _member(name: str, path: str) -> str:
    if not 1 <= len(name) <= MOST_NAME:
        raise InvalidBody(
            f"Payload validation error: 'A name must have 1 to {MOST_NAME} characters, not {len(name)}' on property {path}."
        )
    return name


def _callback(value: object, path: str) -> str:
    given = str(text(1, MOST_CALLBACK)(value, path))
    fault = callback_fault(given)
    if fault:
        raise InvalidBody(f"Payload validation error: 'Not a redirection URI: {fault}' on property {path}.")
    return given


FIELDS: Final[dict[str, Reader]] = {
    "name": text(1, pattern="[^<>]+"),
    "description": text(0, 140),
    "app_type": one_of("native", "spa", "regular_web", "non_interactive"),
    "callbacks": items(_callback, MOST_CALLBACKS),
    "grant_types": items(one_of(*GRANT_TYPES), 20),
    "token_endpoint_auth_method": one_of(*AUTH_METHODS),
    "client_metadata": _metadata,
    "client_secret": text(LEAST_SECRET),
}


class Clients(Collection[Client]):
    """The clients."""

    path: ClassVar[str] = "clients"
    noun: ClassVar[str] = "clients"
    title: ClassVar[str] = "client"
    key: ClassVar[str] = "client_id"
    fields: ClassVar[tuple[str, ...]] = (
        "tenant",
        "client_id",
        "name",
        "description",
        "app_type",
        "callbacks",
        "grant_types",
        "token_endpoint_auth_method",
        "client_metadata",
        "is_first_party",
    )

    def routes(self) -> list[Route]:
        """The five routes, and the one that makes a new secret."""
        rotation = self.route("POST", "/api/v2/clients/{id}/rotate-secret", "update", self._rotate_secret)
        return [*super().routes(), rotation]

    def document(self, record: Client) -> Document:
        """Auth0's client, as far as there is something to say."""
        return {
            "tenant": self.issuer.tenant,
            "client_id": record.client_id,
            "name": record.name,
            "description": record.description,
            "app_type": record.app_type,
            "callbacks": record.callbacks,
            "grant_types": record.grant_types,
            "token_endpoint_auth_method": record.token_endpoint_auth_method,
            "client_metadata": record.metadata,
            "is_first_party": True,
        }

    async def create(self, body: object) -> Document:
        """A client with a secret, which is shown here only; a public one has none."""
        fields = read_fields(body, FIELDS, required=["name"])
        secret = fields.pop("client_secret", "")
        defaults = Client(
            client_id=new_client_id(), name="", app_type="regular_web", grant_types=("client_credentials",)
        )
        client = _with(defaults, fields)
        _check_secret(client, secret)
        if not client.is_public:
            secret = secret or new_client_secret()
            client = replace(client, secret_hash=await self.issuer.secrets.hash(secret))
        await self.table.add(client)
        return self._shown_once(client, secret)

    async def edit(self, record: Client, body: object) -> Callable[[Client], Client]:
        """Fields that are given replace what is there."""
        fields = read_fields(body, FIELDS)
        secret = fields.pop("client_secret", "")
        _check_secret(_with(record, fields), secret)
        if secret:
            fields["secret_hash"] = await self.issuer.secrets.hash(secret)
        return lambda client: _checked(_with(client, fields))

    async def _rotate_secret(self, call: Call) -> web.StreamResponse:
        client = await self.named(call)
        _check_secret(client, "new")
        secret = new_client_secret()
        hashed = await self.issuer.secrets.hash(secret)
        changed = await self.table.change(client.client_id, lambda now: _with_secret(now, hashed))
        if changed is None:
            raise self.missing()
        return json_response(self._shown_once(changed, secret))

    def _shown_once(self, client: Client, secret: str) -> Document:
        return self.document(client) | ({"client_secret": secret} if secret else {})


def _with(client: Client, fields: dict[str, Any]) -> Client:
    changes = {"metadata" if name == "client_metadata" else name: value for name, value in fields.items()}
    return replace(client, **changes)


def _checked(client: Client) -> Client:
    """A public client keeps no secret; one that stops being public needs a new one."""
    if client.is_public:
        return replace(client, secret_hash="")
    if not client.secret_hash:
        raise InvalidBody(
            "Payload validation error: 'The client has no secret: send client_secret too' on property token_endpoint_auth_method."
        )
    return client


def _with_secret(client: Client, hashed: str) -> Client:
    _check_secret(client, "new")  # again: it may have become public meanwhile
    return replace(client, secret_hash=hashed)


def _check_secret(client: Client, secret: str) -> None:
    if secret and client.is_public:
        raise InvalidBody(
            "Payload validation error: 'A client with token_endpoint_auth_method none has no secret' on property client_secret."
        )
