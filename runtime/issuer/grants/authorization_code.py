"""The authorization code grant (RFC 6749 section 4.1.3) with its proof (RFC 7636 section 4.6), and how a code is made.

No hook runs: Auth0 had an extensibility point for the password grant and none for this one; what it runs at a login
(Rules, the Action `post-login`) is not a hook. A code is good once, for a minute, for the client, the redirection URI and the challenge
that it was asked for with. Used again, it ends the refresh tokens that came of it (RFC 6749 section 4.1.2); access tokens
are good by themselves, until they expire.
"""

from __future__ import annotations

import hmac
import logging
import re
from dataclasses import replace
from typing import Final

from runtime.http.openid import challenge_of
from runtime.issuer.authorization_request import GRANT, AuthorizationRequest, ReplyTo
from runtime.issuer.grants.refresh_token import first_of_family
from runtime.issuer.grants.requests import not_authorized
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import AccessDenied, InvalidGrant, InvalidRequest
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import (
    AuthorizationCode,
    Client,
    RefreshToken,
    ResourceServer,
    User,
    hash_token,
    new_family,
    new_token,
)
from runtime.issuer.scopes import OFFLINE_ACCESS, scopes_of_code, scopes_of_manager
from runtime.issuer.tokens import Issuance

log = logging.getLogger("hookd.issuer")

CODE_SECONDS: Final = 60.0
"""How long a code is good: the browser carries it at once (RFC 6749 section 4.1.2 recommends ten minutes at most)."""

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}").fullmatch


async def new_code(issuer: Issuer, reply: ReplyTo, request: AuthorizationRequest, user: User) -> str:
    """A code for the user who just signed in. `AccessDenied` when there is nothing to give, or not to this user."""
    await _scope(issuer, reply.client, request.api, user, request.scope)
    code = new_token()
    now = issuer.clock()
    record = AuthorizationCode(
        code_hash=hash_token(code),
        family=new_family(),
        client_id=reply.client.client_id,
        user_id=user.user_id,
        audience=request.api.identifier,
        redirect_uri=reply.redirect_uri,
        scope=request.scope,
        challenge=request.challenge,
        nonce=request.nonce,
        auth_time=now,
        expires_at=now + CODE_SECONDS,
    )
    if not await issuer.store.authorization_codes.add(record, user, now):
        raise AccessDenied("The password was changed, or the user, the client or the API removed, during the login.")
    return code


async def authorization_code(issuer: Issuer, client: Client, parameters: Parameters) -> Issuance:
    """Tokens for the user who logged in, for the client that proves to have asked."""
    given = await _given(issuer, client, parameters)
    api = await issuer.store.resource_servers.find(identifier=given.audience)
    user = await issuer.store.users.get(given.user_id)
    if api is None or user is None or user.blocked:
        raise _unknown()
    scope = await _scope(issuer, client, api, user, given.scope)
    token = new_token() if OFFLINE_ACCESS in scope else ""
    await _redeem(
        issuer, given, _first_refresh_token(issuer, given, client, api, user, token, scope) if token else None
    )
    return Issuance(
        client=client,
        api=api,
        gty=GRANT,
        subject=user.user_id,
        scope=scope,
        user=user,
        auth_time=given.auth_time,
        nonce=given.nonce,
        refresh_token=token,
    )


async def _scope(
    issuer: Issuer, client: Client, api: ResourceServer, user: User, asked: tuple[str, ...]
) -> tuple[str, ...]:
    """What of the scope this client gets for this user, as things are now."""
    if not api.is_system:
        may_refresh = api.allow_offline_access and client.may_use("refresh_token")
        return scopes_of_code(api, asked, may_refresh=may_refresh)
    grant = await issuer.store.client_grants.find(client_id=client.client_id, audience=api.identifier)
    if grant is None:
        raise not_authorized(api)
    return scopes_of_manager(api, grant, user.permissions, asked)


async def _given(issuer: Issuer, client: Client, parameters: Parameters) -> AuthorizationCode:
    """The record of a code that this client may use now. Nothing that is refused before the proof uses it up."""
    code, redirect_uri = parameters.required("code"), parameters.required("redirect_uri")
    verifier = parameters.required("code_verifier")
    if _VERIFIER(verifier) is None:
        raise InvalidRequest("The code_verifier must be 43 to 128 letters, digits, '-', '.', '_' and '~'.")
    record = await issuer.store.authorization_codes.get(hash_token(code))
    if record is None or record.client_id != client.client_id:
        raise _unknown()
    if record.redirect_uri != redirect_uri:
        raise InvalidGrant("The redirect_uri is another than the code was asked for with.")
    if not hmac.compare_digest(challenge_of(verifier), record.challenge):
        raise InvalidGrant("Failed to verify code verifier.")
    if record.is_used:
        await _redeem(issuer, record, None)
    if record.expires_at <= issuer.clock():
        raise _unknown()
    return record


async def _redeem(issuer: Issuer, given: AuthorizationCode, token: RefreshToken | None) -> None:
    if not await issuer.store.authorization_codes.redeem(given, token, issuer.clock()):
        log.warning("an authorization code of client %s was used twice; what came of it is revoked", given.client_id)
        raise _unknown()


def _first_refresh_token(
    issuer: Issuer,
    given: AuthorizationCode,
    client: Client,
    api: ResourceServer,
    user: User,
    token: str,
    scope: tuple[str, ...],
) -> RefreshToken:
    record = first_of_family(issuer, client, api, user, token=token, scope=scope, auth_time=given.auth_time)
    return replace(record, family=given.family, gty=GRANT)


def _unknown() -> InvalidGrant:
    return InvalidGrant("Invalid authorization code.")
