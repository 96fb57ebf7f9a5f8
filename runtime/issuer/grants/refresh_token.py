"""The refresh token grant (RFC 6749 section 6), with rotation and reuse detection (RFC 9700 section 4.14.2).

No hook runs: there is no extensibility point for it (contract 0). The tokens carry what the hook set at the sign-in.
A family ends `refresh_token_lifetime` after the sign-in, however often it is used.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace

from runtime.issuer.grants.password import REFRESH_TOKEN_BYTES
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import InvalidGrant
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import Client, RefreshToken, ResourceServer, User, hash_token
from runtime.issuer.scopes import scopes_of_refresh
from runtime.issuer.tokens import Issuance

log = logging.getLogger("hookd.issuer")


async def refresh_token(issuer: Issuer, client: Client, parameters: Parameters) -> Issuance:
    """Fresh tokens for a grant that was given before; the refresh token is used up and another takes its place."""
    given = await _given(issuer, client, parameters.required("refresh_token"))
    asked = parameters.scope()
    api, user = await _grantors(issuer, given)
    scope = scopes_of_refresh(api, given, asked)
    return Issuance(
        client=client,
        api=api,
        gty="password",
        subject=given.user_id,
        scope=scope,
        claims=given.claims,
        id_token_claims=given.id_token_claims,
        user=user,
        auth_time=given.auth_time,
        refresh_token=await _rotate(issuer, given),
    )


async def _given(issuer: Issuer, client: Client, token: str) -> RefreshToken:
    """The record of a token that this client may use now. One that was used before ends its family."""
    record = await issuer.store.refresh_tokens.get(hash_token(token))
    if record is None or record.client_id != client.client_id or record.expires_at <= issuer.clock():
        raise _unknown()
    if record.is_used:
        raise await _reused(issuer, record)
    return record


async def _grantors(issuer: Issuer, given: RefreshToken) -> tuple[ResourceServer, User]:
    """The API and the user as they are now: both may have changed their mind since."""
    api = await issuer.store.resource_servers.find(identifier=given.audience)
    user = await issuer.store.users.get(given.user_id)
    if api is None or not api.allow_offline_access or user is None or user.blocked:
        raise _unknown()
    return api, user


async def _rotate(issuer: Issuer, given: RefreshToken) -> str:
    token = secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
    successor = replace(given, token_hash=hash_token(token), is_used=False)
    if not await issuer.store.refresh_tokens.rotate(given, successor):
        raise await _reused(issuer, given)
    return token


async def _reused(issuer: Issuer, record: RefreshToken) -> InvalidGrant:
    """Somebody has a token that was used already: nobody can tell who is the thief, so the whole family ends."""
    ended = await issuer.store.refresh_tokens.revoke(family=record.family)
    log.warning("a refresh token of client %s was used twice; its family of %d is revoked", record.client_id, ended)
    return _unknown()


def _unknown() -> InvalidGrant:
    return InvalidGrant("Unknown or invalid refresh token.")
