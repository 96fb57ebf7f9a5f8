"""The password grant (RFC 6749 section 4.3) in both of Auth0's spellings: the extensibility point `password-exchange`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runtime.issuer.decisions import Allowed
from runtime.issuer.grants.refresh_token import first_of_family
from runtime.issuer.grants.requests import asked_api, client_argument, context_argument, not_authorized
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import InvalidGrant, InvalidRequest
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import CONNECTION, Client, ResourceServer, User, new_token
from runtime.issuer.scopes import OFFLINE_ACCESS, scopes_of_user
from runtime.issuer.sign_in import sign_in
from runtime.issuer.tokens import Issuance


async def password(issuer: Issuer, client: Client, parameters: Parameters) -> Issuance:
    """A token for a user who gives the client name and password, as the hook has it."""
    name, given = parameters.required("username"), parameters.required("password")
    _check_realm(parameters.text("realm"))
    asked = parameters.scope()
    api = await asked_api(issuer, parameters)
    if api.is_system:  # a user has no client grant, and would otherwise get every scope of our own management
        raise not_authorized(api)
    user = await sign_in(issuer, name, given, parameters.ip, parameters.request_id)
    may_refresh = api.allow_offline_access and client.may_use("refresh_token")
    scope = scopes_of_user(api, asked, may_refresh=may_refresh)
    question = {
        "user": _user_argument(issuer, user),
        "client": client_argument(issuer, client),
        "scope": scope,
        "audience": api.identifier,
        "context": context_argument(parameters) | {"connection": {"name": CONNECTION, "tenant": issuer.tenant}},
    }
    decision = await issuer.decisions.decide("password-exchange", question, parameters.request_id)
    refreshable = may_refresh and OFFLINE_ACCESS in decision.scope
    return Issuance(
        client=client,
        api=api,
        gty="password",
        subject=user.user_id,
        scope=decision.scope,
        claims=decision.claims,
        id_token_claims=decision.id_token_claims,
        user=user,
        auth_time=issuer.clock(),
        refresh_token=await _first_refresh_token(issuer, client, api, user, decision) if refreshable else "",
    )


def _check_realm(realm: str) -> None:
    if realm not in ("", CONNECTION):
        raise InvalidRequest(f"The realm '{realm[:100]}' does not exist; there is one connection: {CONNECTION}.")


def _user_argument(issuer: Issuer, user: User) -> Mapping[str, object]:
    """The hook's `user` (contract 0)."""
    return {
        "tenant": issuer.tenant,
        "id": user.user_id,
        "displayName": user.display_name,
        "email": user.email,
        "user_metadata": user.user_metadata,
        "app_metadata": user.app_metadata,
    }


async def _first_refresh_token(
    issuer: Issuer, client: Client, api: ResourceServer, user: User, decision: Allowed
) -> str:
    token = new_token()
    now = issuer.clock()
    record = first_of_family(issuer, client, api, user, token=token, scope=decision.scope, auth_time=now)
    record = replace(record, claims=decision.claims, id_token_claims=decision.id_token_claims)
    if not await issuer.store.refresh_tokens.add(record, user, now):
        raise InvalidGrant("The password was changed, or the user, the client or the API removed, during the sign-in.")
    return token
