"""`POST /oauth/token` (RFC 6749 section 3.2): who asks, may it use this grant, and what does the grant give.

Each grant is a file in `grants/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from aiohttp import web

from runtime.http.json import json_response
from runtime.http.routes import Call, Public, Route
from runtime.issuer.authentication import authenticate
from runtime.issuer.grants.authorization_code import authorization_code
from runtime.issuer.grants.client_credentials import client_credentials
from runtime.issuer.grants.password import password
from runtime.issuer.grants.refresh_token import refresh_token
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import NO_STORE, UnauthorizedClient, UnsupportedGrantType, answer_oauth_error
from runtime.issuer.parameters import Parameters, read_parameters
from runtime.issuer.records import PASSWORD_REALM, Client
from runtime.issuer.tokens import Issuance, answer

Grant: TypeAlias = Callable[[Issuer, Client, Parameters], Awaitable[Issuance]]

GRANTS: Final[Mapping[str, Grant]] = {
    "authorization_code": authorization_code,
    "client_credentials": client_credentials,
    "password": password,
    PASSWORD_REALM: password,
    "refresh_token": refresh_token,
}


def token_routes(issuer: Issuer) -> list[Route]:
    """The token endpoint."""

    async def post(call: Call) -> web.StreamResponse:
        parameters = await read_parameters(call)
        issuance = await _grant(issuer, parameters)
        return json_response(await answer(issuer, issuance), headers=NO_STORE)

    return [
        Route(
            method="POST",
            path="/oauth/token",
            handler=post,
            access=Public("clients authenticate by their own means (RFC 6749 section 2.3)"),
            answer_error=answer_oauth_error,
        )
    ]


async def _grant(issuer: Issuer, parameters: Parameters) -> Issuance:
    name = parameters.required("grant_type")
    grant = GRANTS.get(name)
    if grant is None:
        raise UnsupportedGrantType(f"Unsupported grant type: {name[:100]}")
    client = await authenticate(issuer, parameters)
    # Whoever may use passwords may say so in both of Auth0's ways.
    if not client.may_use(name, "password" if name == PASSWORD_REALM else name):
        raise UnauthorizedClient(f"Grant type '{name}' not allowed for the client.")
    return await grant(issuer, client, parameters)
