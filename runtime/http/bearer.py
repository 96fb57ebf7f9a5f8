"""Bearer tokens (RFC 6750): who calls, for which tenant, with which scopes.

Each `[[auth.trusted]]` entry pins issuer, audience and one algorithm; what the token says of itself is believed only
where an entry says the same. `jwks.py` beside this file fetches the public keys.

Rule: a token is verified whole or not at all, and only verified ones are remembered.

A token whose signing key the issuer withdraws is refused two minutes later at the latest, as long as the issuer answers:
`jwks.OLD_SECONDS` until the keys are fetched, and `REMEMBERED_SECONDS`. `Authenticator.forget` makes it at once.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from runtime.errors import HookdError, InsufficientScope, SettingsError, Unauthenticated, Unavailable
from runtime.http.jwks import KeySet
from runtime.settings import TENANT_RULE, TrustedIssuer, is_tenant_name, trust_fault

REMEMBERED: Final = 4096
"""Verified tokens that are kept."""

REMEMBERED_SECONDS: Final = 60.0
"""After this a token is verified again, so that a withdrawn key stops working."""

TOKEN_CHARS: Final = 16_384
"""Longest token that is looked at."""

TYPES: Final = ("", "jwt", "at+jwt", "application/at+jwt")
"""What a token may say that it is, in any case: nothing, or an access token (RFC 9068 section 4). Others are for other purposes."""

SUBJECT_CHARS: Final = 256
"""Of a token's `sub` and `jti`, what is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. `tenant` is "" and `scopes` empty only on public routes.

    `expires_at` is when its token stops being good, in seconds since the epoch: for answers that go on for hours.
    `subject` is the token's `sub`, `token_id` its `jti`, "" where it has none: to be shown, never to be decided by.
    """

    tenant: str
    scopes: frozenset[str]
    expires_at: float
    subject: str = ""
    token_id: str = ""


NOBODY: Final = Caller(tenant="", scopes=frozenset(), expires_at=math.inf)


class NoToken(Unauthenticated):
    """The request carries no bearer token at all; the challenge then has no error code (RFC 6750 section 3.1)."""


def reread(token: str) -> Caller:
    """What a token says of itself, for one that was verified before, and that nobody could change since. No scopes; maybe no tenant."""
    _, _, claims = _unverified(token)
    return Caller(
        tenant=str(claims.get("ten") or ""),
        scopes=frozenset(),
        expires_at=float(claims["exp"]),
        subject=_shown(claims, "sub"),
        token_id=_shown(claims, "jti"),
    )


def _shown(claims: Mapping[str, Any], name: str) -> str:
    """Halves of surrogate pairs, which JSON can have and UTF-8 can not, as escapes: it goes into logs and answers."""
    return str(claims.get(name, "")).encode(errors="backslashreplace").decode()[:SUBJECT_CHARS]


class Authenticator:
    """Verifies bearer tokens against the trusted issuers. `clock` gives seconds since the epoch.

    `SettingsError` for an entry that could accept nothing, or too much.
    """

    def __init__(
        self, trusted: Sequence[TrustedIssuer], *, leeway: int = 5, clock: Callable[[], float] = time.time
    ) -> None:
        self._entries = [_Entry(row) for row in trusted]
        self._leeway = leeway
        self._clock = clock
        self._known: dict[str, tuple[Caller, float]] = {}
        self._era = 0

    async def close(self) -> None:
        """Let go of connections to the issuers."""
        for entry in self._entries:
            await entry.close()

    def forget(self) -> None:
        """Verify every token anew, by keys that are fetched anew. For whoever revokes a key in this very process.

        Requests that are being verified meanwhile may still be let in by the old keys; they are not remembered.
        """
        self._era += 1
        self._known.clear()
        for entry in self._entries:
            entry.forget()

    def recall(self, header: str | None) -> Caller | None:
        """The caller of an `Authorization` header that was verified lately, else None. Costs well under a microsecond."""
        known = self._known.get(header) if header is not None else None
        return known[0] if known is not None and known[1] > self._clock() else None

    async def identify(self, header: str | None) -> Caller:
        """The caller of an `Authorization` header, or `Unauthenticated`; `Unavailable` when keys can not be had."""
        if header is None:
            raise NoToken("A bearer token is missing: send 'Authorization: Bearer <token>'.")
        known = self.recall(header)
        if known is not None:
            return known
        era = self._era
        token = _token(header)
        caller = await self._verify(token)
        if era == self._era and _is_plain(header, token):
            self._remember(header, caller)
        return caller

    def _remember(self, header: str, caller: Caller) -> None:
        self._known.pop(header, None)
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[header] = caller, min(caller.expires_at, self._clock() + REMEMBERED_SECONDS)

    async def _verify(self, token: str) -> Caller:
        header, issuer, _ = _unverified(token)
        if str(header.get("typ") or "").lower() not in TYPES:
            raise Unauthenticated("The token is of a type that is not for calling an API (typ).")
        entries = [entry for entry in self._entries if entry.row.issuer == issuer]
        if not entries:
            raise Unauthenticated("The token's issuer is not trusted here.")
        fitting = [entry for entry in entries if entry.row.algorithm == header.get("alg")]
        if not fitting:
            raise Unauthenticated("The token is signed with an algorithm that is not accepted from its issuer.")
        return await _verified_by_one(fitting, token, header.get("kid"), self._leeway)


class _Entry:
    """One trusted issuer with its keys."""

    def __init__(self, row: TrustedIssuer) -> None:
        fault = trust_fault(row)
        if fault:
            raise SettingsError(f"[[auth.trusted]] of the issuer {row.issuer!r}: {fault}.")
        self.row = row
        self._keys = KeySet(row.jwks_url, row.algorithm) if row.algorithm != "HS256" else None

    async def close(self) -> None:
        if self._keys is not None:
            await self._keys.close()

    def forget(self) -> None:
        if self._keys is not None:
            self._keys.forget()

    async def verify(self, token: str, key_id: object, leeway: int) -> Caller:
        """The caller, or `Unauthenticated` with the rule that the token breaks."""
        key = await self._key(key_id)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[self.row.algorithm],
                audience=self.row.audience,
                issuer=self.row.issuer,
                leeway=leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
            return _caller(claims, self.row, leeway)
        except (jwt.InvalidTokenError, OverflowError) as error:  # an `exp` of 400 digits overflows
            raise Unauthenticated(_reason(error), debug=repr(error)) from None

    async def _key(self, key_id: object) -> Any:
        if self._keys is None:
            return self.row.secret
        key = await self._keys.get(key_id if isinstance(key_id, str) else None)
        if key is None:
            raise Unauthenticated("The token is signed with a key that its issuer does not publish.")
        return key


async def _verified_by_one(entries: Sequence[_Entry], token: str, key_id: object, leeway: int) -> Caller:
    """The caller by the first entry that accepts the token; else `Unavailable` where one could not say, else the first one's fault."""
    faults: list[Unauthenticated | Unavailable] = []
    for entry in entries:
        try:
            return await entry.verify(token, key_id, leeway)
        except (Unauthenticated, Unavailable) as error:
            faults.append(error)
    raise next((fault for fault in faults if isinstance(fault, Unavailable)), faults[0])


# RFC 6750 section 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_HEADER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]+=*) *")


def _token(header: str) -> str:
    if len(header) > TOKEN_CHARS:
        raise Unauthenticated(f"The token is longer than {TOKEN_CHARS:,} characters.")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise NoToken("The Authorization header must be 'Bearer <token>'.")
    return match[1]


def _is_plain(header: str, token: str) -> bool:
    """Whether it is written as clients do: else who has one token could push out all others', a header for each number of spaces."""
    return header in (f"Bearer {token}", f"bearer {token}") and not token.endswith("=")


def _unverified(token: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The token's header and its `iss`, which only choose the entry to verify it with, and all that it claims."""
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        raise Unauthenticated("Invalid token.") from None
    issuer = parts["payload"].get("iss")
    if not isinstance(issuer, str):
        raise Unauthenticated("The token has no issuer (iss).")
    return parts["header"], issuer, parts["payload"]


_REASONS: Final[Mapping[type[Exception], str]] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet (nbf, iat).",
    jwt.InvalidIssuedAtError: "The token's iat is not a number.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidSignatureError: "Invalid signature received for JSON Web Token validation.",
}


def _reason(error: Exception) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token has no claim '{error.claim}'."
    return _REASONS.get(type(error), "Invalid token.")


def _caller(claims: Mapping[str, Any], row: TrustedIssuer, leeway: int) -> Caller:
    _check_dates(claims)
    return Caller(
        tenant=_tenant(claims.get("ten"), row.tenant),
        scopes=_scopes(claims),
        expires_at=float(claims["exp"]) + leeway,
        subject=_shown(claims, "sub"),
        token_id=_shown(claims, "jti"),
    )


def _check_dates(claims: Mapping[str, Any]) -> None:
    """A NumericDate is a JSON number (RFC 7519 section 2). PyJWT takes what `int` takes: "99999999999" and true."""
    for name in ("exp", "nbf", "iat"):
        if name in claims and type(claims[name]) not in (int, float):
            raise Unauthenticated(f"The token's {name} is not a number.")


def _tenant(claimed: object, fixed: str) -> str:
    if claimed is None and not fixed:
        raise Unauthenticated(
            "The token names no tenant: it needs the claim 'ten', or its issuer a 'tenant' in [[auth.trusted]]."
        )
    if fixed and claimed not in (None, fixed):
        raise Unauthenticated("The token's claim 'ten' names another tenant than its issuer's.")
    tenant = fixed or claimed
    if not isinstance(tenant, str) or not is_tenant_name(tenant):
        raise Unauthenticated(f"The token's claim 'ten' is not a tenant's name: {TENANT_RULE}.")
    return tenant


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """`scope` is a string of names with spaces between them, and nothing else that looks like one (RFC 6749 section 3.3).

    Auth0 puts `permissions`, an array, beside it.
    """
    scope, permissions = claims.get("scope"), claims.get("permissions")
    names = [name for name in scope.split(" ") if name] if isinstance(scope, str) else []
    if isinstance(permissions, list):
        names += [name for name in permissions if isinstance(name, str)]
    return frozenset(names)


def require_scope(caller: Caller, wanted: tuple[str, ...]) -> None:
    """`InsufficientScope` unless the caller has one of these."""
    if caller.scopes.isdisjoint(wanted):
        raise InsufficientScope(f"Insufficient scope; expected any of: {', '.join(wanted)}.")


def challenge(error: HookdError, wanted: tuple[str, ...]) -> str | None:
    """The `WWW-Authenticate` of an answer with this error (RFC 6750 section 3), or None where it takes none."""
    if isinstance(error, NoToken):
        return 'Bearer realm="hookd"'
    if isinstance(error, Unauthenticated):
        return f'Bearer realm="hookd", error="invalid_token", error_description="{_quotable(error.message)}"'
    if isinstance(error, InsufficientScope):
        return f'Bearer realm="hookd", error="insufficient_scope", scope="{" ".join(wanted)}"'
    return None


def _quotable(text: str) -> str:
    """Only what RFC 6750 section 3 lets into error_description."""
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "'", text)
