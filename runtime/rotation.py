"""Seals anew what older master keys sealed, while others read and write it.

Rule: what is sealed under the newest key is left alone, and a value is replaced only where it still is what was read. So it
may be interrupted anywhere and run again, and takes back nothing that somebody else writes meanwhile.

Hooks' secrets are sealed anew, and the proof of the master key (`proof`); the token server's signing keys are its own matter (`issuer/resealing`). What Actions cache is not: it lives for a day at most, and they can do without. Sessions of the
dashboard and webtasks' tokens are not stored.
"""

from __future__ import annotations

from runtime.errors import HookNotFound
from runtime.proof import new_proof
from runtime.storage.base import Storage
from runtime.storage.sealing import PROOF, Resealed, Sealer, Unsealable


async def reseal(storage: Storage, sealer: Sealer) -> Resealed:
    """Seal anew until nothing is left that another key than the newest sealed. `Unavailable`."""
    done = Resealed()
    while True:
        before = done.count
        done.broken.clear()
        async for tenant, hook_id in storage.each_with_secrets():
            await _reseal_hook(storage, sealer, tenant, hook_id, done)
        if done.count == before:
            await _reseal_proof(storage, sealer, done)
            return done


async def _reseal_proof(storage: Storage, sealer: Sealer, done: Resealed) -> None:
    """Last, so that who knows the old key only is refused when nothing is left for it."""
    while (proof := await storage.get_proof()) is not None and not sealer.is_newest(proof):
        try:
            sealer.open(PROOF, proof)
        except Unsealable as error:
            done.broken.append(error.debug)
            return
        await storage.replace_proof(proof, new_proof(sealer))


async def _reseal_hook(storage: Storage, sealer: Sealer, tenant: str, hook_id: str, done: Resealed) -> None:
    try:
        sealed = await storage.get_secrets(tenant, hook_id)
    except HookNotFound:
        return
    anew: dict[str, tuple[bytes, bytes]] = {}
    for name, value in sealed.items():
        try:
            if not sealer.is_newest(value):
                anew[name] = value, sealer.reseal_secret(tenant, hook_id, name, value)
        except Unsealable as error:
            done.broken.append(error.debug)
    if anew:
        await storage.replace_secrets(tenant, hook_id, anew)
        done.count += len(anew)
