"""`/api/v2/client-grants`: which client may ask for which scopes of which API by client credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Final

from runtime.errors import InvalidBody, NotFound
from runtime.issuer.management.collection import Collection, Document
from runtime.issuer.management.fields import Reader, items, read_fields, text
from runtime.issuer.records import ClientGrant, new_grant_id

CHANGEABLE: Final[dict[str, Reader]] = {"scope": items(text(1, 280), 1000)}
FIELDS: Final[dict[str, Reader]] = {"client_id": text(1), "audience": text(1, 600), **CHANGEABLE}


class ClientGrants(Collection[ClientGrant]):
    """The client grants."""

    path: ClassVar[str] = "client-grants"
    noun: ClassVar[str] = "client_grants"
    title: ClassVar[str] = "client grant"
    key: ClassVar[str] = "id"
    fields: ClassVar[tuple[str, ...]] = (
        "id",
        "client_id",
        "audience",
        "scope",
    )
    filters: ClassVar[tuple[str, ...]] = ("client_id", "audience")

    def document(self, record: ClientGrant) -> Document:
        """Auth0's client grant."""
        return {
            "id": record.id,
            "client_id": record.client_id,
            "audience": record.audience,
            "scope": record.scope,
        }

    async def create(self, body: object) -> Document:
        """A grant of a client that exists, for an API that exists, of scopes that it has."""
        fields = read_fields(body, FIELDS, required=["client_id", "audience", "scope"])
        grant = ClientGrant(id=new_grant_id(), **fields)
        if await self.issuer.store.clients.get(grant.client_id) is None:
            raise NotFound("No client found by that id.")
        await self._check_scope(grant)
        await self.table.add(grant)
        return self.document(grant)

    async def edit(self, record: ClientGrant, body: object) -> Callable[[ClientGrant], ClientGrant]:
        """Another scope; client and API stay."""
        fields = read_fields(body, CHANGEABLE)
        await self._check_scope(replace(record, **fields))
        return lambda grant: replace(grant, **fields)

    async def _check_scope(self, grant: ClientGrant) -> None:
        api = await self.issuer.store.resource_servers.find(identifier=grant.audience)
        if api is None:
            raise NotFound("No resource server found by that audience.")
        for index, scope in enumerate(grant.scope):
            if scope not in api.scopes:
                raise InvalidBody(
                    f"Payload validation error: 'The resource server has no scope {scope}' on property scope[{index}]."
                )
