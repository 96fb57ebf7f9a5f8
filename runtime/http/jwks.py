"""An issuer's public keys (RFC 7517), fetched when the first token needs them and again for a key that is not known.

Rule: no redirect is followed, one fetch runs at a time, and an unknown `kid` can not make us fetch more often than once
in `AGAIN_SECONDS`. Fetching late lets the issuer and the runtime be one process that is still starting.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import jwt
import orjson

from runtime.errors import Unavailable

log = logging.getLogger("hookd.auth")

AGAIN_SECONDS: Final = 30.0
"""Between two fetches for unknown keys."""

RETRY_SECONDS: Final = 1.0
"""Between two fetches while they fail."""

OLD_SECONDS: Final = 600.0
"""Keys are fetched anew after this, so that a withdrawn one stops working."""

FETCH_SECONDS: Final = 5.0
MAX_BYTES: Final = 262_144
MAX_KEYS: Final = 100
LEAST_RSA_BITS: Final = 2048

_KEY_TYPES: Final[Mapping[str, tuple[str, str | None]]] = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}


class KeySet:
    """The keys of one JWKS address that fit one algorithm. Times are of the monotonic clock."""

    def __init__(self, url: str, algorithm: str) -> None:
        self._url = url
        self._algorithm = algorithm
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of this id, or None when the issuer has none. Without an id, the only key when there is one only.

        `Unavailable` when the keys were never had.
        """
        if time.monotonic() - self._fetched_at > OLD_SECONDS or self._find(key_id) is None:
            await self._refresh()
        return self._find(key_id)

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    async def _refresh(self) -> None:
        asked_at = time.monotonic()
        async with self._lock:
            fetched = self._fetched_at
            wait = AGAIN_SECONDS if fetched >= self._tried_at else RETRY_SECONDS
            if self._tried_at + wait < asked_at:
                self._tried_at = time.monotonic()
                await self._try_fetch()
        if self._fetched_at == float("-inf"):
            raise Unavailable("The keys of the token's issuer can not be had now; try again.")

    async def _try_fetch(self) -> None:
        """Old keys stay when the fetch fails."""
        try:
            self._keys = _usable(await self._fetch(), self._algorithm)
            self._fetched_at = time.monotonic()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("The keys at %s could not be fetched: %r", self._url, error)

    async def _fetch(self) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS))
        async with self._session.get(
            self._url, allow_redirects=False, headers={"Accept": "application/json"}
        ) as answer:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            body = await answer.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and (more := await answer.content.read(MAX_BYTES)):
                body += more
        if len(body) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        return body


def _usable(document: bytes, algorithm: str) -> dict[str | None, jwt.PyJWK]:
    """The keys that may verify this algorithm, by id; `ValueError` when it is not a key set."""
    key_set = orjson.loads(document)
    rows = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(rows, list):
        raise ValueError("not a JWK set")  # noqa: TRY004 - a document's fault, not a caller's
    return {key.key_id: key for row in rows[:MAX_KEYS] if (key := _key(row, algorithm))}


def _key(row: Any, algorithm: str) -> jwt.PyJWK | None:
    kind, curve = _KEY_TYPES[algorithm]
    if not isinstance(row, dict) or row.get("kty") != kind or row.get("use", "sig") != "sig":
        return None
    if (
        not isinstance(row.get("kid"), str | None)
        or row.get("alg", algorithm) != algorithm
        or (curve and row.get("crv") != curve)
        or "d" in row
    ):
        return None
    try:
        key = jwt.PyJWK(row, algorithm=algorithm)
    except jwt.PyJWTError:
        return None
    return key if curve or key.key.key_size >= LEAST_RSA_BITS else None
