"""Webtask tokens: what sandboxjs wants each webtask to have (contract 3, "Two modes").

Rule: such a token carries no rights at all. It names a webtask, and only `/api/tokens/inspect` takes it, from a caller whose
own bearer token says what may be seen. Its header has no `typ`, so that sandboxjs takes it for one of the first kind.
"""

from __future__ import annotations

import contextlib
from typing import Final

import jwt

from runtime.errors import InvalidQuery
from runtime.model import Hook
from runtime.webtask.metadata import claims_of

TOKEN_CHARS: Final = 8_192
"""Longest token that is read."""

_ALGORITHM: Final = "HS256"


class WebtaskTokens:
    """Makes them with the first of these keys, and reads those of any. They are for this alone (`storage.sealing.derive_key`)."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = keys

    def issue(self, hook: Hook, url: str) -> str:
        """The webtask's token, the same as long as it lives under this address."""
        claims = {"jti": hook.id, "iat": int(hook.created_at), **basic_claims(hook), "url": url}
        return jwt.encode(claims, self._keys[0], _ALGORITHM, headers={"typ": None})

    def read(self, token: str) -> tuple[str, str]:
        """The container and the name of the webtask. `InvalidQuery` for what we did not sign."""
        for key in self._keys:
            with contextlib.suppress(jwt.InvalidTokenError, KeyError, RecursionError):
                claims = jwt.decode(token, key, [_ALGORITHM])
                return str(claims["ten"]), str(claims["jtn"])
        raise InvalidQuery("Query validation error: 'It is not a webtask's token' on property token.")


def basic_claims(hook: Hook) -> dict[str, object]:
    """The claims that token and inspection share, as sandboxjs names them (contract-full 6.1)."""
    kept = claims_of(hook)
    return {
        "ca": [],
        "ten": hook.tenant,
        "jtn": hook.name,
        "dd": 0,
        "dr": 1,
        **{name: kept[name] for name in ("pb", "mb") if name in kept},
    }
