"""Passwords and client secrets: kept as Argon2id hashes (RFC 9106), compared without telling anything by time.

A hash is made to cost tens of milliseconds, so it is made in threads, a few at once, and the queue before them is short:
who comes after is told to try again, and the rest of the server does not notice a guesser. Users' passwords and clients'
secrets have threads and a queue each: who fills the one does not stand in the other's way. Half of a queue is the most that one
address can fill.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from runtime.errors import Unavailable
from runtime.http.neighbourhood import neighbourhood

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HashCost:
    """What one hash costs: memory in KiB and passes. The default is OWASP's least for Argon2id (about 50 ms)."""

    memory_kib: int = 19_456
    passes: int = 2


DEFAULT_COST: Final = HashCost()


class Passwords:
    """Makes and checks hashes. The cost counts for new hashes; an old one is checked at the cost it was made with."""

    def __init__(self, cost: HashCost = DEFAULT_COST, *, threads: int = 2, queue: int = 64) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="issuer-hash")
        self._room = threads + queue
        self._most_each = self._room // 2
        self._asking: Counter[str] = Counter()
        self._dummy = self._hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """A new hash, in the PHC string format."""
        return await self._run(lambda: self._hash(password))

    async def verify(self, password: str, hashed: str | None, ip: str = "") -> bool:
        """Whether the hash is of this password. No hash (nobody of that name) is False, after the same time.

        `Unavailable` where too many wait already, of all or of this address (IPv6: its /64).
        """
        asker = neighbourhood(ip)
        if asker and self._asking[asker] >= self._most_each:
            raise Unavailable("Too many passwords of this address are being checked.")
        self._asking[asker] += 1
        try:
            matches = await self._run(lambda: _matches(password, hashed or self._dummy))
        finally:
            self._asking[asker] -= 1
            if not self._asking[asker]:
                del self._asking[asker]
        return matches and bool(hashed)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _run(self, job: Callable[[], T]) -> T:
        if self._room <= 0:
            raise Unavailable("Too many passwords are being checked.")
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, job)
        finally:
            self._room += 1

    def _hash(self, password: str) -> str:
        argon2 = Argon2id(
            salt=os.urandom(16), length=32, iterations=self._cost.passes, lanes=1, memory_cost=self._cost.memory_kib
        )
        return argon2.derive_phc_encoded(password.encode())


class VerifiedSecrets:
    """Clients' secrets. It remembers which have been checked, so that only a client's first request pays for the hash.

    It holds no secret: an entry is an HMAC under a key that only this process has. An entry names the hash that the
    secret was checked against, so a client whose secret was changed is checked anew.
    """

    def __init__(self, passwords: Passwords, *, most: int = 1024) -> None:
        self._passwords = passwords
        self._most = most
        self._key = os.urandom(32)
        self._entries: OrderedDict[bytes, None] = OrderedDict()

    async def hash(self, secret: str) -> str:
        """As `Passwords.hash`."""
        return await self._passwords.hash(secret)

    def remembers(self, secret: str, hashed: str) -> bool:
        """Whether this very secret was right before. Costs no hash."""
        entry = self._entry(secret, hashed)
        if entry not in self._entries:
            return False
        self._entries.move_to_end(entry)
        return True

    async def verify(self, secret: str, hashed: str, ip: str = "") -> bool:
        """As `Passwords.verify`, and quick when this very secret was right before."""
        if self.remembers(secret, hashed):
            return True
        if not await self._passwords.verify(secret, hashed, ip):
            return False
        self._entries[self._entry(secret, hashed)] = None
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return True

    def _entry(self, secret: str, hashed: str) -> bytes:
        return hmac.digest(self._key, f"{hashed}\0".encode() + secret.encode(), hashlib.sha256)


def _matches(password: str, hashed: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed)
    except InvalidKey:
        return False
    return True
