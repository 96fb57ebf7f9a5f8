"""Signing keys at rest: private halves sealed under the master keys, each for its own `kid`.

    private_pem = "sealed:" + base64 of what `storage.sealing` makes of the PEM

Rules:
- The public half is never sealed: the JWKS needs no master key.
- A private half that is swapped for another key's, or changed, does not open.
- Where there is no master key, a private half is kept as it is: a token server may run on a machine that has none. It says so at
  its start. What was sealed once is never replaced by something plain: without its key there is no start.
- The file of the master keys is read again before something is sealed, and where something does not open. So a token server that
  reads the file itself goes on while `hookd keys rotate` replaces the keys.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from runtime.errors import SettingsError
from runtime.issuer.records import SigningKey
from runtime.issuer.store import SigningKeys
from runtime.storage.sealing import Sealer, Unsealable

MasterKeys: TypeAlias = Callable[[], Sequence[bytes]]
"""Gives the master keys as they are now, 32 bytes each: the first seals, all open. None, where there is none. `SettingsError`."""

_PURPOSE: Final = "signing keys"
_MARK: Final = "sealed:"


class KeySealer:
    """Seals signing keys under the master keys as they are now. `SettingsError` where these can not be read."""

    def __init__(self, master: MasterKeys) -> None:
        self._master = master
        self._known: tuple[bytes, ...] = ()
        self._sealer: Sealer | None = None
        self.renew()

    @property
    def has_key(self) -> bool:
        """Whether there is a master key at all."""
        return self._sealer is not None

    def renew(self) -> None:
        """Read the master keys again. `SettingsError`, and then they are as before."""
        # What was known is not forgotten: this process may have sealed with a key a moment before that was taken away.
        known = tuple(dict.fromkeys((*self._master(), *self._known)))
        if known != self._known:
            self._known, self._sealer = known, Sealer.derived(known, _PURPOSE)

    def is_settled(self, key: SigningKey) -> bool:
        """Whether nothing is to be done: no private half, one that the newest master key sealed, or no master key to seal it."""
        if not key.private_pem or self._sealer is None:
            return True
        return is_sealed(key) and self._sealer.is_newest(_bytes(key))

    def settled(self, key: SigningKey) -> SigningKey:
        """The key as it is to be kept. `Unsealable`."""
        if self._sealer is None or self.is_settled(key):
            return key
        sealed = self._sealer.seal(_context(key), self._opened(key))
        return replace(key, private_pem=_MARK + base64.b64encode(sealed).decode())

    def open(self, key: SigningKey) -> str:
        """The private half, a PEM. `Unsealable`; `SettingsError` where the master keys can not be read any more."""
        try:
            return self._opened(key)
        except Unsealable:
            self.renew()
            return self._opened(key)

    def require(self, keys: Iterable[SigningKey]) -> None:
        """`SettingsError` where a private half does not open, so that no key is made in its place."""
        try:
            for key in keys:
                self.open(key)
        except Unsealable as error:
            remedy = "Name the master key that sealed them in [storage] master_key_file, or master_key"
            raise SettingsError(
                f"The token server's signing keys can not be opened: {error.debug}. {remedy}; newer ones may stand before it."
            ) from None

    def _opened(self, key: SigningKey) -> str:
        if not is_sealed(key):
            return key.private_pem
        if self._sealer is None:
            raise Unsealable(_context(key), "it is sealed, and there is no master key")
        return self._sealer.open(_context(key), _bytes(key))


def is_sealed(key: SigningKey) -> bool:
    """Whether its private half is sealed, under whatever key."""
    return key.private_pem.startswith(_MARK)


async def settle(store: SigningKeys, sealer: KeySealer, keys: list[SigningKey]) -> list[SigningKey]:
    """Seal in one step what of these keys is plain, or under an older master key; the keys as they are then kept.

    Several may do so at once: whoever comes second finds it done. `Unsealable`, `SettingsError`, `Unavailable`.
    """
    sealer.renew()
    while not all(sealer.is_settled(key) for key in keys):
        keys = await store.change(lambda present: [sealer.settled(key) for key in present])
        # Between our look at the master key and our write another may have taken its place, and all else be sealed anew.
        sealer.renew()
    return keys


def _context(key: SigningKey) -> str:
    return f"signing key {key.kid}"


def _bytes(key: SigningKey) -> bytes:
    try:
        return base64.b64decode(key.private_pem.removeprefix(_MARK), validate=True)
    except (binascii.Error, ValueError):
        return b""
