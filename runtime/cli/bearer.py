"""What a bearer token says of itself. Not verified: only the server can, and only for display."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerClaims:
    """Whose, for what, until when (seconds since the epoch; 0 where it does not say)."""

    tenant: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: float = 0.0

    @property
    def expired(self) -> str:
        """How long ago it ended, in words; "" while it is good."""
        if not self.expires_at or self.expires_at > time.time():
            return ""
        return f"{duration(time.time() - self.expires_at)} ago"

    @property
    def lasts(self) -> str:
        """How long it is good, in words; "" where it does not say, or no longer."""
        left = self.expires_at - time.time()
        return duration(left) if left > 0 else ""


def read_claims(token: str) -> BearerClaims:
    """What a JWT says; nothing for what is none."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return BearerClaims(
            tenant=str(claims.get("ten", "")),
            scopes=tuple(str(claims.get("scope", "")).split()),
            expires_at=float(claims.get("exp", 0)),
        )
    except (IndexError, ValueError, AttributeError, TypeError):
        return BearerClaims()


def duration(seconds: float) -> str:
    """`4 minutes`, `1 hour`, `30 days`."""
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        count = int(seconds // size)
        if count:
            return f"{count} {noun}{'' if count == 1 else 's'}"
    return "0 seconds"
