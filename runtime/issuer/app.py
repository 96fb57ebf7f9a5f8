"""The token server's route table.

How the command line puts it into an application:

    async with open_issuer(settings.issuer) as issuer:
        trusted = own_trust(settings.issuer, local_jwks_url(host, port))
        install(app, issuer_routes(issuer), Authenticator([*trusted, *settings.auth.trusted]))
"""

from __future__ import annotations

from runtime.http.routes import Route
from runtime.issuer.discovery import discovery_routes
from runtime.issuer.issuer import Issuer, issuer_url, local_jwks_url, open_issuer, own_trust
from runtime.issuer.management.routes import management_routes
from runtime.issuer.token import token_routes

__all__ = ["Issuer", "issuer_routes", "issuer_url", "local_jwks_url", "open_issuer", "own_trust"]


def issuer_routes(issuer: Issuer) -> list[Route]:
    """Every route of the token server: the token endpoint, the discovery documents, the management API."""
    return [*token_routes(issuer), *discovery_routes(issuer), *management_routes(issuer)]
