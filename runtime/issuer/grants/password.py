"""The password grant (RFC 6749 section 4.3) in both of Auth0's spellings: the extensibility point `password-exchange`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from runtime.issuer.decisions import Allowed
from runtime.issuer.grants.requests import asked_api, client_argument, context_argument, not_authorized
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import AccessDenied, InvalidGrant, InvalidRequest
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import CONNECTION, Client, RefreshToken, ResourceServer, User, hash_token, login_key
from runtime.issuer.scopes import OFFLINE_ACCESS, scopes_of_user
from runtime.issuer.tokens import Issuance

REFRESH_TOKEN_BYTES: Final = 32


async def password(issuer: Issuer, client: Client, parameters: Parameters) -> Issuance:
    """A token for a user who gives the client name and password, as the hook has it."""
    name, given = parameters.required("username"), parameters.required("password")
    _check_realm(parameters.text("realm"))
    asked = parameters.scope()
    api = await asked_api(issuer, parameters)
    if api.is_system:  # a user has no client grant, and would otherwise get every scope of our own management
        raise not_authorized(api)
    user = await _sign_in(issuer, name, given, parameters.ip)
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


async def _sign_in(issuer: Issuer, name: str, given: str, ip: str) -> User:
    """The user of this name (or e-mail address) and password. Who is nobody takes as long to find out as who is.

    `TooManyAttempts` when this address was wrong about this user too often, whatever it says now.
    """
    key = login_key(name)
    users = issuer.store.users
    user = await users.find(username=key) or await users.find(email=key)
    counted = user.user_id if user is not None else key or ""
    issuer.user_attempts.check(counted, ip)
    matches = await issuer.passwords.verify(given, user.password_hash if user is not None else None)
    issuer.user_attempts.count(counted, ip, failed=not matches)
    if not matches or user is None:
        raise InvalidGrant("Wrong email or password.")
    if user.blocked:
        raise AccessDenied("user is blocked")
    return user


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
    """A new family's first token (contract 0, `offline_access`); what the hook set stays with the family."""
    token = secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
    now = issuer.clock()
    record = RefreshToken(
        token_hash=hash_token(token),
        family=secrets.token_hex(16),
        client_id=client.client_id,
        user_id=user.user_id,
        audience=api.identifier,
        scope=decision.scope,
        claims=decision.claims,
        id_token_claims=decision.id_token_claims,
        auth_time=now,
        expires_at=now + issuer.settings.refresh_token_lifetime,
        api_scope=tuple(scope for scope in decision.scope if scope in api.scopes),
    )
    if not await issuer.store.refresh_tokens.add(record, user, now):
        raise InvalidGrant("The password was changed, or the user, the client or the API removed, during the sign-in.")
    return token
