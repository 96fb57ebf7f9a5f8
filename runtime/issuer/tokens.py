"""From a grant to the answer of the token endpoint: access token, ID token, and what stands around them.

Rule: what identifies the token is written last and by us; whatever a hook answered can not reach it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime.http.openid import half_hash
from runtime.issuer.issuer import Issuer
from runtime.issuer.records import Client, ResourceServer, User

log = logging.getLogger("hookd.issuer")

ID_TOKEN_SECONDS: Final = 36_000
"""Auth0's default."""

SCOPES_WITH_CLAIMS: Final = ("openid", "profile", "email")
"""Scopes that put something into an ID token: `address` and `phone` are granted too, but users have neither here."""

PROFILE_CLAIMS: Final = ("name", "preferred_username", "updated_at", "email", "email_verified")
"""What `profile` and `email` ask for, as far as there is such a thing here."""

RESERVED_CLAIMS: Final = frozenset(
    # RFC 7519 4.1, RFC 9068 2.2, RFC 8693 4, RFC 7800, OpenID Connect Core 2, Auth0's own, and what hookd reads itself.
    "iss sub aud exp nbf iat jti scope client_id azp gty auth_time nonce acr amr sid act may_act cnf at_hash c_hash "  # noqa: SIM905 - thirty lines otherwise
    "s_hash org_id org_name permissions events txn ten".split()
)
"""Claims that no hook sets, whatever the runtime says: the second of two checks, with a list of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """What one token request is given.

    `gty` is Auth0's name of the grant, `auth_time` when the user signed in, `nonce` what an authorization request wants to
    find in its ID token.
    """

    client: Client
    api: ResourceServer
    gty: str
    subject: str
    scope: tuple[str, ...]
    claims: Mapping[str, object] = field(default_factory=dict)
    id_token_claims: Mapping[str, object] = field(default_factory=dict)
    user: User | None = None
    auth_time: float = 0.0
    nonce: str = ""
    refresh_token: str = field(default="", repr=False)


async def answer(issuer: Issuer, issuance: Issuance) -> dict[str, object]:
    """The answer's body (RFC 6749 section 5.1).

    `scope` is there whatever was asked for, as a hook may have changed it; but a token without any scope has no `scope`,
    here and in the JWT: an empty one is not in the grammar (RFC 6749 section 3.3, RFC 8693 section 4.2). RFC 6749 section 5.1
    has no other way to say "none".
    """
    now = int(issuer.clock())
    access_token = await issuer.keys.sign(_access_claims(issuer, issuance, now))
    body: dict[str, object] = {"access_token": access_token}
    if issuance.refresh_token:
        body["refresh_token"] = issuance.refresh_token
    if issuance.user is not None and "openid" in issuance.scope:
        body["id_token"] = await issuer.keys.sign(_id_claims(issuer, issuance, issuance.user, now, access_token))
    body |= _scope(issuance)
    body["expires_in"] = issuance.api.token_lifetime
    body["token_type"] = "Bearer"  # noqa: S105 - the name of a kind
    log.info("issued %s for %s to client %s", issuance.gty, issuance.api.identifier, issuance.client.client_id)
    return body


def _scope(issuance: Issuance) -> dict[str, object]:
    return {"scope": " ".join(issuance.scope)} if issuance.scope else {}


def _access_claims(issuer: Issuer, issuance: Issuance, now: int) -> dict[str, object]:
    own: dict[str, object] = {
        "iss": issuer.name,
        "sub": issuance.subject,
        "aud": issuance.api.identifier,
        "iat": now,
        "exp": now + issuance.api.token_lifetime,
        **_scope(issuance),
        "azp": issuance.client.client_id,
        "gty": issuance.gty,
        "jti": secrets.token_urlsafe(16),
    }
    if issuance.api.is_system:
        own["ten"] = issuer.tenant
    return own | _custom(issuance.claims, own)


def _id_claims(issuer: Issuer, issuance: Issuance, user: User, now: int, access_token: str) -> dict[str, object]:
    own: dict[str, object] = {
        "iss": issuer.name,
        "sub": issuance.subject,
        "aud": issuance.client.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "auth_time": int(issuance.auth_time),
        "at_hash": half_hash(access_token),
        **({"nonce": issuance.nonce} if issuance.nonce else {}),
        **_profile(user, issuance.scope),
    }
    return own | _custom(issuance.id_token_claims, own)


def _profile(user: User, scope: tuple[str, ...]) -> dict[str, object]:
    """The user's claims that these scopes ask for (OpenID Connect Core section 5.4)."""
    claims: dict[str, object] = {}
    if "profile" in scope:
        claims["name"] = user.display_name
        if user.username:
            claims["preferred_username"] = user.username
        claims["updated_at"] = int(user.updated_at)
    if "email" in scope and user.email:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    return claims


def _custom(claims: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    refused = [name for name in claims if name in RESERVED_CLAIMS or name in own]
    if refused:
        log.warning("the runtime's decision had reserved claims, left out: %s", ", ".join(refused))
    return {name: value for name, value in claims.items() if name not in refused}
