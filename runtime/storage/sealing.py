"""Secrets, encrypted before any backend sees them: AES-256-GCM (NIST SP 800-38D) under one master key.

    sealed = version (1 byte) | key id (4) | nonce (12) | ciphertext | tag (16)

The key id says which key sealed a value, so that keys can rotate: a value of an older key that is known opens, one of another
key is named as such and not taken for damage. Version and key id are authenticated, and so is the context, the place where the value belongs: a
sealed value that is copied to another hook, name or tenant does not open there.

Nonces are random: NIST's bound for that is 2^32 values per key, which no operator types in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runtime.errors import HookdError
from runtime.model import Secrets

_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_PREFIX_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES

PROOF: Final = "the proof of the master key"
"""The context of a text that lies in each storage (`proof`). No secret's is like it: they have a slash in them."""


class Unsealable(HookdError):
    """A sealed value that does not open: another key, another context, or damage. `debug` says which, never the value."""

    def __init__(self, context: str, reason: str) -> None:
        super().__init__("A secret can not be opened.", debug=f"{context}: {reason}")


@dataclass(slots=True, kw_only=True)
class Resealed:
    """How many values were sealed anew, and which can not be opened: `context: why`."""

    count: int = 0
    broken: list[str] = field(default_factory=list)


def derive_key(master_key: bytes, purpose: str) -> bytes:
    """32 bytes for another purpose than sealing: HKDF (RFC 5869). From it nobody finds the master key or a sibling."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hookd " + purpose.encode()).derive(master_key)


class Sealer:
    """Seals under the first of these keys of 32 bytes, and opens what any of them sealed (`master_keys` reads them)."""

    def __init__(self, *keys: bytes) -> None:
        self._ciphers = {_prefix(key): AESGCM(key) for key in reversed(keys)}
        self._prefix = _prefix(keys[0])
        self._cipher = self._ciphers[self._prefix]

    @classmethod
    def derived(cls, keys: Iterable[bytes], purpose: str) -> Sealer:
        """One for another purpose, by `derive_key`."""
        return cls(*(derive_key(key, purpose) for key in keys))

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the first key sealed it, by what it says of itself."""
        return sealed.startswith(self._prefix)

    def seal(self, context: str, value: str) -> bytes:
        """The value, encrypted for this context only."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._prefix + nonce + self._cipher.encrypt(nonce, _encode(value), self._prefix + _encode(context))

    def open(self, context: str, sealed: bytes) -> str:
        """The value that was sealed for this context. `Unsealable`."""
        prefix, nonce, ciphertext = _split(sealed)
        if prefix[:1] != _VERSION:
            raise Unsealable(context, "it is not in a format that this version of hookd knows")
        cipher = self._ciphers.get(prefix)
        if cipher is None:
            raise Unsealable(context, f"it was sealed under key {prefix[1:].hex()}, this is {self._prefix[1:].hex()}")
        try:
            return _decode(cipher.decrypt(nonce, ciphertext, prefix + _encode(context)))
        except (InvalidTag, ValueError):
            raise Unsealable(context, "it was damaged, or moved from its place") from None

    def seal_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, str]) -> dict[str, bytes]:
        """A hook's secrets as storage takes them."""
        return {name: self.seal(secret_context(tenant, hook_id, name), value) for name, value in secrets.items()}

    def open_secrets(self, tenant: str, hook_id: str, sealed: Mapping[str, bytes]) -> Secrets:
        """A hook's secrets as the hook sees them. `Unsealable`."""
        return Secrets(
            {name: self.open(secret_context(tenant, hook_id, name), value) for name, value in sealed.items()}
        )

    def reseal_secret(self, tenant: str, hook_id: str, name: str, sealed: bytes) -> bytes:
        """A hook's secret, sealed anew. `Unsealable`."""
        context = secret_context(tenant, hook_id, name)
        return self.seal(context, self.open(context, sealed))


def _prefix(key: bytes) -> bytes:
    return _VERSION + sha256(b"hookd key id" + key).digest()[:_KEY_ID_BYTES]


def secret_context(tenant: str, hook_id: str, name: str) -> str:
    """Where a hook's secret belongs."""
    return f"{tenant}/{hook_id}/{name}"


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    body = _PREFIX_BYTES + _NONCE_BYTES
    return sealed[:_PREFIX_BYTES], sealed[_PREFIX_BYTES:body], sealed[body:]


def _encode(text: str) -> bytes:
    # Strict encoding would raise an error that carries the text.
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
