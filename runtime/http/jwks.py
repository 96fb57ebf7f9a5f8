"""An issuer's public keys (RFC 7517), fetched when the first token needs them and again and again while tokens come.

Rule: no redirect is followed, one fetch runs at a time, and an unknown `kid` can not make us fetch more often than once
in `AGAIN_SECONDS`. Fetching late lets the issuer and the runtime be one process that is still starting.

A key that the issuer withdraws stops working `OLD_SECONDS` later at most, as long as the issuer answers; and `KEPT_SECONDS`
later when it does not. Whoever has a known key waits for a fetch only when nobody has asked for `OLD_SECONDS`.
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
"""Between two fetches: for unknown keys, and in the background while tokens by known ones come."""

RETRY_SECONDS: Final = 1.0
"""Between two fetches while they fail."""

OLD_SECONDS: Final = 60.0
"""When the issuer was not asked for so long, a caller waits until it is: a key may be withdrawn."""

KEPT_SECONDS: Final = 3600.0
"""Without a fetch that succeeds, keys are good for so long."""

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
        self._era = 0
        self._under_way: asyncio.Task[None] | None = None
        self._fetches: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        fetches = list(self._fetches)
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def forget(self) -> None:
        """Ask the issuer before a key is used again: one was withdrawn just now. Should it not answer, they go on."""
        self._era += 1
        self._under_way = None
        self._tried_at = float("-inf")

    async def get(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of this id, or None when the issuer has none. Without an id, the only key when there is one only.

        `Unavailable` when the keys were never had, or not for `KEPT_SECONDS`.
        """
        if self._is_gone():
            self._keys, self._fetched_at = {}, float("-inf")
        if self._find(key_id) is None or time.monotonic() - self._tried_at > OLD_SECONDS:
            await self._refresh()
        elif self._is_due():
            self._start_fetch()
        return self._find(key_id)

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _is_gone(self) -> bool:
        return time.monotonic() - self._fetched_at > KEPT_SECONDS

    def _is_due(self) -> bool:
        """Whether to fetch now; not while a fetch is under way."""
        wait = AGAIN_SECONDS if self._fetched_at >= self._tried_at else RETRY_SECONDS
        return self._under_way is None and time.monotonic() - self._tried_at >= wait

    async def _refresh(self) -> None:
        """Wait for the fetch that is under way, or for a new one if it is time."""
        era = None
        while era != self._era:  # else what was under way counts no more
            era = self._era
            if self._is_due():
                self._start_fetch()
            if self._under_way is not None:
                await asyncio.shield(self._under_way)
        if self._is_gone():
            raise Unavailable("The keys of the token's issuer can not be had now; try again.")

    def _start_fetch(self) -> None:
        self._under_way = asyncio.create_task(self._try_fetch(self._era))
        self._fetches.add(self._under_way)
        self._under_way.add_done_callback(self._fetches.discard)

    async def _try_fetch(self, era: int) -> None:
        """Old keys stay when the fetch fails."""
        keys = None
        try:
            keys = _usable(await self._fetch(), self._algorithm)
        except Exception as error:  # noqa: BLE001 - in the background nobody else would hear of it, or try again
            log.warning("The keys at %s could not be fetched: %r", self._url, error)
        if era != self._era:
            return
        self._under_way = None
        self._tried_at = time.monotonic()
        if keys is not None:
            self._keys, self._fetched_at = keys, self._tried_at

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
        or not _may_verify(row.get("key_ops", ["verify"]))
    ):
        return None
    try:
        key = jwt.PyJWK(row, algorithm=algorithm)
    except jwt.PyJWTError:
        return None
    return key if curve or key.key.key_size >= LEAST_RSA_BITS else None


def _may_verify(operations: object) -> bool:
    """Whether a key's `key_ops` name verifying (RFC 7517 section 4.3)."""
    return isinstance(operations, list) and "verify" in operations
