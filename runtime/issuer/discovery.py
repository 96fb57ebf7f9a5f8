"""What clients and APIs find out by themselves: the metadata documents and the public keys.

OpenID Connect Discovery 1.0 section 3, RFC 8414 section 3.2 (the same document), RFC 9207 section 3, RFC 7517 section 5.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route
from runtime.issuer.authorization_request import PROMPTS
from runtime.issuer.endpoint import GRANTS
from runtime.issuer.issuer import Issuer
from runtime.issuer.records import AUTH_METHODS
from runtime.issuer.scopes import OFFLINE_ACCESS
from runtime.issuer.tokens import PROFILE_CLAIMS, SCOPES_WITH_CLAIMS

CACHED: Final = {"Cache-Control": "public, max-age=60"}
"""A withdrawn key is out of everybody's sight after a minute; a new one was there before it signed."""

PUBLIC: Final = Public("metadata and public keys, which clients fetch before they can have a token")


def discovery_routes(issuer: Issuer) -> list[Route]:
    """The well-known documents."""

    async def configuration(_call: Call) -> web.StreamResponse:
        return json_response(metadata(issuer), headers=CACHED)

    async def jwks(_call: Call) -> web.StreamResponse:
        return json_response(await issuer.keys.jwks(), headers=CACHED)

    return [
        Route(method="GET", path="/.well-known/openid-configuration", handler=configuration, access=PUBLIC),
        Route(method="GET", path="/.well-known/oauth-authorization-server", handler=configuration, access=PUBLIC),
        Route(method="GET", path="/.well-known/jwks.json", handler=jwks, access=PUBLIC),
    ]


def metadata(issuer: Issuer) -> dict[str, object]:
    """The document. What is false is said, where it would be true if it were not (OpenID Connect Discovery section 3)."""
    return {
        "issuer": issuer.name,
        "authorization_endpoint": f"{issuer.url}/authorize",
        "token_endpoint": f"{issuer.url}/oauth/token",
        "jwks_uri": f"{issuer.url}/.well-known/jwks.json",
        "scopes_supported": [*SCOPES_WITH_CLAIMS, OFFLINE_ACCESS],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": list(PROMPTS),
        "request_uri_parameter_supported": False,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "claims_supported": ["at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sub", *PROFILE_CLAIMS],
    }
