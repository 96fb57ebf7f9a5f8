"""Bearer tokens for development: HS256, from a secret that both sides know."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import jwt

from runtime.cli.demo import TENANT, Demo, read_token_secret, token_signer
from runtime.errors import SettingsError
from runtime.issuer.system import MANAGEMENT_SCOPES
from runtime.settings import TrustedIssuer, trust_fault
from runtime.sources import load_settings

DEMO_LIFETIME = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChoice:
    """What was asked for on the command line. `lifetime` is seconds."""

    config: Path | None = None
    tenant: str | None = None
    scope: tuple[str, ...] = ()
    subject: str
    lifetime: int
    secret: str | None = None
    issuer: str | None = None
    audience: str | None = None


def mint(choice: TokenChoice, directory: Path, environ: Mapping[str, str]) -> str:
    """The token. `SettingsError` says what is missing."""
    row = _signer(choice, directory, environ)
    tenant = choice.tenant or row.tenant
    if not tenant:
        raise SettingsError("Whose hooks? Name the tenant: --tenant NAME.")
    if row.tenant and tenant != row.tenant:
        raise SettingsError(f"Tokens of {row.issuer} belong to the tenant {row.tenant}, not to {tenant}.")
    fault = trust_fault(replace(row, tenant=tenant))
    if fault:
        raise SettingsError(f"No runtime would accept the tokens of the issuer {row.issuer!r}: {fault}.")
    return sign(row, tenant=tenant, scope=choice.scope, subject=choice.subject, lifetime=choice.lifetime)


def sign(row: TrustedIssuer, *, tenant: str, scope: tuple[str, ...], subject: str, lifetime: int) -> str:
    """A token as *row* wants it, from now on for *lifetime* seconds."""
    now = int(time.time())
    claims = {
        "iss": row.issuer,
        "aud": row.audience,
        "sub": subject,
        "client_id": subject,
        "jti": secrets.token_hex(8),
        "ten": tenant,
        "scope": " ".join(scope),
        "iat": now,
        "exp": now + lifetime,
    }
    # RFC 9068. sandboxjs, which wt-cli is made of, takes a token of the type JWT for one of a server of another kind.
    return jwt.encode(claims, row.secret, "HS256", headers={"typ": "at+jwt"})


def demo_token(demo: Demo) -> str:
    """The demo's API token: all that there is to do in its tenant, for thirty days."""
    return sign(demo.signer(), tenant=TENANT, scope=tuple(MANAGEMENT_SCOPES), subject="demo", lifetime=DEMO_LIFETIME)


def _signer(choice: TokenChoice, directory: Path, environ: Mapping[str, str]) -> TrustedIssuer:
    if choice.config is not None:
        rows = load_settings(choice.config, environ).auth.trusted
        row = next((row for row in rows if row.algorithm == "HS256"), None)
        if row is None:
            raise SettingsError(
                f"{choice.config} has no [[auth.trusted]] with algorithm HS256: only these can be minted here."
            )
        return row
    if choice.secret is not None:
        if not choice.issuer or not choice.audience:
            raise SettingsError("With --secret, name --issuer and --audience as the [[auth.trusted]] entry has them.")
        return TrustedIssuer(issuer=choice.issuer, audience=choice.audience, algorithm="HS256", secret=choice.secret)
    return token_signer(read_token_secret(directory))
