"""The routes of the token server's management API."""

from __future__ import annotations

from runtime.http.routes import Route
from runtime.issuer.issuer import Issuer
from runtime.issuer.management.client_grants import ClientGrants
from runtime.issuer.management.clients import Clients
from runtime.issuer.management.resource_servers import ResourceServers
from runtime.issuer.management.signing_keys import signing_key_routes
from runtime.issuer.management.users import Users


def management_routes(issuer: Issuer) -> list[Route]:
    """Everything under `/api/v2/` that the token server answers."""
    store = issuer.store
    return [
        *Clients(issuer, store.clients).routes(),
        *ResourceServers(issuer, store.resource_servers).routes(),
        *ClientGrants(issuer, store.client_grants).routes(),
        *Users(issuer, store.users).routes(),
        *signing_key_routes(issuer),
    ]
