"""What clients and APIs find out by themselves: the metadata documents and the public keys.

OpenID Connect Discovery 1.0 section 3, RFC 8414 section 3.2 (the same document), RFC 7517 section 5.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route
from runtime.issuer.endpoint import GRANTS
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import UnsupportedResponseType, answer_oauth_error
from runtime.issuer.records import AUTH_METHODS
from runtime.issuer.scopes import OFFLINE_ACCESS
from runtime.issuer.tokens import PROFILE_CLAIMS, SCOPES_WITH_CLAIMS

CACHED: Final = {"Cache-Control": "public, max-age=60"}
"""A withdrawn key is out of everybody's sight after a minute; a new one was there before it signed."""

PUBLIC: Final = Public("metadata and public keys, which clients fetch before they can have a token")


def discovery_routes(issuer: Issuer) -> list[Route]:
    """The well-known documents, and the authorization endpoint that they must name."""

    async def configuration(_call: Call) -> web.StreamResponse:
        return json_response(metadata(issuer), headers=CACHED)

    async def jwks(_call: Call) -> web.StreamResponse:
        return json_response(await issuer.keys.jwks(), headers=CACHED)

    return [
        Route(method="GET", path="/.well-known/openid-configuration", handler=configuration, access=PUBLIC),
        Route(method="GET", path="/.well-known/oauth-authorization-server", handler=configuration, access=PUBLIC),
        Route(method="GET", path="/.well-known/jwks.json", handler=jwks, access=PUBLIC),
        Route(method="GET", path="/authorize", handler=_authorize, access=PUBLIC, answer_error=answer_oauth_error),
    ]


def metadata(issuer: Issuer) -> dict[str, object]:
    """The document. `authorization_endpoint` and `response_types_supported` are required, though no flow uses them here."""
    return {
        "issuer": issuer.name,
        "authorization_endpoint": f"{issuer.url}/authorize",
        "token_endpoint": f"{issuer.url}/oauth/token",
        "jwks_uri": f"{issuer.url}/.well-known/jwks.json",
        "scopes_supported": [*SCOPES_WITH_CLAIMS, OFFLINE_ACCESS],
        "response_types_supported": ["none"],
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "claims_supported": ["aud", "auth_time", "exp", "iat", "iss", "sub", *PROFILE_CLAIMS],
    }


async def _authorize(_call: Call) -> web.StreamResponse:
    raise UnsupportedResponseType("This token server has no browser flow; ask POST /oauth/token.")
