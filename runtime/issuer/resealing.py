"""Seals the token server's signing keys anew, under the newest master key: its part of `hookd keys rotate`.

What lies there plain stays plain: the token server itself seals it, when it starts with a master key. It may run without one.
"""

from __future__ import annotations

from collections.abc import Sequence

from runtime.issuer.opening import look_at_store, open_store
from runtime.issuer.records import SigningKey
from runtime.issuer.sealing import KeySealer, is_sealed
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.storage.sealing import Resealed, Unsealable


async def reseal(settings: IssuerSettings, keys: Sequence[bytes]) -> Resealed:
    """Seal anew in one step; nothing where no token server ever ran. `SettingsError`, `Unavailable`."""
    done, sealer = Resealed(), KeySealer(lambda: keys)
    if await look_at_store(settings) is None:
        return done

    def again(key: SigningKey) -> SigningKey:
        if not is_sealed(key) or sealer.is_settled(key):
            return key
        try:
            anew = sealer.settled(key)
        except Unsealable as error:
            done.broken.append(error.debug)
            return key
        done.count += 1
        return anew

    def edit(present: list[SigningKey]) -> list[SigningKey]:
        done.count, done.broken = 0, []
        return [again(key) for key in present]

    store = await open_store(settings)
    try:
        await store.signing_keys.change(edit)
    finally:
        await store.close()
    return done
