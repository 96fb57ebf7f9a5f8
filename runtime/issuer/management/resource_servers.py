"""`/api/v2/resource-servers`: APIs. A path may name one by its id or, percent-encoded, by its identifier."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final

from runtime.errors import Conflict, HookdError, InvalidBody
from runtime.grammar import SCOPE_RULE, is_scope, schema_type
from runtime.issuer.keys import LONGEST_TOKEN_LIFETIME
from runtime.issuer.management.collection import Collection, Document
from runtime.issuer.management.fields import Reader, boolean, free_object, read_fields, text, whole
from runtime.issuer.records import ResourceServer

MOST_SCOPES: Final = 1000


class SystemEntity(HookdError):
    """The built-in API can be read only."""

    status, error, code = 403, "Forbidden", "operation_not_supported"


def _scopes(value: object, path: str) -> dict[str, str]:
    """`[{"value", "description"?}]` as value to description."""
    if not isinstance(value, list):
        raise InvalidBody(
            f"Payload validation error: 'Expected type array but found type {schema_type(value)}' on property {path}."
        )
    if len(value) > MOST_SCOPES:
        raise InvalidBody(
            f"Payload validation error: 'Array is too long ({len(value)}), maximum {MOST_SCOPES}' on property {path}."
        )
    return dict(_scope(item, f"{path}[{index}]") for index, item in enumerate(value))


def _scope(item: object, path: str) -> tuple[str, str]:
    row = free_object(item, path)
    if "value" not in row or row.keys() - {"value", "description"}:
        raise InvalidBody(
            f"Payload validation error: 'A scope has a value and may have a description' on property {path}."
        )
    name = text(1, 280)(row["value"], f"{path}.value")
    if not is_scope(name):
        raise InvalidBody(f"Payload validation error: 'Not a scope: {SCOPE_RULE}' on property {path}.value.")
    return name, text(0, 500)(row.get("description", ""), f"{path}.description")


CHANGEABLE: Final[dict[str, Reader]] = {
    "name": text(1, 200, pattern="[^<>]+"),
    "scopes": _scopes,
    "token_lifetime": whole(1, LONGEST_TOKEN_LIFETIME),
    "allow_offline_access": boolean,
}
FIELDS: Final[dict[str, Reader]] = {"identifier": text(1, 600), **CHANGEABLE}


class ResourceServers(Collection[ResourceServer]):
    """The APIs."""

    path: ClassVar[str] = "resource-servers"
    noun: ClassVar[str] = "resource_servers"
    title: ClassVar[str] = "resource server"
    key: ClassVar[str] = "id"
    fields: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "identifier",
        "scopes",
        "signing_alg",
        "token_lifetime",
        "allow_offline_access",
        "is_system",
    )

    def document(self, record: ResourceServer) -> Document:
        """Auth0's resource server."""
        return {
            "id": record.id,
            "name": record.name,
            "identifier": record.identifier,
            "scopes": [{"value": scope, "description": text} for scope, text in record.scopes.items()],
            "signing_alg": "RS256",
            "token_lifetime": record.token_lifetime,
            "allow_offline_access": record.allow_offline_access,
            "is_system": record.is_system,
        }

    async def find(self, identifier: str) -> ResourceServer | None:
        """By id or by identifier."""
        return await self.table.get(identifier) or await self.table.find(identifier=identifier)

    async def create(self, body: object) -> Document:
        """An API; its identifier is what tokens have as `aud`."""
        fields = read_fields(body, FIELDS, required=["identifier"])
        if fields["identifier"] == self.issuer.settings.runtime_audience:
            raise Conflict("The identifier is the hook runtime's own audience.")
        named: dict[str, Any] = {"name": fields["identifier"], **fields}
        api = ResourceServer(id=secrets.token_hex(12), **named)
        await self.table.add(api)
        return self.document(api)

    async def edit(self, record: ResourceServer, body: object) -> Callable[[ResourceServer], ResourceServer]:
        """Fields that are given replace what is there; the identifier stays."""
        await self.check_removable(record)
        fields = read_fields(body, CHANGEABLE)
        return lambda api: replace(api, **fields)

    async def check_removable(self, record: ResourceServer) -> None:
        """The built-in API stays."""
        if record.is_system:
            raise SystemEntity("The built-in API can not be changed or removed.")
