"""The client credentials grant (RFC 6749 section 4.4): the extensibility point `credentials-exchange`."""

from __future__ import annotations

from runtime.issuer.grants.requests import asked_api, client_argument, context_argument, not_authorized
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import UnauthorizedClient
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import Client
from runtime.issuer.scopes import scopes_of_client, scopes_of_hook
from runtime.issuer.tokens import Issuance


async def client_credentials(issuer: Issuer, client: Client, parameters: Parameters) -> Issuance:
    """A token for the client itself, within its client grant and as the hook has it."""
    if client.is_public:
        raise UnauthorizedClient("Grant type 'client_credentials' not allowed for the client: it has no secret.")
    api = await asked_api(issuer, parameters)
    grant = await issuer.store.client_grants.find(client_id=client.client_id, audience=api.identifier)
    if grant is None:
        raise not_authorized(api)
    scope = scopes_of_client(api, grant, parameters.scope())
    question = {
        "client": client_argument(issuer, client),
        "scope": scope,
        "audience": api.identifier,
        "context": context_argument(parameters),
    }
    decision = await issuer.decisions.decide("credentials-exchange", question, parameters.request_id)
    return Issuance(
        client=client,
        api=api,
        gty="client-credentials",
        subject=f"{client.client_id}@clients",
        scope=scopes_of_hook(api, scope, decision.scope),
        claims=decision.claims,
    )
