"""The token server's route table.

How the command line puts it into an application:

    async with open_issuer(settings.issuer) as issuer:
        trusted = own_trust(settings.issuer, local_jwks_url(host, port))
        install(app, issuer_routes(issuer), Authenticator([*trusted, *settings.auth.trusted]))
"""

from __future__ import annotations

from runtime.http.routes import Route
from runtime.issuer.authorization import authorization_routes
from runtime.issuer.discovery import discovery_routes
from runtime.issuer.endpoint import token_routes
from runtime.issuer.issuer import Issuer, issuer_url, local_jwks_url, open_issuer, own_trust
from runtime.issuer.management.client_grants import ClientGrants
from runtime.issuer.management.clients import Clients
from runtime.issuer.management.resource_servers import ResourceServers
from runtime.issuer.management.signing_keys import signing_key_routes
from runtime.issuer.management.users import Users

__all__ = ["Issuer", "issuer_routes", "issuer_url", "local_jwks_url", "open_issuer", "own_trust"]


def issuer_routes(issuer: Issuer) -> list[Route]:
    """Every route of the token server: authorization and token endpoint, the discovery documents, the management API."""
    return [
        *authorization_routes(issuer),
        *token_routes(issuer),
        *discovery_routes(issuer),
        *_management_routes(issuer),
    ]


def _management_routes(issuer: Issuer) -> list[Route]:
    store = issuer.store
    return [
        *Clients(issuer, store.clients).routes(),
        *ResourceServers(issuer, store.resource_servers).routes(),
        *ClientGrants(issuer, store.client_grants).routes(),
        *Users(issuer, store.users).routes(),
        *signing_key_routes(issuer),
    ]
