"""The refresh token grant (RFC 6749 section 6), with rotation and reuse detection (RFC 9700 section 4.14.2).

No hook runs: there is no extensibility point for it (contract 0). The tokens carry what the hook set at the sign-in, if one
ran then.
A family ends `refresh_token_lifetime` after the sign-in, however often it is used.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import InvalidGrant
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import Client, RefreshToken, ResourceServer, User, hash_token, new_family, new_token
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
        gty=given.gty,
        subject=given.user_id,
        scope=scope,
        claims=given.claims,
        id_token_claims=given.id_token_claims,
        user=user,
        auth_time=given.auth_time,
        refresh_token=await _rotate(issuer, given),
    )


def first_of_family(
    issuer: Issuer,
    client: Client,
    api: ResourceServer,
    user: User,
    *,
    token: str,
    scope: tuple[str, ...],
    auth_time: float,
) -> RefreshToken:
    """The record of a new family's first token (contract 0, `offline_access`), of a user who signed in at `auth_time`."""
    return RefreshToken(
        token_hash=hash_token(token),
        family=new_family(),
        client_id=client.client_id,
        user_id=user.user_id,
        audience=api.identifier,
        scope=scope,
        claims={},
        id_token_claims={},
        auth_time=auth_time,
        expires_at=auth_time + issuer.settings.refresh_token_lifetime,
        api_scope=tuple(name for name in scope if name in api.scopes),
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
    token = new_token()
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
