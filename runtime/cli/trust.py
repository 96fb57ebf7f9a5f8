"""What `hookd doctor` says of who is trusted: whether an issuer's tokens can be verified, and whether only it can make them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final

from runtime.cli.check import BAD, GOOD, LOOK, Check
from runtime.cli.demo import TOKEN_ISSUER
from runtime.settings import TrustedIssuer, trust_fault

SECONDS: Final = 5.0
"""Longest wait for a server of keys."""


def look_at_issuer(row: TrustedIssuer, leeway: int) -> Iterator[Check]:
    """Whether its tokens can be verified, and whether only it can make them."""
    name, fault = f"issuer {row.issuer}", trust_fault(row)
    if fault:
        yield Check(name, BAD, fault, "Mend its [[auth.trusted]].")
        return
    if row.issuer == TOKEN_ISSUER:
        yield Check(name, LOOK, "this is the issuer of `hookd dev`", "In production trust your token server alone.")
        return
    if not row.jwks_url:
        distinct = len(set(row.secret))
        if distinct < 10:
            yield Check(
                name,
                LOOK,
                f"its secret has {distinct} different characters",
                "Make one at random: openssl rand -hex 32",
            )
        else:
            yield Check(name, GOOD, f"{row.algorithm}, a shared secret")
        return
    yield from _keys(name, row, leeway)


def _keys(name: str, row: TrustedIssuer, leeway: int) -> Iterator[Check]:
    """Its keys, as they are fetched when the first token comes, and its clock."""
    from runtime.cli.lean import httpx

    try:
        response = httpx.get(row.jwks_url, timeout=SECONDS)
        rows = response.raise_for_status().json()["keys"]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield Check(
            name,
            BAD,
            f"{row.jwks_url}: {error or type(error).__name__}",
            "No token of it can be verified: see to the address.",
        )
        return
    except (ValueError, KeyError, TypeError):
        yield Check(name, BAD, f"{row.jwks_url} answers no JWKS", "See to the address: it ends in jwks.json, mostly.")
        return
    fit = _fitting(rows, row.algorithm)
    if not fit:
        yield Check(
            name, BAD, f"{row.jwks_url} has no key for {row.algorithm}", "Set the algorithm that it signs with."
        )
        return
    is_plain = row.jwks_url.startswith("http:") and httpx.URL(row.jwks_url).host not in (
        "127.0.0.1",
        "localhost",
        "::1",
    )
    if is_plain:
        yield Check(
            name, LOOK, f"its keys come over http: {row.jwks_url}", "Who sits between can make tokens: take https."
        )
    else:
        yield Check(name, GOOD, f"{fit} of {len(rows)} keys are for {row.algorithm}")
    yield from _clock(response.headers.get("date", ""), leeway)


def _fitting(rows: Any, algorithm: str) -> int:
    kind = {"RS256": "RSA", "ES256": "EC"}.get(algorithm, "")
    return sum(isinstance(key, dict) and key.get("kty") == kind for key in rows) if isinstance(rows, list) else 0


def _clock(date: str, leeway: int) -> Iterator[Check]:
    try:
        apart = time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    # Its header has whole seconds, and an answer may be a second on its way.
    if abs(apart) > leeway + 2:
        side = "ahead of" if apart > 0 else "behind"
        yield Check(
            "clock",
            BAD,
            f"this one is {abs(apart):,.0f} s {side} the issuer's",
            "Set it by NTP: tokens are refused otherwise.",
        )
    else:
        yield Check("clock", GOOD, "as the issuer's")
