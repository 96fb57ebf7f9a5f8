"""Whether a master key is a storage's own: a text that is known lies in it, sealed, which is the proof of it.

Who starts first with an empty storage puts the proof there; of two that do so at once with different keys one wins, and the
other is refused as whoever comes later. All keys of the file count, so that a key can be replaced in steps (`rotation`). A storage of
before there were proofs is known by its secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.errors import HookNotFound, SettingsError
from runtime.storage.base import Storage
from runtime.storage.sealing import PROOF, Sealer, Unsealable, secret_context

_TEXT: Final = "hookd"


async def require_key(storage: Storage, sealer: Sealer, key: str, name: str) -> None:
    """Nothing where the keys are the storage's, which has a proof afterwards. `SettingsError`, `Unavailable`.

    `key` says in messages where the keys come from, `name` is the storage's.
    """
    proof = await storage.get_proof()
    if proof is None:
        require_opened(await storage.some_secrets(), sealer, key, name)
        await storage.replace_proof(None, new_proof(sealer))
        proof = await storage.get_proof()  # another one's, where that was faster
    require_opened({} if proof is None else {PROOF: proof}, sealer, key, name)


def require_opened(sealed: Mapping[str, bytes], sealer: Sealer, key: str, name: str) -> None:
    """`SettingsError` where none of these values, by their contexts, can be opened, and there are some."""
    fault = ""
    for context, value in sealed.items():
        try:
            sealer.open(context, value)
        except Unsealable as error:
            fault = fault or error.debug
        else:
            return
    if fault:
        raise SettingsError(
            f"{key} is not that of the storage {name}: it opens nothing that is sealed there ({fault}). Put the key back that this "
            "storage was used with, or a backup of the storage that this key sealed. Where that key is lost for good: "
            "`hookd keys adopt`."
        )


def new_proof(sealer: Sealer) -> bytes:
    """One that the newest key has sealed."""
    return sealer.seal(PROOF, _TEXT)


async def adopt(storage: Storage, sealer: Sealer) -> list[str]:
    """Make the newest key the storage's, whatever it opens. Which secrets none of the keys opens, by their places. `Unavailable`."""
    await storage.replace_proof(await storage.get_proof(), new_proof(sealer))
    lost = set[str]()
    async for tenant, hook_id in storage.each_with_secrets():
        lost.update(await _lost(storage, sealer, tenant, hook_id))
    return sorted(lost)


async def _lost(storage: Storage, sealer: Sealer, tenant: str, hook_id: str) -> list[str]:
    lost = list[str]()
    try:
        sealed = await storage.get_secrets(tenant, hook_id)
    except HookNotFound:
        return lost
    for name, value in sealed.items():
        try:
            sealer.open_secrets(tenant, hook_id, {name: value})
        except Unsealable:
            lost.append(secret_context(tenant, hook_id, name))
    return lost
